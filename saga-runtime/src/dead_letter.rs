//! Messages set aside with their reason, to be inspected, replayed or deleted by a person.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    envelope::Envelope,
    store::{Failure, Wait},
};

/// A message set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The message, or the bytes that should have been one.
    pub message: DeadMessage,
    /// The queue it came through.
    pub queue: Arc<str>,
    /// The saga or service that could not handle it, where one was found.
    pub consumer: Option<Arc<str>>,
    /// What kind of failure.
    pub reason: Reason,
    /// What happened, for a person: saga, state, message, remedy.
    pub detail: String,
    /// The attempts that failed before, oldest first.
    pub history: Vec<Failure>,
    /// When it was set aside.
    pub at: Timestamp,
}

impl DeadLetter {
    /// For authors of stores: what it waits for once it is replayed, its handler or the broker that would not take it.
    pub fn wait_on_replay(&self) -> Wait {
        match self.reason {
            Reason::Undeliverable => Wait::Relay,
            _ => Wait::Ready,
        }
    }
}

/// What was set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DeadMessage {
    /// A message.
    Envelope(Arc<Envelope>),
    /// Bytes from a broker that could not be read as an envelope.
    Raw {
        /// The headers as received.
        headers: Vec<(String, String)>,
        /// The body as received.
        body: Bytes,
    },
}

impl DeadMessage {
    /// The message's wire name, where it has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Envelope(envelope) => Some(&envelope.name),
            Self::Raw { .. } => None,
        }
    }
}

/// Why a message was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reason {
    /// The state it met takes no such message.
    UnhandledInState,
    /// `unexpected(..)` was written for it.
    Unexpected,
    /// No instance with its key came to be within the wait.
    NoInstance,
    /// The instance had finished.
    AlreadyFinished,
    /// The instance had already been started by another message.
    AlreadyStarted,
    /// It answers a request that is not open.
    NoOpenRequest,
    /// No build that knows its type came within the wait.
    UnknownType,
    /// Its body could not be read.
    Undecodable,
    /// Its body, headers or key are over the limit.
    OverLimit,
    /// A saga's handler failed; it is pure and would fail again.
    HandlerFailed,
    /// A handler panicked.
    HandlerPanicked,
    /// A service failed on every retry, or said that trying again cannot help.
    RetriesExhausted,
    /// The process died each time it was handled.
    CrashedProcess,
    /// Too many messages were deferred by, or too many senders waiting for, one instance.
    TooManyWaiting,
    /// It is older than the period for which duplicates can be told.
    TooOldToDeduplicate,
    /// The transport knows no destination for it, or refuses it.
    Undeliverable,
    /// The store refused what its handling would write.
    RefusedByStore,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The position of a dead letter in the store.
pub type DeadLetterId = i64;

/// A dead letter as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDeadLetter {
    /// Where.
    pub id: DeadLetterId,
    /// What.
    pub letter: DeadLetter,
}

/// Which dead letters. Everything left out matches all.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterFilter {
    /// Of this message.
    pub name: Option<String>,
    /// From this queue.
    pub queue: Option<String>,
    /// For this reason.
    pub reason: Option<Reason>,
    /// After this one.
    pub after: DeadLetterId,
    /// At most this many; 0 is taken as 100.
    pub limit: usize,
}
