//! What a system is made of, to the explorer: sagas on their engines, services by their handlers or by what they declare.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{property::Property, values};
use crate::{
    HandlerError,
    codec::Codec,
    context::Context,
    definition::{Definition, ServiceDefinition, Verb},
    effects::Effects,
    engine::{Emission, Engine, replies_queue, served, taken_messages},
    envelope::{Envelope, MessageId},
    message::{MessageInfo, MessageKind},
};

/// How a service's handler is run; `Err`: it failed, in words.
type Handler = Box<dyn Fn(usize, &Context) -> Result<Effects, String>>;
/// The answers that a command may be given.
type Generator = Box<dyn Fn(&Envelope) -> Result<Vec<Answer>, HandlerError>>;

/// One answer that a command may be given.
#[derive(Clone, Debug)]
pub(in crate::testing) struct Answer {
    pub(in crate::testing) info: &'static MessageInfo,
    pub(in crate::testing) body: Bytes,
}

/// A saga of the system.
pub(in crate::testing) struct SagaPart {
    pub(in crate::testing) engine: Engine,
    /// The saga's type, without the path to it.
    pub(in crate::testing) ty: &'static str,
    pub(in crate::testing) replies: Arc<str>,
    pub(in crate::testing) takes: Vec<&'static MessageInfo>,
    pub(in crate::testing) properties: Vec<Property>,
}

/// A service of the system whose own handlers are run.
pub(in crate::testing) struct ServicePart {
    pub(in crate::testing) definition: &'static ServiceDefinition,
    pub(in crate::testing) handler: Handler,
}

/// Everything there is.
#[derive(Default)]
pub(in crate::testing) struct Parts {
    pub(in crate::testing) sagas: Vec<SagaPart>,
    pub(in crate::testing) services: Vec<ServicePart>,
    /// By the command's name.
    pub(in crate::testing) generators: BTreeMap<&'static str, Generator>,
    /// By the reply's name.
    pub(in crate::testing) values: BTreeMap<&'static str, Vec<Answer>>,
}

impl SagaPart {
    pub(in crate::testing) fn new(engine: Engine, ty: &'static str) -> Self {
        let definition = engine.definition();
        Self {
            replies: replies_queue(definition.endpoint),
            takes: taken_messages(definition),
            properties: Vec::new(),
            ty,
            engine,
        }
    }

    pub(in crate::testing) fn definition(&self) -> &'static Definition {
        self.engine.definition()
    }

    /// Whether it takes a command or event of this name from its endpoint.
    fn hears(&self, name: &str) -> bool {
        let mut takes = self.takes.iter();
        takes.any(|message| message.kind != MessageKind::Reply && *message.name == *name)
    }
}

/// Who takes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::testing) enum Taker {
    Saga(usize),
    Service(usize),
    /// Nobody here: it is answered with what it declares.
    Declared,
}

impl Parts {
    /// Who takes a command; `None`: its endpoint is served here, but not this message.
    pub(in crate::testing) fn taker(&self, endpoint: &str, name: &str) -> Option<Taker> {
        let saga = self
            .sagas
            .iter()
            .position(|saga| saga.definition().endpoint == endpoint && saga.hears(name));
        let service = self.services.iter().position(|service| {
            service.definition.endpoint == endpoint && service.handler_of(name).is_some()
        });
        match (saga, service) {
            (Some(saga), _) => Some(Taker::Saga(saga)),
            (None, Some(service)) => Some(Taker::Service(service)),
            (None, None) if self.serves(endpoint) => None,
            (None, None) => Some(Taker::Declared),
        }
    }

    /// Whether a service of this endpoint is here. A saga alone does not count: others may serve its endpoint too.
    fn serves(&self, endpoint: &str) -> bool {
        self.services
            .iter()
            .any(|service| service.definition.endpoint == endpoint)
    }

    /// Who takes an event.
    pub(in crate::testing) fn subscribers(&self, name: &str) -> Vec<Taker> {
        let sagas = (0..).zip(&self.sagas).filter(|(_, saga)| saga.hears(name));
        let services = (0..)
            .zip(&self.services)
            .filter(|(_, service)| service.handler_of(name).is_some());
        let sagas = sagas.map(|(index, _)| Taker::Saga(index));
        sagas
            .chain(services.map(|(index, _)| Taker::Service(index)))
            .collect()
    }

    pub(in crate::testing) fn saga_named(&self, name: &str) -> Option<usize> {
        self.sagas.iter().position(|saga| **saga.engine.name() == *name)
    }

    /// A command that some saga here sends.
    pub(in crate::testing) fn sent(&self, name: &str) -> Option<&'static MessageInfo> {
        self.sagas.iter().find_map(|saga| saga.engine.sent(name))
    }

    /// What is known of a message of this name.
    pub(in crate::testing) fn info(&self, name: &str) -> Option<&'static MessageInfo> {
        let taken = self.sagas.iter().flat_map(|saga| saga.takes.iter().copied());
        taken
            .into_iter()
            .find(|message| *message.name == *name)
            .or_else(|| self.sent(name))
    }

    /// For each reply that some command may be answered with here and that has no value: what to do about it.
    pub(in crate::testing) fn missing_values(&self) -> Vec<String> {
        let clauses = self.sagas.iter().flat_map(|saga| saga.definition().clauses);
        let effects = clauses
            .flat_map(|clause| clause.branches)
            .flat_map(|branch| branch.effects);
        let sent = effects
            .filter(|effect| effect.verb == Verb::Send)
            .map(|effect| effect.message);
        let declared = sent.filter(|command| {
            let taker = self.taker(command.endpoint.unwrap_or_default(), command.name);
            taker == Some(Taker::Declared) && !self.generators.contains_key(command.name)
        });
        let replies = declared.flat_map(|command| command.replies);
        let mut missing: Vec<String> = replies
            .filter_map(|reply| self.values_of(reply.message).err())
            .collect();
        missing.sort();
        missing.dedup();
        missing
    }

    /// Every answer that a command may be given.
    pub(in crate::testing) fn answers(&self, command: &Envelope) -> Result<Vec<Answer>, String> {
        if let Some(generator) = self.generators.get(&*command.name) {
            return generator(command).map_err(|error| error.to_string());
        }
        let replies = self.sent(&command.name).map_or(&[][..], |info| info.replies);
        let each = replies.iter().map(|reply| self.values_of(reply.message));
        let each: Result<Vec<_>, String> = each.collect();
        Ok(each?.into_iter().flatten().collect())
    }

    fn values_of(&self, reply: &'static MessageInfo) -> Result<Vec<Answer>, String> {
        if let Some(given) = self.values.get(reply.name) {
            return Ok(given.clone());
        }
        match values::plain(reply) {
            Some(body) => Ok(vec![Answer { info: reply, body }]),
            None => Err(format!(
                "what a `{}` looks like cannot be told from its fields: give one, `.reply({} {{ .. }})`",
                reply.name, reply.name
            )),
        }
    }
}

impl ServicePart {
    pub(in crate::testing) fn handler_of(&self, name: &str) -> Option<usize> {
        let handlers = self.definition.handlers;
        handlers.iter().position(|handler| *handler.message.name == *name)
    }

    /// What it makes of a message.
    pub(in crate::testing) fn serve(&self, cause: &Arc<Envelope>) -> Result<Vec<Emission>, String> {
        let Some(handler) = self.handler_of(&cause.name) else {
            return Ok(Vec::new());
        };
        let context = Context {
            now: cause.created_at,
            envelope: Arc::clone(cause),
            key: None,
            attempt: 0,
            codec: Codec::Json,
            // There is no database here: what is joined is not done.
            joined: Some(Arc::default()),
        };
        let effects = (self.handler)(handler, &context)?;
        Ok(served(self.definition.name, cause, effects, cause.created_at))
    }
}

/// The answer as a message to whoever sent the command.
pub(in crate::testing) fn reply(
    command: &Envelope,
    variant: u16,
    answer: &Answer,
    now: jiff::Timestamp,
) -> Option<Envelope> {
    let reply_to = command.reply_to.as_ref()?;
    let id = MessageId::derived(command.id, "declared", 0, u32::from(variant));
    Some(Envelope {
        id,
        kind: answer.info.kind,
        name: answer.info.name.into(),
        version: answer.info.version,
        content_type: Codec::Json,
        created_at: now,
        conversation: command.conversation,
        caused_by: Some(command.id),
        reply_to: None,
        in_reply_to: Some(command.id),
        to: reply_to.instance.clone(),
        traceparent: None,
        headers: BTreeMap::new(),
        body: answer.body.clone(),
    })
}
