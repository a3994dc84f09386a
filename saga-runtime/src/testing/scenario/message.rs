//! The messages that a scenario says, and who says them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use uuid::Uuid;

use super::{CALLER, Scenario, given::UNNAMED};
use crate::{
    HandlerError,
    codec::{Codec, Payload},
    engine::{Outlet, RETRY},
    envelope::{Address, Envelope, MessageId},
    message::{Message, MessageKind},
    saga::Saga,
    store::{Found, InstanceId},
};

impl<S: Saga> Scenario<S> {
    #[track_caller]
    pub(super) fn envelope<M: Message>(&mut self, message: &M) -> Envelope {
        let payload = self.written(Payload::of(message, self.engine.codec()));
        self.of_payload(&payload)
    }

    #[track_caller]
    pub(super) fn written(&self, payload: Result<Payload, HandlerError>) -> Payload {
        match payload {
            Ok(payload) => payload,
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) fn of_payload(&mut self, payload: &Payload) -> Envelope {
        let mut envelope = self.blank(payload.info.kind, payload.info.name);
        envelope.version = payload.info.version;
        envelope.content_type = payload.content_type;
        envelope.body = payload.body.clone();
        envelope
    }

    pub(super) fn blank(&mut self, kind: MessageKind, name: &str) -> Envelope {
        self.made += 1;
        let id = MessageId(Uuid::from_u128(u128::from(self.made)));
        Envelope {
            id,
            kind,
            name: name.into(),
            version: 1,
            content_type: Codec::Json,
            created_at: self.now,
            conversation: id,
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: None,
            traceparent: None,
            headers: BTreeMap::new(),
            body: Bytes::from_static(b"null"),
        }
    }

    /// The first message with a key says which instance this is about; every other has to agree.
    #[track_caller]
    pub(super) fn meet(&mut self, id: InstanceId) {
        match &self.id {
            None => self.id = Some(id),
            // It was put together in the middle of its process, and is told its key only now.
            Some(known) if *known.key == *UNNAMED => {
                if let Found::Live(row) = &mut self.found {
                    row.id = id.clone();
                }
                self.id = Some(id);
            }
            Some(known) if known.key == id.key => {}
            Some(known) => {
                let (expected, actual) = (
                    format!("instance `{}`", known.key),
                    format!("instance `{}`", id.key),
                );
                self.fail("a scenario is about one instance", &expected, &actual);
            }
        }
    }

    pub(super) fn speaker(&self, envelope: &Envelope) -> Arc<str> {
        let asked = envelope
            .in_reply_to
            .and_then(|id| self.asked.iter().find(|asked| asked.id == id));
        match (asked, &*envelope.name) {
            (_, RETRY) => "a person".into(),
            (Some(asked), _) => self
                .engine
                .sent(&asked.name)
                .and_then(|info| info.endpoint)
                .unwrap_or(CALLER)
                .into(),
            (None, _) => CALLER.into(),
        }
    }

    pub(super) fn me(&self) -> Arc<str> {
        Arc::clone(self.engine.name())
    }

    pub(super) fn elapsed(&self) -> Duration {
        Duration::try_from(self.now.duration_since(self.began_at)).unwrap_or_default()
    }
}

pub(super) fn caller() -> Address {
    Address {
        queue: CALLER.into(),
        instance: None,
    }
}

pub(super) fn party(outlet: &Outlet) -> Arc<str> {
    match outlet {
        Outlet::Queue(queue) => Arc::clone(queue),
        Outlet::Subscribers => "subscribers".into(),
    }
}
