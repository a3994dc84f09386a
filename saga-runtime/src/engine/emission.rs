//! What a step emits: each message with an id of its own, derived from the message that led to it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    Emission, Failure, Outlet,
    book::{Open, Waiting},
    step::Step,
};
use crate::{
    codec::Payload,
    dead_letter::Reason,
    envelope::{Address, Envelope, InstanceAddress, MessageId},
    message::MessageKind,
    telemetry,
};

impl Step<'_> {
    pub(super) fn check_size(&self, payload: &Payload) -> Result<(), Failure> {
        let limit = self.engine.limits.body_bytes;
        if payload.body.len() <= limit {
            return Ok(());
        }
        let text = format!(
            "it emits `{}` of {} bytes; the limit is {limit}",
            payload.info.name,
            payload.body.len()
        );
        Err(Failure::new(Reason::OverLimit, text))
    }

    pub(super) fn send(&mut self, payload: &Payload) {
        let awaits = payload.info.wants_reply();
        let reply_to = awaits.then(|| self.engine.address(self.instance));
        let queue = payload.info.endpoint.unwrap_or_default().into();
        let id = self.emit(Outlet::Queue(queue), payload, reply_to, None);
        self.strike(payload.info.name);
        if awaits {
            let command: Arc<str> = payload.info.name.into();
            let book = &mut self.instance.book;
            book.arrivals
                .retain(|arrival| arrival.command.as_ref() != Some(&command));
            book.open.push(Open { id, command });
        }
    }

    /// A step whose compensation is sent by hand is not undone again.
    fn strike(&mut self, command: &str) {
        if self.undoing.is_some() || self.instance.book.steps.is_empty() {
            return;
        }
        let undos: Vec<usize> = self
            .engine
            .routes
            .undone_by(command, self.engine.definition)
            .collect();
        let routes = &self.engine.routes;
        let steps = &mut self.instance.book.steps;
        let struck = steps.iter().rposition(|step| {
            routes
                .undo(&step.message.name, step.command.as_deref())
                .is_some_and(|undo| undos.contains(&undo))
        });
        if let Some(struck) = struck {
            steps.remove(struck);
        }
    }

    pub(super) fn publish(&mut self, payload: &Payload) {
        self.emit(Outlet::Subscribers, payload, None, None);
    }

    /// Emits an answer to one sender that waits.
    pub(super) fn emit_answer(&mut self, payload: &Payload, waiting: &Waiting) {
        let queue = Arc::clone(&waiting.reply_to.queue);
        let to = waiting.reply_to.instance.clone();
        self.emit(Outlet::Queue(queue), payload, None, Some((waiting.request, to)));
    }

    fn emit(
        &mut self,
        to: Outlet,
        payload: &Payload,
        reply_to: Option<Address>,
        answers: Option<(MessageId, Option<InstanceAddress>)>,
    ) -> MessageId {
        let id = MessageId::derived(
            self.cause.id,
            &self.engine.name,
            self.instance.incarnation,
            self.position,
        );
        self.position += 1;
        let mut envelope = envelope(id, payload, self.cause, self.now);
        envelope.reply_to = reply_to;
        if let Some((request, instance)) = answers {
            envelope.in_reply_to = Some(request);
            envelope.to = instance;
        }
        if let Some(keys) = self
            .undoing
            .as_mut()
            .filter(|_| payload.info.kind == MessageKind::Command)
        {
            let key = keys.next(&self.engine.name, self.instance.incarnation);
            envelope
                .headers
                .insert(crate::context::IDEMPOTENCY_KEY.into(), key.to_string());
        }
        self.out.push(Emission {
            to,
            envelope: Arc::new(envelope),
        });
        id
    }
}

/// A new envelope for `payload`, caused by `cause`.
pub(super) fn envelope(id: MessageId, payload: &Payload, cause: &Envelope, now: Timestamp) -> Envelope {
    Envelope {
        id,
        kind: payload.info.kind,
        name: payload.info.name.into(),
        version: payload.info.version,
        content_type: payload.content_type,
        created_at: now,
        conversation: cause.conversation,
        caused_by: Some(cause.id),
        reply_to: None,
        in_reply_to: None,
        to: None,
        traceparent: telemetry::child_of(cause.traceparent.as_deref(), id),
        headers: BTreeMap::new(),
        body: payload.body.clone(),
    }
}
