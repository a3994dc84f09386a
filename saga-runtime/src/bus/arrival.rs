//! A message in this process's hands, on its way to its handler.

use std::{any::Any, sync::Arc};

use jiff::Timestamp;

use super::{budget::Permit, receipt::Receipt};
use crate::{
    dead_letter::{DeadLetter, DeadMessage, Reason},
    engine,
    envelope::Envelope,
    store::{Failure, InboxEntry, InstanceId, NewMessage, Park, Seq, Stored, Unit, Wait},
};

/// The most failures kept with a message; of more, the oldest are forgotten.
const MAX_HISTORY: usize = 16;

/// The attempts that failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tries {
    pub(crate) failed: u32,
    /// The latest of them, oldest first.
    pub(crate) history: Vec<Failure>,
}

impl Tries {
    /// Notes a failed attempt.
    pub(crate) fn note(&mut self, at: Timestamp, error: &str) {
        self.failed += 1;
        if self.history.len() >= MAX_HISTORY {
            self.history.remove(0);
        }
        self.history.push(Failure {
            at,
            error: error.to_owned(),
        });
    }

    /// With one more.
    pub(crate) fn and(&self, at: Timestamp, error: &str) -> Self {
        let mut tries = self.clone();
        tries.note(at, error);
        tries
    }
}

/// A message in hand.
pub(crate) struct Arrival {
    /// Its row; `None` while only its sender, who waits in this process, knows of it.
    pub(crate) row: Option<Seq>,
    pub(crate) envelope: Arc<Envelope>,
    /// Where it was taken from: an index into the routing's sources.
    pub(crate) source: usize,
    pub(crate) queue: Arc<str>,
    pub(crate) consumer: Option<Arc<str>>,
    /// As it was read when its key was asked.
    pub(crate) decoded: Option<Box<dyn Any + Send + Sync>>,
    pub(crate) accepted_at: Timestamp,
    /// It has waited for its instance, and that wait is over.
    pub(crate) waited: bool,
    pub(crate) tries: Tries,
    pub(crate) crashes: u32,
    pub(crate) suspect: bool,
    /// The message whose handling brought it about: finished in the same unit.
    pub(crate) cause: Option<Cause>,
    /// It comes from a broker, and this is the first that is written of it.
    pub(crate) receipt: Option<Receipt>,
    /// Its place in memory.
    pub(crate) _permit: Permit,
}

/// A message that is handled, and whose row is finished together with what came of it.
pub(crate) struct Cause {
    row: Seq,
    /// Its place in memory.
    _permit: Permit,
}

impl Arrival {
    pub(crate) fn of_row(stored: Stored, source: usize, permit: Permit) -> Self {
        Self {
            row: Some(stored.seq),
            envelope: stored.envelope,
            source,
            queue: stored.queue,
            consumer: stored.consumer,
            decoded: None,
            accepted_at: stored.accepted_at,
            waited: stored.wait == Wait::Absent,
            tries: Tries {
                failed: stored.attempts,
                history: stored.history,
            },
            crashes: stored.crashes,
            suspect: stored.suspect,
            cause: None,
            receipt: None,
            _permit: permit,
        }
    }

    /// A message that was written born claimed, or that its sender handed over without writing it.
    pub(crate) fn fresh(
        row: Option<Seq>,
        envelope: Arc<Envelope>,
        source: usize,
        queue: Arc<str>,
        consumer: Option<Arc<str>>,
        accepted_at: Timestamp,
        permit: Permit,
    ) -> Self {
        Self {
            row,
            envelope,
            source,
            queue,
            consumer,
            decoded: None,
            accepted_at,
            waited: false,
            tries: Tries::default(),
            crashes: 0,
            suspect: false,
            cause: None,
            receipt: None,
            _permit: permit,
        }
    }

    /// The same, to be handled in the unit that finishes what brought it about.
    pub(crate) fn with_cause(self, cause: Self) -> Self {
        Self {
            cause: cause.row.map(|row| Cause {
                row,
                _permit: cause._permit,
            }),
            ..self
        }
    }

    /// The row whose claim tells that it has not had its effect yet: its own, or that of what brought it about.
    pub(crate) fn gate(&self) -> Option<Seq> {
        self.row.or_else(|| self.cause.as_ref().map(|cause| cause.row))
    }

    /// What is recorded of it, if it comes from a broker and nothing has been yet.
    fn entry(&self) -> Option<&InboxEntry> {
        self.receipt.as_ref()?.entry.as_ref()
    }

    /// Whether it is known of its commit, should it fail without an answer, whether it was applied.
    pub(crate) fn has_gate(&self) -> bool {
        self.gate().is_some() || self.entry().is_some()
    }

    /// Whether the same row or delivery is in hand twice.
    pub(crate) fn is_again(&self, other: &Self) -> bool {
        let same_row = self.gate().is_some() && self.gate() == other.gate();
        same_row || (self.entry().is_some() && self.entry() == other.entry())
    }

    /// It has its outcome, durably.
    pub(crate) fn settle(self) {
        if let Some(receipt) = self.receipt {
            receipt.settle();
        }
    }

    /// Its row is finished with this unit.
    pub(crate) fn consume(&self, unit: &mut Unit) {
        unit.inbox.extend(self.entry().cloned());
        unit.consumed.extend(self.row);
        unit.consumed.extend(self.cause.as_ref().map(|cause| cause.row));
    }

    /// It waits: for an instance or a build.
    pub(crate) fn park(&self, unit: &mut Unit, wait: Wait, due: Timestamp, instance: Option<InstanceId>) {
        self.park_after(self.tries.clone(), unit, wait, due, instance);
    }

    /// It waits, after these attempts.
    pub(crate) fn park_after(
        &self,
        Tries { failed, history }: Tries,
        unit: &mut Unit,
        wait: Wait,
        due: Timestamp,
        instance: Option<InstanceId>,
    ) {
        match self.row {
            Some(seq) => unit.park.push(Park {
                seq,
                wait,
                due: Some(due),
                attempts: failed,
                crashes: 0,
                history,
                instance,
                keep: false,
            }),
            None => {
                self.consume(unit);
                unit.out.push(NewMessage {
                    envelope: Arc::clone(&self.envelope),
                    queue: Arc::clone(&self.queue),
                    consumer: self.consumer.clone(),
                    claimed: false,
                    wait,
                    due: Some(due),
                    attempts: failed,
                    history,
                    instance,
                });
            }
        }
    }

    /// Writes down how often processes died with it alone in hand; it stays claimed.
    pub(crate) fn counters(&self, crashes: u32) -> Option<Park> {
        Some(Park {
            seq: self.row?,
            wait: Wait::Ready,
            due: None,
            attempts: self.tries.failed,
            crashes,
            history: self.tries.history.clone(),
            instance: None,
            keep: true,
        })
    }

    /// It is set aside.
    pub(crate) fn bury(&self, unit: &mut Unit, reason: Reason, detail: String, now: Timestamp) {
        self.bury_after(self.tries.clone(), unit, reason, detail, now);
    }

    /// It is set aside, after these attempts.
    pub(crate) fn bury_after(
        &self,
        tries: Tries,
        unit: &mut Unit,
        reason: Reason,
        detail: String,
        now: Timestamp,
    ) {
        self.consume(unit);
        let message = DeadMessage::Envelope(Arc::clone(&self.envelope));
        let (queue, consumer) = (Arc::clone(&self.queue), self.consumer.clone());
        tracing::warn!(
            message.name = %self.envelope.name, message.id = %self.envelope.id, %reason, detail, "dead letter"
        );
        unit.dead.push(DeadLetter {
            message,
            queue,
            consumer,
            reason,
            detail,
            history: tries.history,
            at: now,
        });
    }

    pub(crate) fn message(&mut self) -> engine::Message<'_> {
        engine::Message {
            decoded: self.decoded.take(),
            envelope: &self.envelope,
            waited: self.waited,
            attempt: self.tries.failed,
        }
    }
}
