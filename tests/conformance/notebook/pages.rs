//! What is written down: a list of each kind of thing.

use std::collections::BTreeSet;

use saga_runtime::{
    Timestamp,
    dead_letter::{DeadLetterId, StoredDeadLetter},
    envelope::MessageId,
    store::{
        Catalog, Change, Found, InboxEntry, InstanceChange, InstanceId, InstanceRow, NewMessage, Outcome,
        Park, Seq, Source, Stored, Subscription, Taken, Tombstone, Unit, Wait, Want,
    },
};

use super::{Caller, nodes::Alive};

/// Everything. A database has a table for each, with an index for every `find` and `filter` below.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// In the order in which they were accepted.
    pub(super) messages: Vec<Row>,
    pub(super) live: Vec<InstanceRow>,
    pub(super) finished: Vec<Tombstone>,
    pub(super) inbox: Vec<(InboxEntry, Timestamp)>,
    pub(super) dead: Vec<StoredDeadLetter>,
    pub(super) subscriptions: BTreeSet<Subscription>,
    pub(super) nodes: Vec<Alive>,
    last_seq: Seq,
    last_letter: DeadLetterId,
}

/// A message, and who has it in hand.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) stored: Stored,
    pub(super) owner: Option<MessageId>,
    due: Option<Timestamp>,
    /// The instance it waits for, or that must be opened for it.
    awaits: Option<InstanceId>,
}

impl Row {
    fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_none_or(|due| due <= now)
    }
}

/// What one call claims, and how many bytes of it there may be yet. The first message always fits.
struct Claimed {
    rows: Vec<Stored>,
    bytes_left: usize,
}

impl Pages {
    /// Applies a unit wholly, or says what it rests on that does not hold.
    pub(super) fn commit(&mut self, caller: &Caller, unit: Unit) -> Outcome {
        if let Some(refusal) = self.refusal(caller, &unit) {
            return refusal;
        }
        if let Some(change) = unit.instance {
            self.change(change);
        }
        self.messages
            .retain(|row| !unit.consumed.contains(&row.stored.seq));
        unit.park.into_iter().for_each(|park| self.park(park));
        let handled = unit.inbox.into_iter().map(|entry| (entry, caller.now));
        self.inbox.extend(handled);
        for letter in unit.dead {
            self.last_letter += 1;
            let id = self.last_letter;
            self.dead.push(StoredDeadLetter { id, letter });
        }
        let out = unit.out.into_iter();
        let born = out
            .map(|message| self.put(message, Some(caller.node.id), caller.now))
            .collect();
        Outcome::Applied { born }
    }

    fn refusal(&self, caller: &Caller, unit: &Unit) -> Option<Outcome> {
        let mut claims = unit.consumed.iter().chain(unit.park.iter().map(|park| &park.seq));
        let mine = |seq: &Seq| {
            let mut rows = self.messages.iter();
            rows.any(|row| row.stored.seq == *seq && row.owner == Some(caller.node.id))
        };
        if !claims.all(mine) {
            return Some(Outcome::ClaimLost);
        }
        if let Some(join) = unit.join.first() {
            return Some(Outcome::Rejected(join.not_for("notebook")));
        }
        if unit.inbox.iter().any(|entry| self.knows(entry, caller)) {
            return Some(Outcome::Duplicate);
        }
        let change = unit.instance.as_ref()?;
        let version = match self.find(&change.id, caller) {
            Found::Live(row) => Some(row.version),
            Found::Absent => None,
            // A tombstone is neither: whatever rests on it has lost.
            Found::Finished(_) => return Some(Outcome::Conflict),
        };
        (change.expect != version).then_some(Outcome::Conflict)
    }

    fn change(&mut self, InstanceChange { id, expect, change }: InstanceChange) {
        if change == Change::Keep {
            return;
        }
        if expect.is_none() {
            self.release_waiting_for(&id);
        }
        self.live.retain(|row| row.id != id);
        self.finished.retain(|tombstone| tombstone.id != id);
        match change {
            Change::Keep => {}
            Change::Put(row) => self.live.push(row),
            Change::Finish(tombstone) => self.finished.push(tombstone),
        }
    }

    /// The instance has come to be. Whoever waited for it does not wait again, even if the next to claim it dies.
    fn release_waiting_for(&mut self, id: &InstanceId) {
        let waiting = self.messages.iter_mut().filter(|row| {
            row.stored.wait == Wait::Absent && row.owner.is_none() && row.awaits.as_ref() == Some(id)
        });
        for row in waiting {
            row.due = None;
        }
    }

    fn park(&mut self, park: Park) {
        let rows = self.messages.iter_mut();
        for row in rows.filter(|row| row.stored.seq == park.seq) {
            row.stored.attempts = park.attempts;
            row.stored.crashes = park.crashes;
            row.stored.history.clone_from(&park.history);
            if park.keep {
                continue;
            }
            row.stored.wait = park.wait;
            row.stored.suspect = false;
            row.owner = None;
            row.due = park.due;
            row.awaits.clone_from(&park.instance);
        }
    }

    /// Writes down a message; `node` holds it if it is born claimed.
    pub(super) fn put(&mut self, message: NewMessage, node: Option<MessageId>, now: Timestamp) -> Seq {
        self.last_seq += 1;
        self.messages.push(Row {
            owner: node.filter(|_| message.claimed),
            due: message.due,
            awaits: message.instance,
            stored: Stored {
                seq: self.last_seq,
                envelope: message.envelope,
                queue: message.queue,
                consumer: message.consumer,
                wait: message.wait,
                accepted_at: now,
                attempts: message.attempts,
                crashes: 0,
                suspect: false,
                history: message.history,
            },
        });
        self.last_seq
    }

    pub(super) fn take(&mut self, caller: &Caller, want: &Want) -> Taken {
        let now = caller.now;
        let me = self.nodes.iter().find(|node| node.id == caller.node.id);
        let catalog = me.map(|node| node.catalog.clone()).unwrap_or_default();
        let mut claimed = Claimed {
            rows: Vec::new(),
            bytes_left: want.max_bytes,
        };
        let mut more = Vec::with_capacity(want.claims.len());
        for claim in &want.claims {
            let is_wanted = |stored: &Stored| {
                stored.wait != Wait::Relay && stored.queue == claim.queue && stored.consumer == claim.consumer
            };
            more.push(self.claim(caller, &catalog, claim.limit, is_wanted, &mut claimed));
        }
        let mut messages = std::mem::take(&mut claimed.rows);
        messages.sort_unstable_by_key(|stored| stored.seq);
        let to_relay = |stored: &Stored| stored.wait == Wait::Relay;
        self.claim(caller, &catalog, want.relay, to_relay, &mut claimed);
        let (timers, next_timer) = self.timers(now, want.timers, &catalog);
        let waiting = self
            .messages
            .iter()
            .filter(|row| row.owner.is_none() && !row.is_due(now));
        Taken {
            now,
            messages,
            more,
            instances: want.instances.iter().map(|id| self.find(id, caller)).collect(),
            known: want.inbox.iter().map(|entry| self.knows(entry, caller)).collect(),
            timers,
            oldest: want
                .oldest
                .iter()
                .map(|source| self.oldest(source, now))
                .collect(),
            relay: claimed.rows,
            next_due: waiting.filter_map(|row| row.due).chain(next_timer).min(),
        }
    }

    /// Claims up to `limit` of what is ready and wanted, oldest first; whether some is left.
    fn claim(
        &mut self,
        caller: &Caller,
        catalog: &Catalog,
        limit: usize,
        is_wanted: impl Fn(&Stored) -> bool,
        claimed: &mut Claimed,
    ) -> bool {
        let mut room = limit;
        for index in 0..self.messages.len() {
            let row = &self.messages[index];
            if !is_wanted(&row.stored) || !self.is_ready(row, caller.now, catalog) {
                continue;
            }
            let bytes = row.stored.envelope.body.len();
            if room == 0 || !(claimed.rows.is_empty() || bytes <= claimed.bytes_left) {
                return true;
            }
            room -= 1;
            claimed.bytes_left = claimed.bytes_left.saturating_sub(bytes);
            let row = &mut self.messages[index];
            row.owner = Some(caller.node.id);
            claimed.rows.push(row.stored.clone());
        }
        false
    }

    /// Nobody has it in hand, and its wait is over; or it waits for a build that knows it, and this is one.
    fn is_ready(&self, row: &Row, now: Timestamp, catalog: &Catalog) -> bool {
        let Row {
            stored,
            owner,
            awaits,
            ..
        } = row;
        let is_known = || {
            let mut live = self.live.iter();
            let needed = awaits.as_ref().and_then(|id| live.find(|row| row.id == *id));
            catalog.takes(&stored.queue, stored.consumer.as_deref(), &stored.envelope)
                && needed.is_none_or(|row| catalog.opens(row))
        };
        owner.is_none() && (row.is_due(now) || stored.wait == Wait::Unknown && is_known())
    }

    /// Instances to wake that this build opens, earliest first; and when the next one is due.
    fn timers(
        &self,
        now: Timestamp,
        limit: usize,
        catalog: &Catalog,
    ) -> (Vec<(InstanceId, Timestamp)>, Option<Timestamp>) {
        let armed = self.live.iter().filter(|row| catalog.opens(row));
        let mut timers: Vec<_> = armed.filter_map(|row| Some((row.id.clone(), row.due?))).collect();
        timers.sort_unstable_by_key(|(_, due)| *due);
        let named = timers
            .iter()
            .take(limit)
            .take_while(|(_, due)| *due <= now)
            .count();
        let next = timers.get(named).map(|(_, due)| *due);
        timers.truncate(named);
        (timers, next)
    }

    /// When the oldest fresh message of a consumer was accepted, in hand or not: no timer overtakes it.
    fn oldest(&self, source: &Source, now: Timestamp) -> Option<Timestamp> {
        let mut rows = self.messages.iter();
        let oldest = rows.find(|row| {
            let consumer = row.stored.consumer.as_ref();
            row.stored.queue == source.queue
                && row.stored.wait == Wait::Ready
                && consumer.is_none_or(|consumer| *consumer == source.consumer)
                && (row.owner.is_some() || row.is_due(now))
        });
        oldest.map(|row| row.stored.accepted_at)
    }

    pub(super) fn find(&self, id: &InstanceId, caller: &Caller) -> Found {
        if let Some(row) = self.live.iter().find(|row| row.id == *id) {
            return Found::Live(row.clone());
        }
        let mut remembered = self.finished.iter();
        let tombstone =
            remembered.find(|tombstone| tombstone.id == *id && tombstone.finished_at >= caller.horizon());
        tombstone.cloned().map_or(Found::Absent, Found::Finished)
    }

    fn knows(&self, entry: &InboxEntry, caller: &Caller) -> bool {
        let mut inbox = self.inbox.iter();
        inbox.any(|(known, at)| known == entry && *at >= caller.horizon())
    }
}
