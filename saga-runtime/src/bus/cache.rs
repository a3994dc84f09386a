//! Instances kept decoded between batches. A hint, never the truth: every change passes the store's version gate.

use crate::{
    engine::Slot,
    hash::HashMap,
    store::{Found, InstanceId},
};

/// An instance as it was last committed, and as it decodes.
pub(crate) struct Cached {
    pub(crate) found: Found,
    pub(crate) slot: Slot,
}

/// Two generations: when the young one is full, it becomes the old one, and what the old one held is forgotten.
pub(crate) struct Cache {
    young: HashMap<InstanceId, Cached>,
    old: HashMap<InstanceId, Cached>,
    generation: usize,
}

impl Cache {
    /// Holds at most `capacity` instances.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
            generation: (capacity / 2).max(1),
        }
    }

    pub(crate) fn take(&mut self, id: &InstanceId) -> Option<Cached> {
        self.young.remove(id).or_else(|| self.old.remove(id))
    }

    pub(crate) fn contains(&self, id: &InstanceId) -> bool {
        self.young.contains_key(id) || self.old.contains_key(id)
    }

    pub(crate) fn put(&mut self, id: InstanceId, cached: Cached) {
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, cached);
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}
