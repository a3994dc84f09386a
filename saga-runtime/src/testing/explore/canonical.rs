//! What two instances have in common that differ in nothing a saga could notice: ids by their place, times by how far off
//! they are.
//!
//! A process that comes round to the same state with new ids, later, is at the same point again; without this, a saga
//! with a repeating timer would never be explored to the end.

use std::hash::{BuildHasher as _, Hash, Hasher};

use foldhash::fast::FixedState;
use jiff::Timestamp;

use super::local::Local;
use crate::{
    engine::book::{Armed, Book, Deferred, Kept, Open, Running, Step, Undo, Undoing, Waiting},
    envelope::{Envelope, MessageId},
    store::Found,
};

/// A hasher that gives the same in every run.
pub(super) fn hasher() -> impl Hasher {
    FixedState::default().build_hasher()
}

/// The hash of one value.
pub(super) fn hash_of<T: Hash>(value: T) -> u64 {
    let mut hasher = hasher();
    value.hash(&mut hasher);
    hasher.finish()
}

/// An instance without its ids and its place in time; the ids in the order in which they were left out.
pub(super) struct Shape {
    pub(super) hash: u64,
    pub(super) ids: Vec<MessageId>,
}

impl Shape {
    pub(super) fn of(local: &Local, book: &Book) -> Self {
        let mut shape = Shaper {
            hasher: hasher(),
            ids: Vec::new(),
            now: local.clock,
        };
        local.instance.hash(&mut shape.hasher);
        (local.held, local.retried).hash(&mut shape.hasher);
        local.history.hash(&mut shape.hasher);
        for step in &local.ledger {
            (step.undo, step.undone, step.compensated).hash(&mut shape.hasher);
            shape.ids.push(step.id);
        }
        match &local.found {
            Found::Absent => 0_u8.hash(&mut shape.hasher),
            Found::Live(row) => {
                (1_u8, &row.state, &row.data, &row.parked).hash(&mut shape.hasher);
                shape.book(book);
            }
            Found::Finished(_) => {
                2_u8.hash(&mut shape.hasher);
                shape.book(book);
            }
        }
        Self {
            hash: shape.hasher.finish(),
            ids: shape.ids,
        }
    }
}

struct Shaper<H> {
    hasher: H,
    ids: Vec<MessageId>,
    now: Timestamp,
}

impl<H: Hasher> Shaper<H> {
    fn book(&mut self, book: &Book) {
        // Written out, so that a field that is added has to be thought of here.
        let Book {
            entered,
            armed: _,
            origin: _,
            open,
            waiting,
            answers,
            steps,
            arrivals,
            joined_at,
            timers,
            deferred,
            undoing,
            settled,
        } = book;
        (joined_at.as_ref() == Some(entered)).hash(&mut self.hasher);
        self.each(open, Self::open);
        self.each(waiting, Self::waiting);
        self.each(answers, |shape, answer| {
            answer.command.hash(&mut shape.hasher);
            shape.kept(&answer.reply);
        });
        self.each(steps, Self::step);
        self.each(arrivals, Self::step);
        self.each(timers, Self::timer);
        self.each(deferred, |shape, deferred| shape.deferred(deferred, *entered));
        self.undoing(undoing.as_ref());
        settled.len().hash(&mut self.hasher);
        self.ids.extend(settled);
    }

    fn each<T>(&mut self, all: &[T], one: impl Fn(&mut Self, &T)) {
        all.len().hash(&mut self.hasher);
        for each in all {
            one(self, each);
        }
    }

    fn open(&mut self, open: &Open) {
        open.command.hash(&mut self.hasher);
        self.ids.push(open.id);
    }

    fn waiting(&mut self, waiting: &Waiting) {
        waiting.command.hash(&mut self.hasher);
        waiting.reply_to.queue.hash(&mut self.hasher);
        let instance = waiting.reply_to.instance.as_ref();
        instance
            .map(|instance| (&instance.saga, &instance.key))
            .hash(&mut self.hasher);
        self.ids.push(waiting.request);
    }

    fn step(&mut self, step: &Step) {
        step.command.hash(&mut self.hasher);
        self.kept(&step.message);
    }

    fn kept(&mut self, kept: &Kept) {
        (&kept.name, kept.version, &kept.body).hash(&mut self.hasher);
    }

    fn timer(&mut self, timer: &Armed) {
        let off_us = timer.due.as_microsecond() - self.now.as_microsecond();
        (&timer.handler, off_us, timer.fired).hash(&mut self.hasher);
    }

    fn deferred(&mut self, deferred: &Deferred, entered: u64) {
        (deferred.entered == entered).hash(&mut self.hasher);
        content(&deferred.envelope).hash(&mut self.hasher);
        self.ids.push(deferred.envelope.id);
        self.ids.extend(deferred.envelope.in_reply_to);
    }

    fn undoing(&mut self, undoing: Option<&Undoing>) {
        let Some(Undoing { running, parked }) = undoing else {
            return 0_u8.hash(&mut self.hasher);
        };
        (1_u8, parked).hash(&mut self.hasher);
        let Some(Running { step, requests }) = running else {
            return 0_u8.hash(&mut self.hasher);
        };
        1_u8.hash(&mut self.hasher);
        self.step(step);
        self.each(requests, |shape, Undo { open, nth, refused }| {
            (nth, refused).hash(&mut shape.hasher);
            shape.open(open);
        });
    }
}

/// What a message says, and to whom.
pub(super) fn content(envelope: &Envelope) -> u64 {
    let to = envelope.to.as_ref().map(|to| (&to.saga, &to.key));
    let answer = envelope.reply_to.as_ref().map(|reply_to| &reply_to.queue);
    let headers: Vec<_> = envelope.headers.keys().collect();
    hash_of((
        &envelope.name,
        envelope.version,
        &envelope.body,
        to,
        answer,
        envelope.in_reply_to.is_some(),
        headers,
    ))
}
