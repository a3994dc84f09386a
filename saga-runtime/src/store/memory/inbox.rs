//! The ids handled, oldest forgotten first.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::{hash::HashMap, store::InboxEntry};

/// Which consumer has handled which message, and since when that is known.
#[derive(Default)]
pub(super) struct Inbox {
    entries: HashMap<InboxEntry, Timestamp>,
    order: VecDeque<(Timestamp, InboxEntry)>,
}

impl Inbox {
    /// Whether an entry is there; one from before `horizon` is as good as none.
    pub(super) fn holds(&self, entry: &InboxEntry, horizon: Timestamp) -> bool {
        !self.entries.is_empty() && self.entries.get(entry).is_some_and(|at| *at >= horizon)
    }

    /// Records an entry, and forgets the oldest past `bound`.
    pub(super) fn record(&mut self, entry: InboxEntry, now: Timestamp, bound: usize) {
        self.entries.insert(entry.clone(), now);
        self.order.push_back((now, entry));
        while self.order.len() > bound {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((at, entry)) = self.order.pop_front()
            && self.entries.get(&entry) == Some(&at)
        {
            self.entries.remove(&entry);
        }
    }

    /// Drops up to `chunk` entries from before `horizon`; how many there were.
    pub(super) fn collect(&mut self, horizon: Timestamp, chunk: usize) -> usize {
        let mut collected = 0;
        while collected < chunk && self.order.front().is_some_and(|(at, _)| *at < horizon) {
            self.forget_oldest();
            collected += 1;
        }
        collected
    }
}
