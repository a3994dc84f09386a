//! What one saga does with one message: pure, in memory, the same every time it is asked.
//!
//! ```text
//!   Found ──open──▶ Slot ──deliver / fire──▶ Slot + emissions ──seal──▶ Change
//! ```
//!
//! The bus loads and commits; the engine decides. It never waits, never does I/O, and changes nothing but the [`Slot`]
//! it is given. A failure leaves a slot half changed: the caller throws it away and opens it again.

mod answers;
pub(crate) mod book;
mod compensation;
mod delivery;
mod emission;
mod ended;
mod erased;
mod joins;
mod placed;
mod routes;
mod step;
mod timers;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

pub(crate) use book::Book;
pub(crate) use delivery::SetAside;
pub(crate) use ended::{internal_messages, is_internal, served};
pub(crate) use erased::Erased;
use erased::{AnySaga, Data};
pub(crate) use routes::{Action, Routes, Spot, faults, taken_messages};
use step::Step;

use crate::{
    Error, ErrorKind,
    codec::Codec,
    context::Context,
    dead_letter::Reason,
    definition::Definition,
    envelope::{Address, Envelope, InstanceAddress},
    error::HandlerError,
    input::Input,
    limits::Limits,
    message::MessageInfo,
    store::{Change, Found, InstanceId, InstanceRow, KnownSaga, Tombstone},
};

/// The stored name of the state that the runtime runs.
pub(crate) const COMPENSATE: &str = "compensate";
/// The message that makes a parked compensation go on.
pub(crate) const RETRY: &str = "saga.retry-compensation";
/// Before the handler's name: a timer as a message.
pub(crate) const TIMER: &str = "timer:";

/// One saga type, ready to run.
pub(crate) struct Engine {
    saga: Box<dyn AnySaga>,
    routes: Routes,
    definition: &'static Definition,
    name: Arc<str>,
    replies: Arc<str>,
    states: Vec<Arc<str>>,
    codec: Codec,
    limits: Limits,
}

/// An instance as the engine holds it, or what is left of one.
pub(crate) enum Slot {
    Absent,
    Live(Box<Instance>),
    Finished(Box<Ended>),
}

/// A live instance.
pub(crate) struct Instance {
    pub(crate) id: InstanceId,
    pub(crate) incarnation: u64,
    /// The stored version it was opened from; `None`: it is not stored yet.
    pub(crate) version: Option<u64>,
    pub(crate) spot: Spot,
    pub(crate) data: Data,
    pub(crate) book: Book,
    pub(crate) created_at: Timestamp,
    /// It has reached `end`; sealing makes a tombstone of it.
    pub(crate) ended: bool,
    /// Something of it changed since it was opened.
    pub(crate) dirty: bool,
}

/// A finished instance.
pub(crate) struct Ended {
    pub(crate) book: Book,
}

/// A message for an instance.
pub(crate) struct Message<'a> {
    pub(crate) envelope: &'a Arc<Envelope>,
    /// As read when its key was asked.
    pub(crate) decoded: delivery::Decoded,
    /// It has waited for its instance as long as it may.
    pub(crate) waited: bool,
    /// Attempts that failed before.
    pub(crate) attempt: u32,
}

/// A message to emit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Emission {
    pub(crate) to: Outlet,
    pub(crate) envelope: Arc<Envelope>,
}

/// Where an emission goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outlet {
    /// To one queue.
    Queue(Arc<str>),
    /// To whoever subscribed.
    Subscribers,
}

/// What became of a message.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It had its effect.
    Taken,
    /// It has no effect, by the saga's own word or as a repetition; why, for the log.
    Discarded(&'static str),
    /// Its instance does not exist yet.
    Wait,
    /// It is set aside.
    Dead(Reason, String),
}

/// A handler failed. The slot is to be thrown away.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) detail: String,
    /// The timer whose handler failed, where it was no message.
    pub(crate) timer: Option<Arc<Envelope>>,
}

impl Failure {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            timer: None,
        }
    }
}

impl From<HandlerError> for Failure {
    fn from(error: HandlerError) -> Self {
        let reason = if error.is_newer() {
            Reason::UnknownType
        } else if error.is_undecodable() {
            Reason::Undecodable
        } else if error.is_over_limit() {
            Reason::OverLimit
        } else {
            Reason::HandlerFailed
        };
        Self::new(reason, error.to_string())
    }
}

impl Engine {
    pub(crate) fn new(saga: impl AnySaga + 'static, codec: Codec, limits: Limits) -> Self {
        let definition = saga.definition();
        Self {
            routes: Routes::new(definition),
            definition,
            name: definition.name.into(),
            replies: replies_queue(definition.endpoint),
            states: definition.states.iter().map(|&state| state.into()).collect(),
            saga: Box::new(saga),
            codec,
            limits,
        }
    }

    pub(crate) fn definition(&self) -> &'static Definition {
        self.definition
    }

    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What stored instances it can open.
    pub(crate) fn known(&self) -> KnownSaga {
        let renamed = self.definition.renamed.iter().map(|renamed| renamed.old.into());
        let states = self.states.iter().cloned().chain(renamed);
        KnownSaga {
            name: Arc::clone(&self.name),
            version: self.definition.version,
            states: states.chain([COMPENSATE.into()]).collect(),
        }
    }

    /// Whether `message` can make an instance.
    pub(crate) fn is_starting(&self, message: &str) -> bool {
        self.routes.is_starting(message)
    }

    /// The clause that undoes the step which `reply` to `command` completed.
    pub(crate) fn undo_of(&self, reply: &str, command: Option<&str>) -> Option<usize> {
        self.routes.undo(reply, command)
    }

    /// The clauses that send `command` to undo something.
    pub(crate) fn undone_by(&self, command: &str) -> Vec<usize> {
        self.routes.undone_by(command, self.definition).collect()
    }

    /// Whether the saga takes commands of this name and answers them.
    pub(crate) fn answers(&self, command: &str) -> bool {
        self.routes.taken(command).is_some()
    }

    /// A command that the saga sends.
    pub(crate) fn sent(&self, command: &str) -> Option<&'static MessageInfo> {
        self.routes.sent(command)
    }

    /// Makes a slot of what the store found.
    pub(crate) fn open(&self, found: Found) -> Result<Slot, Error> {
        Ok(match found {
            Found::Absent => Slot::Absent,
            Found::Live(row) => Slot::Live(Box::new(self.open_live(row)?)),
            Found::Finished(tombstone) => {
                let book = Book::read(&tombstone.book)?;
                Slot::Finished(Box::new(Ended { book }))
            }
        })
    }

    fn open_live(&self, row: InstanceRow) -> Result<Instance, Error> {
        let data = self.saga.read(row.saga_version, row.content_type, &row.data);
        let data = data.map_err(|error| {
            Error::new(
                ErrorKind::Codec,
                format!("instance `{}` of saga `{}`: {error}", row.id.key, row.id.saga),
            )
        })?;
        Ok(Instance {
            spot: self.spot(&row)?,
            book: self.book(&row)?,
            id: row.id,
            incarnation: row.incarnation,
            version: Some(row.version),
            data,
            created_at: row.created_at,
            ended: false,
            dirty: false,
        })
    }

    fn spot(&self, row: &InstanceRow) -> Result<Spot, Error> {
        if &*row.state == COMPENSATE {
            return Ok(Spot::Compensate);
        }
        let name = self.definition.current_name(&row.state);
        let index = self.states.iter().position(|state| **state == *name);
        let index = index.and_then(|index| u16::try_from(index).ok());
        index.map(Spot::State).ok_or_else(|| {
            let text = format!(
                "instance `{}` of saga `{}` is in state `{}`, which this build does not declare",
                row.id.key, row.id.saga, row.state
            );
            Error::new(ErrorKind::Codec, text)
        })
    }

    /// The notes on an instance, with its timers under the names of today.
    fn book(&self, row: &InstanceRow) -> Result<Book, Error> {
        let mut book = Book::read(&row.book)?;
        for armed in &mut book.timers {
            let name = self.definition.current_name(&armed.handler);
            if *name != *armed.handler {
                armed.handler = name.into();
            }
        }
        Ok(book)
    }

    /// What is to be stored of a live slot. The slot then stands for what will have been stored.
    pub(crate) fn seal(&self, instance: &mut Instance, now: Timestamp) -> Result<Change, Failure> {
        if !instance.dirty {
            return Ok(Change::Keep);
        }
        let unwritable = |error: Error| Failure::new(Reason::HandlerFailed, error.to_string());
        if instance.ended {
            let before = std::mem::take(&mut instance.book);
            let book = Book {
                answers: before.answers,
                open: before.open,
                settled: before.settled,
                ..Book::default()
            };
            return Ok(Change::Finish(Tombstone {
                id: instance.id.clone(),
                incarnation: instance.incarnation,
                book: book.write().map_err(unwritable)?,
                created_at: instance.created_at,
                finished_at: now,
            }));
        }
        let data = step::guarded(|| self.saga.write(self.codec, &instance.data))?;
        let version = instance.version.map_or(1, |version| version + 1);
        instance.version = Some(version);
        instance.dirty = false;
        Ok(Change::Put(InstanceRow {
            id: instance.id.clone(),
            incarnation: instance.incarnation,
            version,
            state: self.state_name(instance.spot),
            saga_version: self.definition.version,
            content_type: self.codec,
            data,
            book: instance.book.write().map_err(unwritable)?,
            due: instance.book.next_due(),
            parked: instance
                .book
                .undoing
                .as_ref()
                .and_then(|undoing| undoing.parked.clone()),
            created_at: instance.created_at,
            updated_at: now,
        }))
    }

    /// Gives a message to its instance.
    pub(crate) fn deliver(
        &self,
        slot: &mut Slot,
        id: &InstanceId,
        message: Message<'_>,
        now: Timestamp,
        out: &mut Vec<Emission>,
    ) -> Result<Verdict, Failure> {
        match slot {
            Slot::Absent => self.deliver_to_nobody(slot, id, message, now, out),
            Slot::Finished(ended) => self.deliver_to_ended(Some(&ended.book), message, now, out),
            Slot::Live(instance) if instance.ended || is_for_another_life(instance, message.envelope) => {
                self.deliver_to_ended(Some(&instance.book), message, now, out)
            }
            Slot::Live(instance) => Step::new(self, instance, message.envelope, now, message.attempt, out)
                .deliver(message.decoded),
        }
    }

    fn deliver_to_nobody(
        &self,
        slot: &mut Slot,
        id: &InstanceId,
        message: Message<'_>,
        now: Timestamp,
        out: &mut Vec<Emission>,
    ) -> Result<Verdict, Failure> {
        let envelope = message.envelope;
        let clause = match self.routes.start(&envelope.name) {
            Some(clause) if envelope.to.is_none() => clause,
            None if envelope.to.is_none() && !message.waited => return Ok(Verdict::Wait),
            _ => return self.deliver_to_ended(None, message, now, out),
        };
        let context = self.context(envelope, Some(Arc::clone(&id.key)), now, message.attempt);
        let mut input = Input::new(&context, envelope).with_decoded(message.decoded);
        let (data, effects) = step::guarded(|| self.saga.start(clause, &mut input))?;
        let mut instance = Box::new(Instance {
            id: id.clone(),
            incarnation: envelope.id.incarnation(),
            version: None,
            spot: Spot::State(0),
            data,
            book: Book::started_by(envelope),
            created_at: now,
            ended: false,
            dirty: true,
        });
        let verdict =
            Step::new(self, &mut instance, envelope, now, message.attempt, out).started(clause, effects)?;
        *slot = Slot::Live(instance);
        Ok(verdict)
    }

    fn context(
        &self,
        envelope: &Arc<Envelope>,
        key: Option<Arc<str>>,
        now: Timestamp,
        attempt: u32,
    ) -> Context {
        Context {
            now,
            envelope: Arc::clone(envelope),
            key,
            attempt,
            codec: self.codec,
            joined: None,
        }
    }

    /// The state a message meets, for people.
    pub(crate) fn state_of(&self, slot: &Slot) -> Arc<str> {
        match slot {
            Slot::Live(instance) if !instance.ended => self.state_name(instance.spot),
            Slot::Absent => "absent".into(),
            Slot::Live(_) | Slot::Finished(_) => "end".into(),
        }
    }

    fn state_name(&self, spot: Spot) -> Arc<str> {
        match spot {
            Spot::State(index) => self
                .states
                .get(usize::from(index))
                .cloned()
                .unwrap_or_else(|| COMPENSATE.into()),
            Spot::Compensate => COMPENSATE.into(),
            Spot::End => "end".into(),
        }
    }

    fn address(&self, instance: &Instance) -> Address {
        Address {
            queue: Arc::clone(&self.replies),
            instance: Some(InstanceAddress {
                saga: Arc::clone(&self.name),
                key: Arc::clone(&instance.id.key),
                incarnation: instance.incarnation,
            }),
        }
    }
}

/// Where replies to the sagas of an endpoint arrive.
pub(crate) fn replies_queue(endpoint: &str) -> Arc<str> {
    format!("{endpoint}.replies").into()
}

fn is_for_another_life(instance: &Instance, envelope: &Envelope) -> bool {
    envelope
        .to
        .as_ref()
        .is_some_and(|to| to.incarnation != instance.incarnation)
}
