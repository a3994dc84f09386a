//! The whole of the store behind its lock, and what a take and a commit do to it.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::{
    dead_letter::DeadLetters,
    inbox::Inbox,
    instance::Instances,
    message::{Messages, Recognised},
    node::Nodes,
};
use crate::{
    envelope::MessageId,
    limits::Limits,
    store::{Catalog, Change, InstanceChange, Node, Outcome, Subscription, Taken, Unit, Want},
};

/// Everything stored.
#[derive(Default)]
pub(super) struct State {
    pub(super) nodes: Nodes,
    pub(super) subscriptions: BTreeSet<Subscription>,
    pub(super) messages: Messages,
    pub(super) instances: Instances,
    pub(super) inbox: Inbox,
    pub(super) dead: DeadLetters,
}

/// Who calls, and when.
pub(super) struct Caller {
    pub(super) node: Arc<Node>,
    pub(super) now: Timestamp,
}

impl Caller {
    pub(super) fn id(&self) -> MessageId {
        self.node.id
    }

    /// Whatever ended before this is past its retention.
    pub(super) fn horizon(&self) -> Timestamp {
        horizon(self.now, &self.node.limits)
    }
}

pub(super) fn horizon(now: Timestamp, limits: &Limits) -> Timestamp {
    now.saturating_sub(limits.retention).unwrap_or(Timestamp::MIN)
}

impl State {
    pub(super) fn take(&mut self, caller: &Caller, want: Want) -> Taken {
        self.messages.release_due(caller.now);
        let mut nobody = (Catalog::default(), Recognised::default());
        let (catalog, recognised) = self.nodes.of(caller.id()).unwrap_or((&nobody.0, &mut nobody.1));
        let (messages, more, relay) = self.messages.claim(caller.id(), recognised, &want);
        let (timers, next_timer) = self.instances.due(caller.now, want.timers, catalog);
        let next_due = [next_timer, self.messages.next_due()].into_iter().flatten().min();
        let horizon = caller.horizon();
        Taken {
            now: caller.now,
            messages,
            more,
            instances: want
                .instances
                .iter()
                .map(|id| self.instances.find(id, horizon))
                .collect(),
            known: want
                .inbox
                .iter()
                .map(|entry| self.inbox.holds(entry, horizon))
                .collect(),
            timers,
            oldest: want
                .oldest
                .iter()
                .map(|source| self.messages.oldest(source))
                .collect(),
            relay,
            next_due,
        }
    }

    pub(super) fn commit(&mut self, caller: &Caller, units: Vec<Unit>) -> Vec<Outcome> {
        let outcomes = units
            .into_iter()
            .map(|unit| match self.refusal(caller, &unit) {
                Some(refusal) => refusal,
                None => self.apply(caller, unit),
            })
            .collect();
        self.wake_if_ready();
        outcomes
    }

    /// Whatever keeps a unit from being applied.
    fn refusal(&self, caller: &Caller, unit: &Unit) -> Option<Outcome> {
        let mut claims = unit.consumed.iter().chain(unit.park.iter().map(|park| &park.seq));
        if !claims.all(|&seq| self.messages.is_claimed_by(seq, caller.id())) {
            return Some(Outcome::ClaimLost);
        }
        if let Some(join) = unit.join.first() {
            return Some(Outcome::Rejected(join.not_for("memory")));
        }
        let horizon = caller.horizon();
        if unit.inbox.iter().any(|entry| self.inbox.holds(entry, horizon)) {
            return Some(Outcome::Duplicate);
        }
        let stands = unit
            .instance
            .as_ref()
            .is_none_or(|change| self.instances.is_as_expected(change, horizon));
        (!stands).then_some(Outcome::Conflict)
    }

    fn apply(&mut self, caller: &Caller, unit: Unit) -> Outcome {
        if let Some(change) = unit.instance {
            self.change_instance(caller, change);
        }
        for seq in unit.consumed {
            self.messages.remove(seq);
        }
        for park in unit.park {
            self.messages.park(park, caller.now);
        }
        let bound = caller.node.limits.memory_tombstones;
        for entry in unit.inbox {
            self.inbox.record(entry, caller.now, bound);
        }
        for letter in unit.dead {
            self.dead.add(letter);
        }
        let born = unit
            .out
            .into_iter()
            .map(|message| self.messages.insert(message, Some(caller.id()), caller.now))
            .collect();
        Outcome::Applied { born }
    }

    fn change_instance(&mut self, caller: &Caller, InstanceChange { id, expect, change }: InstanceChange) {
        match change {
            Change::Keep => {}
            Change::Put(row) => {
                if expect.is_none() {
                    self.messages.release_absent(&id);
                }
                self.instances.put(id, row);
            }
            Change::Finish(tombstone) => {
                if expect.is_none() {
                    self.messages.release_absent(&id);
                }
                let bound = caller.node.limits.memory_tombstones;
                self.instances.finish(id, tombstone, bound);
            }
        }
    }

    pub(super) fn wake_if_ready(&mut self) {
        if self.messages.took_notice() {
            self.nodes.wake_all();
        }
    }
}
