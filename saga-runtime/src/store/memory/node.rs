//! The nodes on this store: their leases, what becomes of the dead, and the garbage collected on the way.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{
    message::Recognised,
    state::{Caller, State},
};
use crate::{
    envelope::MessageId,
    store::{Beat, Catalog, LEASE, Opened},
};

/// The most rows of one kind that a beat collects.
const CHUNK: usize = 1_024;

/// The nodes alive, or thought to be.
#[derive(Default)]
pub(super) struct Nodes {
    alive: BTreeMap<MessageId, Alive>,
}

struct Alive {
    lease_until: Timestamp,
    catalog: Catalog,
    /// What waited for a build like this one.
    recognised: Recognised,
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
            catalog: Catalog::default(),
            recognised: Recognised::default(),
            wake: Arc::clone(wake),
        });
        node.lease_until = lease_until;
        node
    }

    /// A node that was taken for dead and goes on: what it claims from now on, it holds by a lease as all do.
    pub(super) fn enlist(&mut self, caller: &Caller, wake: &Arc<Notify>) {
        if !self.alive.contains_key(&caller.id()) {
            self.renew(caller, wake);
        }
    }

    /// What a node knows, and what waits for it to be taken.
    pub(super) fn of(&mut self, node: MessageId) -> Option<(&Catalog, &mut Recognised)> {
        let node = self.alive.get_mut(&node)?;
        Some((&node.catalog, &mut node.recognised))
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
        self.nodes.renew(caller, wake).catalog.extend(catalog);
        self.recognise(caller);
        self.subscriptions.extend(catalog.subscriptions.iter().cloned());
        self.adopt(caller);
        self.wake_if_ready();
        Opened {
            now: caller.now,
            subscriptions: self.subscriptions.iter().cloned().collect(),
        }
    }

    pub(super) fn beat(&mut self, caller: &Caller, wake: &Arc<Notify>) -> Beat {
        self.nodes.renew(caller, wake);
        self.recognise(caller);
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

    /// Finds what waited for a build that knows it, and is known to this one.
    fn recognise(&mut self, caller: &Caller) {
        let Some(node) = self.nodes.alive.get_mut(&caller.id()) else {
            return;
        };
        let (catalog, instances) = (&node.catalog, &self.instances);
        node.recognised = self.messages.recognise(|stored, instance| {
            catalog.takes(&stored.queue, stored.consumer.as_deref(), &stored.envelope)
                && instance
                    .and_then(|id| instances.live_row(id))
                    .is_none_or(|row| catalog.opens(row))
        });
        if !node.recognised.is_empty() {
            node.wake.notify_one();
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
