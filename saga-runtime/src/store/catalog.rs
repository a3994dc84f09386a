//! What a build knows: builds of several ages may work on one store, and each is given only what it can read.

use std::{collections::BTreeSet, sync::Arc};

use super::{InstanceRow, Subscription};
use crate::envelope::Envelope;

/// What this build knows and serves.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The queues served, `<endpoint>` and `<endpoint>.replies`.
    pub queues: Vec<Arc<str>>,
    /// The messages it takes.
    pub messages: Vec<KnownMessage>,
    /// The sagas it serves.
    pub sagas: Vec<KnownSaga>,
    /// The events subscribed to, and by which queue.
    pub subscriptions: Vec<Subscription>,
}

/// A message that a saga or service of this build takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KnownMessage {
    /// The message's wire name.
    pub name: Arc<str>,
    /// The newest version of it that can be read.
    pub version: u32,
    /// Where it is taken from.
    pub queue: Arc<str>,
    /// By which saga or service.
    pub consumer: Arc<str>,
}

/// A saga that this build serves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownSaga {
    /// The saga's stored name.
    pub name: Arc<str>,
    /// The newest version of its data that can be read.
    pub version: u32,
    /// The stored names of its states: those of today, of old, and `compensate`.
    pub states: BTreeSet<Arc<str>>,
}

impl Catalog {
    /// Whether something here can read a message in `queue`: the `consumer` it is assigned to, else the saga that it
    /// answers, else anybody there.
    pub fn takes(&self, queue: &str, consumer: Option<&str>, envelope: &Envelope) -> bool {
        let consumer = consumer.or_else(|| envelope.to.as_ref().map(|to| &*to.saga));
        self.messages.iter().any(|known| {
            known.name == envelope.name
                && known.version >= envelope.version
                && *known.queue == *queue
                && consumer.is_none_or(|consumer| *known.consumer == *consumer)
        })
    }

    /// Whether an instance can be opened here: its saga is served, and its data and state are not newer than this build.
    pub fn opens(&self, instance: &InstanceRow) -> bool {
        self.reads(&instance.id.saga, instance.saga_version, &instance.state)
    }

    /// As [`opens`](Self::opens), of the three columns it rests on.
    pub fn reads(&self, saga: &str, version: u32, state: &str) -> bool {
        let mut sagas = self.sagas.iter().filter(|known| *known.name == *saga);
        sagas.any(|known| known.version >= version && known.states.contains(state))
    }

    /// Adds what another names.
    pub fn extend(&mut self, other: &Self) {
        add(&mut self.queues, &other.queues);
        add(&mut self.messages, &other.messages);
        add(&mut self.sagas, &other.sagas);
        add(&mut self.subscriptions, &other.subscriptions);
    }
}

fn add<T: Clone + Ord>(all: &mut Vec<T>, more: &[T]) {
    all.extend_from_slice(more);
    all.sort();
    all.dedup();
}
