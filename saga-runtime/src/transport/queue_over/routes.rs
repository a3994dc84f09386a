//! Which queues there are and which events they get, as the store's subscriptions tell it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    store::Subscription,
    transport::{Destination, Topology},
};

/// Stands for an event in the subscription that says no more than that a queue exists. No message can have this name,
/// for names are words.
const QUEUE: &str = "#queue";

/// Where messages go.
#[derive(Debug, Default)]
pub(super) struct Routes {
    queues: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Routes {
    /// What the store knows.
    pub(super) fn of(subscriptions: Vec<Subscription>) -> Self {
        let mut routes = Self::default();
        for Subscription { event, queue } in subscriptions {
            routes.queues.entry(event).or_default().insert(queue);
        }
        routes
    }

    /// The subscription that says that a queue exists.
    pub(super) fn mark(queue: &Arc<str>) -> Subscription {
        Subscription {
            event: QUEUE.into(),
            queue: Arc::clone(queue),
        }
    }

    /// The subscriptions that say that all queues of a topology exist.
    pub(super) fn marks(topology: &Topology) -> Vec<Subscription> {
        let queues = topology.queues.iter().chain(&topology.ephemeral);
        queues.map(Self::mark).collect()
    }

    pub(super) fn has_queue(&self, queue: &str) -> bool {
        self.queues
            .get(QUEUE)
            .is_some_and(|queues| queues.contains(queue))
    }

    pub(super) fn is_new_queue(&self, to: &Destination) -> bool {
        matches!(to, Destination::Queue(queue) if !self.has_queue(queue))
    }

    /// The queues a message goes to.
    pub(super) fn queues(&self, to: &Destination) -> Vec<Arc<str>> {
        match to {
            Destination::Queue(queue) if self.has_queue(queue) => vec![Arc::clone(queue)],
            Destination::Queue(_) => Vec::new(),
            Destination::Event(event) => {
                let bound = self.queues.get(event).into_iter().flatten();
                bound.filter(|queue| self.has_queue(queue)).cloned().collect()
            }
        }
    }
}
