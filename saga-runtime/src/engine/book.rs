//! The engine's notes on one instance, stored beside the saga's own data: open requests, who waits, what is done.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Error, ErrorKind,
    codec::{Codec, Payload, extend, with_scratch},
    envelope::{Address, Envelope, MessageId},
    message::MessageKind,
};

/// The layout of a stored book; the first byte of its bytes.
const LAYOUT: u8 = 1;

/// Everything the engine must remember between two steps. Names, never indices: another build may read it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    /// How many states were entered; tells whether one was left.
    pub(crate) entered: u64,
    /// How many timers were armed; numbers the next.
    pub(crate) armed: u64,
    /// The message that started it: conversation and trace of what timers emit.
    pub(crate) origin: Option<Origin>,
    /// Requests sent and not yet answered, oldest first.
    pub(crate) open: Vec<Open>,
    /// Senders that wait for an answer, oldest first.
    pub(crate) waiting: Vec<Waiting>,
    /// Answers given to starting commands.
    pub(crate) answers: Vec<Answer>,
    /// Completed steps that have an undo, in order of completion.
    pub(crate) steps: Vec<Step>,
    /// What joins have collected.
    pub(crate) arrivals: Vec<Step>,
    /// [`entered`](Self::entered) when a join last ran.
    pub(crate) joined_at: Option<u64>,
    /// Timers armed.
    pub(crate) timers: Vec<Armed>,
    /// Messages kept until the state changes.
    pub(crate) deferred: Vec<Deferred>,
    /// The compensation under way.
    pub(crate) undoing: Option<Undoing>,
    /// Undos sent more than once and answered: what their other attempts are answered with means nothing any more.
    pub(crate) settled: Vec<MessageId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) conversation: MessageId,
    pub(crate) traceparent: Option<Arc<str>>,
}

/// A request sent and not yet answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) id: MessageId,
    pub(crate) command: Arc<str>,
}

/// A sender that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) command: Arc<str>,
    pub(crate) request: MessageId,
    pub(crate) reply_to: Address,
}

/// An answer given, for senders that ask again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) command: Arc<str>,
    pub(crate) reply: Kept,
}

/// The answer to a command of ours, kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// The command it answers; `None` for an event or command that a join collects.
    pub(crate) command: Option<Arc<str>>,
    pub(crate) message: Kept,
}

/// A message, reduced to what a handler may ask of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) id: MessageId,
    pub(crate) kind: MessageKind,
    pub(crate) name: Arc<str>,
    pub(crate) version: u32,
    pub(crate) content_type: Codec,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub(crate) created_at: Timestamp,
    pub(crate) conversation: MessageId,
    pub(crate) body: Bytes,
}

/// A timer armed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Armed {
    /// The handler's name.
    pub(crate) handler: Arc<str>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub(crate) due: Timestamp,
    /// Its number among all timers of this incarnation.
    pub(crate) number: u64,
    /// It has fired; it stays so that an unchanged `at` does not fire again.
    pub(crate) fired: bool,
}

/// A message kept until the state changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deferred {
    /// [`Book::entered`] at the time.
    pub(crate) entered: u64,
    pub(crate) envelope: Arc<Envelope>,
}

/// A compensation under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undoing {
    /// The step being undone, and the requests that do it: the latest attempt and earlier ones.
    pub(crate) running: Option<Running>,
    /// Why it needs a person.
    pub(crate) parked: Option<Arc<str>>,
}

/// The step being undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) step: Step,
    /// What undoes it and has not succeeded: of all attempts.
    pub(crate) requests: Vec<Undo>,
}

/// A command that undoes a step, or a part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Undo {
    pub(crate) open: Open,
    /// Which of the commands that undo the step; the same in every attempt.
    pub(crate) nth: u32,
    /// It was answered with a refusal.
    pub(crate) refused: bool,
}

impl Book {
    pub(crate) fn write(&self) -> Result<Bytes, Error> {
        let written = with_scratch(|scratch| {
            scratch.push(LAYOUT);
            extend(self, scratch)
        });
        written.map_err(|error| {
            Error::new(ErrorKind::Codec, "an instance's bookkeeping could not be written").with_source(error)
        })
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let Some((&LAYOUT, rest)) = bytes.split_first() else {
            return Err(Error::new(
                ErrorKind::Corrupt,
                "an instance's bookkeeping has a layout this build does not know",
            ));
        };
        postcard::from_bytes(rest).map_err(|error| {
            Error::new(ErrorKind::Corrupt, "an instance's bookkeeping could not be read").with_source(error)
        })
    }
}

impl Kept {
    pub(crate) fn of(envelope: &Envelope) -> Self {
        Self {
            id: envelope.id,
            kind: envelope.kind,
            name: Arc::clone(&envelope.name),
            version: envelope.version,
            content_type: envelope.content_type,
            created_at: envelope.created_at,
            conversation: envelope.conversation,
            body: envelope.body.clone(),
        }
    }

    pub(crate) fn payload(id: MessageId, conversation: MessageId, now: Timestamp, payload: &Payload) -> Self {
        Self {
            id,
            kind: payload.info.kind,
            name: payload.info.name.into(),
            version: payload.info.version,
            content_type: payload.content_type,
            created_at: now,
            conversation,
            body: payload.body.clone(),
        }
    }

    pub(crate) fn envelope(&self) -> Envelope {
        Envelope {
            id: self.id,
            kind: self.kind,
            name: Arc::clone(&self.name),
            version: self.version,
            content_type: self.content_type,
            created_at: self.created_at,
            conversation: self.conversation,
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: None,
            traceparent: None,
            headers: BTreeMap::new(),
            body: self.body.clone(),
        }
    }
}
