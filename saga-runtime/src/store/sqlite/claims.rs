//! The messages this process has claimed, in memory: one process serves a file, so that a gate costs a look-up here
//! and no statement.

use std::{collections::BTreeMap, sync::Arc};

use crate::store::{Seq, Source};

/// What is remembered of a claimed message.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) queue: Arc<str>,
    pub(super) consumer: Option<Arc<str>>,
    /// In microseconds.
    pub(super) accepted_at: i64,
    /// It was simply to be handled, not to be relayed, and had waited for nothing.
    pub(super) ready: bool,
}

/// See the [module](self). Changes can be taken back until they are kept.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: BTreeMap<Seq, Held>,
    undo: Vec<(Seq, Option<Held>)>,
}

impl Claims {
    /// Whether this process holds the message.
    pub(super) fn holds(&self, seq: Seq) -> bool {
        self.held.contains_key(&seq)
    }

    /// All that is held.
    pub(super) fn all(&self) -> impl Iterator<Item = Seq> {
        self.held.keys().copied()
    }

    /// Takes it on.
    pub(super) fn add(&mut self, seq: Seq, held: Held) {
        let before = self.held.insert(seq, held);
        self.undo.push((seq, before));
    }

    /// Lets go of it.
    pub(super) fn remove(&mut self, seq: Seq) -> Option<&Held> {
        let held = self.held.remove(&seq)?;
        self.undo.push((seq, Some(held)));
        self.undo.last()?.1.as_ref()
    }

    /// Lets go of all, for good.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }

    /// When the oldest message held for a consumer, or for a queue's consumers to be found, was accepted.
    pub(super) fn oldest(&self, source: &Source) -> Option<i64> {
        let concerns = |held: &&Held| {
            held.ready
                && held.queue == source.queue
                && held.consumer.as_ref().is_none_or(|it| *it == source.consumer)
        };
        self.held.values().find(concerns).map(|held| held.accepted_at)
    }

    /// The transaction was committed.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    /// The transaction was rolled back.
    pub(super) fn roll_back(&mut self) {
        while let Some((seq, before)) = self.undo.pop() {
            match before {
                Some(held) => self.held.insert(seq, held),
                None => self.held.remove(&seq),
            };
        }
    }
}
