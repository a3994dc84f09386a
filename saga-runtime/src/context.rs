//! What a handler may ask about the message it is given.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{
    Error, ErrorKind,
    codec::Codec,
    envelope::{Envelope, MessageId},
    store::Join,
};

/// The header under which every attempt at an undo carries the same idempotency key.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The circumstances of one run of a handler. Pure data: asking it twice gives the same answer.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) now: Timestamp,
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) attempt: u32,
    pub(crate) codec: Codec,
    /// What a service's handler has joined so far; `None` in a saga.
    pub(crate) joined: Option<Arc<Mutex<Vec<Join>>>>,
}

impl Context {
    /// The time of the step, by the store's clock; the same for every effect of the step.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The message's id.
    pub fn message_id(&self) -> MessageId {
        self.envelope.id
    }

    /// The message's wire name.
    pub fn message_name(&self) -> &str {
        &self.envelope.name
    }

    /// The id of the message that began the conversation.
    pub fn conversation(&self) -> MessageId {
        self.envelope.conversation
    }

    /// A value that is the same on every attempt at this message: hand it to whatever I/O the handler does.
    ///
    /// A compensation that is tried again by a person is a new message with the same key.
    pub fn idempotency_key(&self) -> MessageId {
        let carried = self.envelope.headers.get(IDEMPOTENCY_KEY);
        carried
            .and_then(|key| key.parse().ok())
            .unwrap_or(self.envelope.id)
    }

    /// The correlation key of the saga instance; `None` in a service.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// How often this message was tried before: 0 the first time.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The headers the sender added.
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.envelope.headers
    }

    /// W3C trace context, where the sender had one.
    pub fn traceparent(&self) -> Option<&str> {
        self.envelope.traceparent.as_deref()
    }

    /// In a service: has rows of its own written in the transaction that finishes this message, with the answers. All or
    /// nothing of that happens.
    ///
    /// `join` is made by the store in use, as in `Sqlite::join(..)`. It runs after the handler has returned, and only
    /// if that was not with an error; if the work itself fails, the attempt has failed and is repeated as the retry
    /// policy says. Do I/O first, with the [idempotency key](Self::idempotency_key): it is repeated too.
    ///
    /// # Errors
    ///
    /// In a saga, whose handlers only say what is to be done.
    pub fn join(&self, join: Join) -> Result<(), Error> {
        let Some(joined) = &self.joined else {
            let text =
                "a saga's handler only says what is to be done: write rows in a service, or in what it sends";
            return Err(Error::new(ErrorKind::Setup, text));
        };
        joined.lock().unwrap_or_else(PoisonError::into_inner).push(join);
        Ok(())
    }

    /// How the bus writes bodies.
    pub fn codec(&self) -> Codec {
        self.codec
    }
}
