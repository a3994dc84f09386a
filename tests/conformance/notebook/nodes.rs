//! The processes on the notebook: their leases, and what becomes of what the dead had claimed.

use std::sync::Arc;

use saga_runtime::{
    Timestamp,
    envelope::MessageId,
    store::{Beat, Catalog, LEASE, Opened},
};
use tokio::sync::Notify;

use super::{Caller, pages::Pages};

/// The most that one beat forgets of a kind: collecting must not hold up the commits.
const CHUNK: usize = 1_024;

/// A process that is alive, or thought to be.
#[derive(Debug)]
pub(super) struct Alive {
    pub(super) id: MessageId,
    lease_until: Timestamp,
    /// What its build can read.
    pub(super) catalog: Catalog,
    wake: Arc<Notify>,
}

impl Pages {
    /// A process that was taken for dead and goes on holds what it claims from now on by a lease, as all do.
    pub(super) fn enlist(&mut self, caller: &Caller, wake: &Arc<Notify>) {
        if !self.nodes.iter().any(|node| node.id == caller.node.id) {
            self.nodes.push(Alive {
                id: caller.node.id,
                lease_until: until(caller),
                catalog: Catalog::default(),
                wake: Arc::clone(wake),
            });
        }
    }

    pub(super) fn wake_all(&self) {
        self.nodes.iter().for_each(|node| node.wake.notify_one());
    }

    pub(super) fn open(&mut self, caller: &Caller, catalog: &Catalog) -> Opened {
        self.renew(caller);
        for node in self.nodes.iter_mut().filter(|node| node.id == caller.node.id) {
            node.catalog.extend(catalog);
        }
        self.subscriptions.extend(catalog.subscriptions.iter().cloned());
        self.adopt(caller.now);
        Opened {
            now: caller.now,
            subscriptions: self.subscriptions.iter().cloned().collect(),
        }
    }

    pub(super) fn beat(&mut self, caller: &Caller) -> Beat {
        self.renew(caller);
        let adopted = self.adopt(caller.now);
        let horizon = caller.horizon();
        let (mut finished, mut handled) = (0, 0);
        self.finished.retain(|tombstone| {
            let keep = tombstone.finished_at >= horizon || finished == CHUNK;
            finished += usize::from(!keep);
            keep
        });
        self.inbox.retain(|(_, at)| {
            let keep = *at >= horizon || handled == CHUNK;
            handled += usize::from(!keep);
            keep
        });
        Beat {
            adopted,
            collected: finished + handled,
            more: finished == CHUNK || handled == CHUNK,
        }
    }

    fn renew(&mut self, caller: &Caller) {
        for node in self.nodes.iter_mut().filter(|node| node.id == caller.node.id) {
            node.lease_until = until(caller);
        }
    }

    /// Gives back what processes had claimed whose lease has run out. It may have been what killed them.
    fn adopt(&mut self, now: Timestamp) -> usize {
        let (alive, dead): (Vec<_>, Vec<_>) = std::mem::take(&mut self.nodes)
            .into_iter()
            .partition(|node| node.lease_until >= now);
        self.nodes = alive;
        dead.iter().map(|node| self.give_back(node.id, true)).sum()
    }

    /// Another process has taken the place of this one.
    pub(super) fn end_lease(&mut self, node: MessageId) {
        for node in self.nodes.iter_mut().filter(|alive| alive.id == node) {
            node.lease_until = Timestamp::MIN;
        }
    }

    /// In good order: nothing of what it had claimed is suspect.
    pub(super) fn close(&mut self, node: MessageId) {
        self.nodes.retain(|alive| alive.id != node);
        self.give_back(node, false);
        self.wake_all();
    }

    fn give_back(&mut self, node: MessageId, suspect: bool) -> usize {
        let claimed = self.messages.iter_mut().filter(|row| row.owner == Some(node));
        let given = claimed.map(|row| {
            row.owner = None;
            row.stored.suspect |= suspect;
        });
        given.count()
    }
}

fn until(caller: &Caller) -> Timestamp {
    caller.now.saturating_add(LEASE).unwrap_or(Timestamp::MAX)
}
