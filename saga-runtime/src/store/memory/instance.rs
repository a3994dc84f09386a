//! Live instances with their timers, and the tombstones of finished ones.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    hash::HashMap,
    store::{Catalog, Found, InstanceChange, InstanceId, InstanceRow, Tombstone},
};

/// All instances, and what is left of them.
#[derive(Default)]
pub(super) struct Instances {
    entries: HashMap<InstanceId, Entry>,
    /// The timers, told apart by the number of their instance.
    due: BTreeMap<(Timestamp, u64), InstanceId>,
    /// The tombstones in the order in which their instances finished.
    finished: BTreeMap<u64, InstanceId>,
    last_number: u64,
}

enum Entry {
    Live { number: u64, row: Box<InstanceRow> },
    Finished { number: u64, tombstone: Box<Tombstone> },
}

impl Instances {
    /// What is there; a tombstone from before `horizon` is as good as none.
    pub(super) fn find(&self, id: &InstanceId, horizon: Timestamp) -> Found {
        match self.entries.get(id) {
            Some(Entry::Live { row, .. }) => Found::Live(row.as_ref().clone()),
            Some(Entry::Finished { tombstone, .. }) if tombstone.finished_at >= horizon => {
                Found::Finished(tombstone.as_ref().clone())
            }
            _ => Found::Absent,
        }
    }

    /// Whether the instance has the version that a change rests on.
    pub(super) fn is_as_expected(&self, change: &InstanceChange, horizon: Timestamp) -> bool {
        match self.entries.get(&change.id) {
            Some(Entry::Live { row, .. }) => change.expect == Some(row.version),
            Some(Entry::Finished { tombstone, .. }) => {
                change.expect.is_none() && tombstone.finished_at < horizon
            }
            None => change.expect.is_none(),
        }
    }

    /// Creates or replaces a live instance.
    pub(super) fn put(&mut self, id: InstanceId, new: InstanceRow) {
        if let Some(Entry::Live { number, row }) = self.entries.get_mut(&id) {
            let (number, before) = (*number, row.due);
            // In place: the common case, and most of what this store does.
            **row = new;
            let due = row.due;
            return self.move_timer(&id, number, before, due);
        }
        let number = self.next_number();
        self.move_timer(&id, number, None, new.due);
        let row = Box::new(new);
        self.replace(id, Entry::Live { number, row });
    }

    /// Puts a tombstone in the place of an instance, and drops the oldest tombstones past `bound`.
    pub(super) fn finish(&mut self, id: InstanceId, tombstone: Tombstone, bound: usize) {
        let number = self.next_number();
        let tombstone = Box::new(tombstone);
        self.finished.insert(number, id.clone());
        self.replace(id, Entry::Finished { number, tombstone });
        while self.finished.len() > bound {
            self.forget_oldest();
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Puts an entry in the place of another, of which nothing is left.
    fn replace(&mut self, id: InstanceId, entry: Entry) {
        match self.entries.insert(id, entry) {
            Some(Entry::Live { number, row }) => {
                if let Some(due) = row.due {
                    self.due.remove(&(due, number));
                }
            }
            Some(Entry::Finished { number, .. }) => drop(self.finished.remove(&number)),
            None => {}
        }
    }

    fn move_timer(&mut self, id: &InstanceId, number: u64, from: Option<Timestamp>, to: Option<Timestamp>) {
        if from == to {
            return;
        }
        let before = from.and_then(|from| self.due.remove(&(from, number)));
        if let Some(to) = to {
            self.due
                .insert((to, number), before.unwrap_or_else(|| id.clone()));
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
            Entry::Live { .. } => None,
        }
    }

    /// Up to `limit` instances whose timer is due and that `catalog` opens, earliest first, and when the next one is.
    pub(super) fn due(
        &self,
        now: Timestamp,
        limit: usize,
        catalog: &Catalog,
    ) -> (Vec<(InstanceId, Timestamp)>, Option<Timestamp>) {
        let mut due = Vec::new();
        for ((at, _), id) in &self.due {
            if *at > now {
                return (due, Some(*at));
            }
            if !self.live_row(id).is_some_and(|row| catalog.opens(row)) {
                continue;
            }
            if due.len() == limit {
                return (due, Some(*at));
            }
            due.push((id.clone(), *at));
        }
        (due, None)
    }

    /// A live instance.
    pub(super) fn live_row(&self, id: &InstanceId) -> Option<&InstanceRow> {
        match self.entries.get(id)? {
            Entry::Live { row, .. } => Some(row),
            Entry::Finished { .. } => None,
        }
    }

    /// Every live instance, in no order.
    pub(super) fn live(&self) -> impl Iterator<Item = &InstanceRow> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Live { row, .. } => Some(row.as_ref()),
            Entry::Finished { .. } => None,
        })
    }
}
