//! What is ready for a consumer, and how much of it is claimed at once.

use std::collections::{BTreeSet, VecDeque};

use crate::store::Seq;

/// What is ready for one consumer of one queue.
#[derive(Default)]
pub(super) struct Lane {
    /// Ready and unclaimed, oldest first.
    pub(super) free: VecDeque<Seq>,
    /// Fresh messages, claimed or not: no timer overtakes the oldest of them.
    pub(super) standing: BTreeSet<Seq>,
}

impl Lane {
    /// Frees a row.
    pub(super) fn add_free(&mut self, seq: Seq) {
        if self.free.back().is_none_or(|&last| last < seq) {
            return self.free.push_back(seq);
        }
        // An older one comes back: it keeps its place.
        if let Err(at) = self.free.binary_search(&seq) {
            self.free.insert(at, seq);
        }
    }
}

/// How many body bytes may still be claimed; the first message always fits.
pub(super) struct Budget {
    left: usize,
    fresh: bool,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            left: bytes,
            fresh: true,
        }
    }

    /// Whether a body still fits; if so, it is counted.
    pub(super) fn admits(&mut self, bytes: usize) -> bool {
        let fits = self.fresh || bytes <= self.left;
        if fits {
            self.fresh = false;
            self.left = self.left.saturating_sub(bytes);
        }
        fits
    }
}
