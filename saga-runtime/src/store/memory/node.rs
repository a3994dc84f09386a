//! The nodes on this store: their leases, what becomes of the dead, and the garbage collected on the way.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::state::{Caller, State};
use crate::{
    envelope::MessageId,
    hash::HashMap,
    store::{Beat, Catalog, LEASE, Opened},
};

/// The most rows of one kind that a beat collects.
const CHUNK: usize = 1_024;

/// The nodes alive, or thought to be.
#[derive(Default)]
pub(super) struct Nodes {
    alive: HashMap<MessageId, Alive>,
}

struct Alive {
    lease_until: Timestamp,
    /// Wire names of the messages it knows.
    messages: BTreeSet<Arc<str>>,
    wake: Arc<Notify>,
}

impl Nodes {
    pub(super) fn wake_all(&self) {
        for node in self.alive.values() {
            node.wake.notify_one();
        }
    }

    fn renew(&mut self, caller: &Caller, wake: &Arc<Notify>) -> &mut Alive {
        let lease_until = later(caller.now, LEASE);
        let node = self.alive.entry(caller.id()).or_insert_with(|| Alive {
            lease_until,
            messages: BTreeSet::new(),
            wake: Arc::clone(wake),
        });
        node.lease_until = lease_until;
        node
    }

    fn lapsed(&self, now: Timestamp) -> Vec<MessageId> {
        let lapsed = self.alive.iter().filter(|(_, node)| node.lease_until < now);
        lapsed.map(|(&id, _)| id).collect()
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

impl State {
    pub(super) fn open(&mut self, caller: &Caller, catalog: &Catalog, wake: &Arc<Notify>) -> Opened {
        let node = self.nodes.renew(caller, wake);
        node.messages.extend(catalog.messages.iter().cloned());
        self.messages.release_known(&node.messages);
        self.subscriptions.extend(catalog.subscriptions.iter().cloned());
        self.adopt(caller);
        self.wake_if_ready();
        Opened {
            subscriptions: self.subscriptions.iter().cloned().collect(),
        }
    }

    pub(super) fn beat(&mut self, caller: &Caller, wake: &Arc<Notify>) -> Beat {
        let node = self.nodes.renew(caller, wake);
        self.messages.release_known(&node.messages);
        let adopted = self.adopt(caller);
        self.messages.release_due(caller.now);
        self.wake_if_ready();
        let horizon = caller.horizon();
        let collected = [
            self.instances.collect(horizon, CHUNK),
            self.inbox.collect(horizon, CHUNK),
        ];
        Beat {
            adopted,
            collected: collected.iter().sum(),
            more: collected.contains(&CHUNK),
        }
    }

    /// Gives back what the nodes that did not renew their lease had claimed.
    fn adopt(&mut self, caller: &Caller) -> usize {
        let lapsed = self.nodes.lapsed(caller.now);
        lapsed
            .into_iter()
            .map(|id| {
                self.nodes.alive.remove(&id);
                self.messages.unclaim(id, true, caller.now)
            })
            .sum()
    }

    /// Lets a node's lease end at once: another has taken its handle.
    pub(super) fn lapse(&mut self, node: MessageId) {
        if let Some(node) = self.nodes.alive.get_mut(&node) {
            node.lease_until = Timestamp::MIN;
        }
    }

    pub(super) fn close(&mut self, node: MessageId, now: Timestamp) {
        self.nodes.alive.remove(&node);
        self.messages.unclaim(node, false, now);
        self.wake_if_ready();
    }
}
