//! Who takes what: queues, the sagas and services behind them, and the events they subscribed to.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    Error, ErrorKind,
    definition::ServiceDefinition,
    engine::{Engine, faults, internal_messages, is_internal, replies_queue, taken_messages},
    envelope::Envelope,
    hash::HashMap,
    message::{MessageInfo, MessageKind},
    retry::RetryPolicy,
    service::Service,
    store::{Catalog, KnownMessage, Subscription},
};

use super::options::{SagaOptions, ServiceOptions};

/// A saga or service of this process.
pub(crate) struct Consumer {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) retry: RetryPolicy,
    endpoint: Arc<str>,
    /// The messages it knows, in order of their names.
    takes: Vec<&'static MessageInfo>,
}

/// What stands behind a consumer.
pub(crate) enum Kind {
    Saga(Arc<Engine>),
    Service(Arc<ServiceSlot>),
}

/// A service and its bound.
pub(crate) struct ServiceSlot {
    pub(crate) service: Arc<dyn AnyService>,
    pub(crate) concurrency: usize,
    /// Held while a message that a dead process had in hand is tried again, alone.
    pub(crate) careful: tokio::sync::Mutex<()>,
}

/// A service whose type the lane does not know.
pub(crate) trait AnyService: Send + Sync {
    fn definition(&self) -> &'static ServiceDefinition;
    fn handle<'a>(
        &'a self,
        handler: usize,
        input: crate::input::Input<'a>,
    ) -> crate::service::BoxFuture<'a, Result<crate::effects::Effects, crate::ServiceError>>;
}

impl<S: Service> AnyService for S {
    fn definition(&self) -> &'static ServiceDefinition {
        S::DEFINITION
    }

    fn handle<'a>(
        &'a self,
        handler: usize,
        input: crate::input::Input<'a>,
    ) -> crate::service::BoxFuture<'a, Result<crate::effects::Effects, crate::ServiceError>> {
        Service::handle(self, handler, input)
    }
}

impl Consumer {
    pub(crate) fn saga(engine: Engine, options: SagaOptions) -> Self {
        let definition = engine.definition();
        Self {
            name: Arc::clone(engine.name()),
            retry: options.retry,
            endpoint: definition.endpoint.into(),
            takes: taken_messages(definition),
            kind: Kind::Saga(Arc::new(engine)),
        }
    }

    pub(crate) fn service(service: impl Service, options: ServiceOptions) -> Self {
        let definition = AnyService::definition(&service);
        Self {
            name: definition.name.into(),
            retry: options.retry,
            endpoint: definition.endpoint.into(),
            takes: handled_messages(definition),
            kind: Kind::Service(Arc::new(ServiceSlot {
                service: Arc::new(service),
                concurrency: options.concurrency.max(1),
                careful: tokio::sync::Mutex::default(),
            })),
        }
    }

    /// What the store is told of it.
    fn catalog(&self) -> Catalog {
        let events = self
            .takes
            .iter()
            .filter(|message| message.kind == MessageKind::Event);
        let subscriptions = events.map(|event| Subscription {
            event: event.name.into(),
            queue: Arc::clone(&self.endpoint),
        });
        let messages = self.takes.iter().map(|message| {
            let queue = match message.kind {
                MessageKind::Reply => replies_queue(&self.endpoint),
                MessageKind::Command | MessageKind::Event => Arc::clone(&self.endpoint),
            };
            self.knows(message.name.into(), message.version, queue)
        });
        let mut catalog = Catalog {
            messages: messages.collect(),
            subscriptions: subscriptions.collect(),
            ..Catalog::default()
        };
        if let Kind::Saga(engine) = &self.kind {
            catalog.sagas.push(engine.known());
            let internal = internal_messages(engine.definition());
            catalog
                .messages
                .extend(internal.map(|name| self.knows(name, 1, replies_queue(&self.endpoint))));
        }
        catalog
    }

    fn knows(&self, name: Arc<str>, version: u32, queue: Arc<str>) -> KnownMessage {
        KnownMessage {
            name,
            version,
            queue,
            consumer: Arc::clone(&self.name),
        }
    }
}

/// A consumer's share of one queue.
pub(crate) struct Source {
    pub(crate) queue: Arc<str>,
    /// An index into [`Routing::consumers`]; `None` for what is not assigned yet.
    pub(crate) consumer: Option<usize>,
    /// The store holds messages for it that this node has not claimed.
    behind: AtomicBool,
}

impl Source {
    fn new(queue: Arc<str>, consumer: Option<usize>) -> Self {
        // Whatever an earlier process left is waiting.
        Self {
            queue,
            consumer,
            behind: AtomicBool::new(true),
        }
    }

    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    pub(crate) fn set_behind(&self, behind: bool) {
        self.behind.store(behind, Ordering::Release);
    }
}

/// The routing table of this process.
pub(crate) struct Routing {
    pub(crate) consumers: Vec<Consumer>,
    pub(crate) sources: Vec<Source>,
    /// Sources by queue and message name.
    by_message: HashMap<Arc<str>, HashMap<&'static str, Vec<usize>>>,
    /// The reply source of each saga.
    by_saga: HashMap<Arc<str>, usize>,
    subscriptions: RwLock<HashMap<Arc<str>, Vec<Arc<str>>>>,
}

impl Routing {
    /// The table, or everything that is wrong with it.
    pub(crate) fn new(consumers: Vec<Consumer>) -> Result<Self, Vec<Error>> {
        let faults = set_up_faults(&consumers);
        if !faults.is_empty() {
            return Err(faults
                .into_iter()
                .map(|fault| Error::new(ErrorKind::Setup, fault))
                .collect());
        }
        let mut routing = Self {
            consumers: Vec::new(),
            sources: Vec::new(),
            by_message: HashMap::default(),
            by_saga: HashMap::default(),
            subscriptions: RwLock::default(),
        };
        for (index, consumer) in consumers.iter().enumerate() {
            routing.add(index, consumer);
        }
        routing.consumers = consumers;
        Ok(routing)
    }

    fn add(&mut self, index: usize, consumer: &Consumer) {
        let source = self.add_source(&consumer.endpoint, Some(index));
        let queue = self.by_message.entry(Arc::clone(&consumer.endpoint)).or_default();
        for message in &consumer.takes {
            if message.kind != MessageKind::Reply {
                queue.entry(message.name).or_default().push(source);
            }
        }
        if let Kind::Saga(_) = consumer.kind {
            let replies = replies_queue(&consumer.endpoint);
            self.by_message.entry(Arc::clone(&replies)).or_default();
            let source = self.add_source(&replies, Some(index));
            self.by_saga.insert(Arc::clone(&consumer.name), source);
        }
    }

    /// Takes what comes for the callers of this process, which no consumer does.
    pub(crate) fn listen(&mut self, queue: &Arc<str>) {
        self.sources.push(Source::new(Arc::clone(queue), None));
    }

    fn add_source(&mut self, queue: &Arc<str>, consumer: Option<usize>) -> usize {
        if !self.sources.iter().any(|source| source.queue == *queue) {
            self.sources.push(Source::new(Arc::clone(queue), None));
        }
        self.sources.push(Source::new(Arc::clone(queue), consumer));
        self.sources.len() - 1
    }

    /// The store may hold messages for any source.
    pub(crate) fn ask_all(&self) {
        for source in &self.sources {
            source.set_behind(true);
        }
    }

    /// The consumers of `envelope` behind `queue`; none if the queue is not served here or nobody takes it.
    pub(crate) fn sources_of(&self, queue: &str, envelope: &Envelope) -> &[usize] {
        if let Some(to) = &envelope.to {
            let source = self.by_saga.get(&to.saga);
            return source
                .filter(|&&source| *self.sources[source].queue == *queue && self.knows(source, envelope))
                .map_or(&[], std::slice::from_ref);
        }
        let here = self
            .by_message
            .get(queue)
            .and_then(|queue| queue.get(&*envelope.name));
        here.map_or(&[], Vec::as_slice)
    }

    /// Whether the consumer of a source can read messages of this type and version: a newer build's may have been
    /// assigned to it.
    pub(crate) fn knows(&self, source: usize, envelope: &Envelope) -> bool {
        is_internal(envelope)
            || self.consumer_of(source).is_some_and(|consumer| {
                let name = |message: &&MessageInfo| message.name.cmp(&envelope.name);
                let known = consumer.takes.binary_search_by(name);
                known.is_ok_and(|index| consumer.takes[index].version >= envelope.version)
            })
    }

    /// The source of what is in `queue` and not assigned.
    pub(crate) fn unassigned(&self, queue: &str) -> Option<&Source> {
        self.sources
            .iter()
            .find(|source| source.consumer.is_none() && *source.queue == *queue)
    }

    /// The source of what is in `queue` for the consumer of this name.
    pub(crate) fn source_named(&self, queue: &str, consumer: &str) -> Option<usize> {
        self.sources.iter().position(|source| {
            *source.queue == *queue
                && source
                    .consumer
                    .is_some_and(|index| *self.consumers[index].name == *consumer)
        })
    }

    pub(crate) fn engine(&self, saga: &str) -> Option<&Arc<Engine>> {
        self.consumers.iter().find_map(|consumer| match &consumer.kind {
            Kind::Saga(engine) if *consumer.name == *saga => Some(engine),
            _ => None,
        })
    }

    /// The endpoint of each saga.
    pub(crate) fn saga_endpoints(&self) -> BTreeMap<String, String> {
        let sagas = self
            .consumers
            .iter()
            .filter(|consumer| matches!(consumer.kind, Kind::Saga(_)));
        sagas
            .map(|saga| (saga.name.to_string(), saga.endpoint.to_string()))
            .collect()
    }

    pub(crate) fn consumer_of(&self, source: usize) -> Option<&Consumer> {
        self.sources[source].consumer.map(|index| &self.consumers[index])
    }

    /// The queues that get an event.
    pub(crate) fn subscribers(&self, event: &str) -> Vec<Arc<str>> {
        let subscriptions = self.subscriptions.read().unwrap_or_else(PoisonError::into_inner);
        subscriptions.get(event).cloned().unwrap_or_default()
    }

    pub(crate) fn subscribe(&self, all: &[Subscription]) {
        let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        for subscription in all {
            let queues = subscriptions.entry(Arc::clone(&subscription.event)).or_default();
            if !queues.contains(&subscription.queue) {
                queues.push(Arc::clone(&subscription.queue));
            }
        }
    }

    /// What the store is told of this build.
    pub(crate) fn catalog(&self) -> Catalog {
        let mut catalog = Catalog {
            queues: self.by_message.keys().cloned().collect(),
            ..Catalog::default()
        };
        catalog.queues.sort();
        for consumer in &self.consumers {
            catalog.extend(&consumer.catalog());
        }
        catalog
    }
}

/// The messages a service takes, in order of their names.
fn handled_messages(definition: &ServiceDefinition) -> Vec<&'static MessageInfo> {
    let mut messages: Vec<_> = definition
        .handlers
        .iter()
        .map(|handler| handler.message)
        .collect();
    messages.sort_by_key(|message| message.name);
    messages
}

/// Everything that contradicts itself, in words.
fn set_up_faults(consumers: &[Consumer]) -> Vec<String> {
    let mut found = Vec::new();
    let mut names: HashMap<&str, usize> = HashMap::default();
    let mut commands: HashMap<(&str, &str), &str> = HashMap::default();
    for consumer in consumers {
        *names.entry(&consumer.name).or_default() += 1;
        if let Kind::Saga(engine) = &consumer.kind {
            found.extend(faults(engine.definition()));
        }
        for message in consumer
            .takes
            .iter()
            .filter(|message| message.kind == MessageKind::Command)
        {
            let taken = commands.insert((&consumer.endpoint, message.name), &consumer.name);
            if let Some(other) = taken {
                found.push(format!(
                    "command `{}` at endpoint `{}` is taken by `{other}` and by `{}`; a command has one handler",
                    message.name, consumer.endpoint, consumer.name
                ));
            }
        }
    }
    let twice = names.into_iter().filter(|(_, count)| *count > 1);
    found.extend(twice.map(|(name, _)| {
        format!("two sagas or services are named `{name}`; set `name = \"..\"` on one, its messages are recorded under it")
    }));
    found.sort();
    found
}
