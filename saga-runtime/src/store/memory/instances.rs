//! Live instances with their timers, and the tombstones of finished ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::store::{Found, InstanceChange, InstanceId, InstanceRow, Tombstone};

/// All instances, and what is left of them.
#[derive(Default)]
pub(super) struct Instances {
    entries: HashMap<InstanceId, Entry>,
    due: BTreeSet<(Timestamp, InstanceId)>,
    /// The tombstones in the order in which their instances finished.
    finished: BTreeMap<u64, InstanceId>,
    last_finished: u64,
}

enum Entry {
    Live(Box<InstanceRow>),
    Finished { nth: u64, tombstone: Box<Tombstone> },
}

impl Instances {
    /// What is there; a tombstone from before `horizon` is as good as none.
    pub(super) fn find(&self, id: &InstanceId, horizon: Timestamp) -> Found {
        match self.entries.get(id) {
            Some(Entry::Live(row)) => Found::Live(row.as_ref().clone()),
            Some(Entry::Finished { tombstone, .. }) if tombstone.finished_at >= horizon => {
                Found::Finished(tombstone.as_ref().clone())
            }
            _ => Found::Absent,
        }
    }

    /// Whether the instance has the version that a change rests on.
    pub(super) fn is_as_expected(&self, change: &InstanceChange, horizon: Timestamp) -> bool {
        match self.entries.get(&change.id) {
            Some(Entry::Live(row)) => change.expect == Some(row.version),
            Some(Entry::Finished { tombstone, .. }) => {
                change.expect.is_none() && tombstone.finished_at < horizon
            }
            None => change.expect.is_none(),
        }
    }

    /// Creates or replaces a live instance.
    pub(super) fn put(&mut self, id: InstanceId, row: InstanceRow) {
        let due = row.due;
        let before = self.entries.insert(id.clone(), Entry::Live(Box::new(row)));
        let due_before = match before {
            Some(Entry::Live(row)) => row.due,
            Some(Entry::Finished { nth, .. }) => {
                self.finished.remove(&nth);
                None
            }
            None => None,
        };
        self.move_timer(id, due_before, due);
    }

    fn move_timer(&mut self, id: InstanceId, from: Option<Timestamp>, to: Option<Timestamp>) {
        if from == to {
            return;
        }
        let id = match from {
            Some(from) => {
                let timer = (from, id);
                self.due.remove(&timer);
                timer.1
            }
            None => id,
        };
        if let Some(to) = to {
            self.due.insert((to, id));
        }
    }

    /// Puts a tombstone in the place of an instance, and drops the oldest tombstones past `bound`.
    pub(super) fn finish(&mut self, id: InstanceId, tombstone: Tombstone, bound: usize) {
        self.last_finished += 1;
        let nth = self.last_finished;
        let tombstone = Box::new(tombstone);
        match self
            .entries
            .insert(id.clone(), Entry::Finished { nth, tombstone })
        {
            Some(Entry::Live(row)) => self.move_timer(id.clone(), row.due, None),
            Some(Entry::Finished { nth, .. }) => drop(self.finished.remove(&nth)),
            None => {}
        }
        self.finished.insert(nth, id);
        while self.finished.len() > bound {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.finished.pop_first() {
            self.entries.remove(&id);
        }
    }

    /// Drops up to `chunk` tombstones from before `horizon`, those that finished first; how many there were.
    pub(super) fn collect(&mut self, horizon: Timestamp, chunk: usize) -> usize {
        let mut collected = 0;
        while collected < chunk && self.oldest_finished_at().is_some_and(|at| at < horizon) {
            self.forget_oldest();
            collected += 1;
        }
        collected
    }

    fn oldest_finished_at(&self) -> Option<Timestamp> {
        let (_, id) = self.finished.first_key_value()?;
        match self.entries.get(id)? {
            Entry::Finished { tombstone, .. } => Some(tombstone.finished_at),
            Entry::Live(_) => None,
        }
    }

    /// Up to `limit` instances whose timer is due, earliest first, and when the next one is.
    pub(super) fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> (Vec<(InstanceId, Timestamp)>, Option<Timestamp>) {
        let due: Vec<_> = self
            .due
            .iter()
            .take_while(|(at, _)| *at <= now)
            .take(limit)
            .map(|(at, id)| (id.clone(), *at))
            .collect();
        let next = self.due.iter().nth(due.len()).map(|(at, _)| *at);
        (due, next)
    }

    /// Every live instance, in no order.
    pub(super) fn live(&self) -> impl Iterator<Item = &InstanceRow> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Live(row) => Some(row.as_ref()),
            Entry::Finished { .. } => None,
        })
    }
}
