//! Message rows: claimed, ready in a lane, or waiting for a time, an instance or a build that knows them.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;

use super::lane::{Budget, Lane};
use crate::{
    envelope::MessageId,
    hash::HashMap,
    store::{Claim, InstanceId, NewMessage, Park, Seq, Source, Stored, Wait, Want},
};

/// All message rows. A row is claimed (it has an owner), free (it stands in its lane), or waiting (it has a `due`).
pub(super) struct Messages {
    last: Seq,
    rows: HashMap<Seq, Row>,
    lanes: Vec<Lane>,
    lane_of: HashMap<Arc<str>, HashMap<Option<Arc<str>>, usize>>,
    waiting: BTreeSet<(Timestamp, Seq)>,
    absent: HashMap<InstanceId, Vec<Seq>>,
    unknown: BTreeSet<Seq>,
    /// Something became ready that nobody has been told of.
    notice: bool,
}

struct Row {
    stored: Stored,
    lane: usize,
    owner: Option<MessageId>,
    due: Option<Timestamp>,
    awaits: Option<InstanceId>,
}

/// Rows that one node may claim although they wait, by lane, oldest first.
pub(super) type Recognised = HashMap<usize, VecDeque<Seq>>;

/// The lane of everything that waits to be sent to a broker.
const RELAY: usize = 0;

impl Default for Messages {
    fn default() -> Self {
        Self {
            last: 0,
            rows: HashMap::default(),
            lanes: vec![Lane::default()],
            lane_of: HashMap::default(),
            waiting: BTreeSet::new(),
            absent: HashMap::default(),
            unknown: BTreeSet::new(),
            notice: false,
        }
    }
}

impl Messages {
    /// Adds a row for `node` at `now`.
    pub(super) fn insert(&mut self, message: NewMessage, node: Option<MessageId>, now: Timestamp) -> Seq {
        self.last += 1;
        let seq = self.last;
        let lane = self.lane(message.wait, &message.queue, &message.consumer);
        let stored = Stored {
            seq,
            envelope: message.envelope,
            queue: message.queue,
            consumer: message.consumer,
            wait: message.wait,
            accepted_at: now,
            attempts: message.attempts,
            crashes: 0,
            suspect: false,
            history: message.history,
        };
        let owner = node.filter(|_| message.claimed);
        if owner.is_some() && message.wait == Wait::Ready {
            self.lanes[lane].standing.insert(seq);
        }
        self.rows.insert(
            seq,
            Row {
                stored,
                lane,
                owner,
                due: message.due,
                awaits: message.instance,
            },
        );
        if owner.is_none() {
            self.place(seq, now);
        }
        seq
    }

    pub(super) fn is_claimed_by(&self, seq: Seq, node: MessageId) -> bool {
        self.rows.get(&seq).is_some_and(|row| row.owner == Some(node))
    }

    /// Deletes a claimed row.
    pub(super) fn remove(&mut self, seq: Seq) {
        if let Some(row) = self.rows.remove(&seq) {
            self.lanes[row.lane].standing.remove(&seq);
        }
    }

    /// Lets a claimed row go back to waiting.
    pub(super) fn park(&mut self, park: Park, now: Timestamp) {
        let Some(row) = self.rows.get_mut(&park.seq) else {
            return;
        };
        row.stored.attempts = park.attempts;
        row.stored.crashes = park.crashes;
        row.stored.history = park.history;
        if park.keep {
            return;
        }
        row.owner = None;
        row.due = park.due;
        row.awaits = park.instance;
        row.stored.wait = park.wait;
        row.stored.suspect = false;
        let (queue, consumer) = (Arc::clone(&row.stored.queue), row.stored.consumer.clone());
        let left = row.lane;
        let lane = self.lane(park.wait, &queue, &consumer);
        self.lanes[left].standing.remove(&park.seq);
        if let Some(row) = self.rows.get_mut(&park.seq) {
            row.lane = lane;
        }
        self.place(park.seq, now);
    }

    fn lane(&mut self, wait: Wait, queue: &Arc<str>, consumer: &Option<Arc<str>>) -> usize {
        if wait == Wait::Relay {
            return RELAY;
        }
        if let Some(&lane) = self.lane_of.get(queue).and_then(|lanes| lanes.get(consumer)) {
            return lane;
        }
        self.lanes.push(Lane::default());
        let lane = self.lanes.len() - 1;
        self.lane_of
            .entry(Arc::clone(queue))
            .or_default()
            .insert(consumer.clone(), lane);
        lane
    }

    /// Puts an unclaimed row where it is found: among the waiting, or into its lane.
    fn place(&mut self, seq: Seq, now: Timestamp) {
        let Some(row) = self.rows.get(&seq) else { return };
        let Some(due) = row.due.filter(|&due| due > now) else {
            return self.free(seq);
        };
        self.waiting.insert((due, seq));
        match (row.stored.wait, &row.awaits) {
            (Wait::Absent, Some(id)) => self.absent.entry(id.clone()).or_default().push(seq),
            (Wait::Unknown, _) => drop(self.unknown.insert(seq)),
            _ => {}
        }
    }

    fn free(&mut self, seq: Seq) {
        let Some(row) = self.rows.get(&seq) else { return };
        let lane = &mut self.lanes[row.lane];
        lane.add_free(seq);
        if row.stored.wait == Wait::Ready {
            lane.standing.insert(seq);
        }
        self.notice = true;
    }

    /// Frees everything whose wait is over.
    pub(super) fn release_due(&mut self, now: Timestamp) {
        let notice = self.notice;
        while let Some(&(due, seq)) = self.waiting.first()
            && due <= now
        {
            self.waiting.pop_first();
            self.unknown.remove(&seq);
            self.forget_absence(seq);
            self.free(seq);
        }
        // Whoever is asking gets it, or is told that there is more; of what was freed before, the others are still told.
        self.notice = notice;
    }

    fn forget_absence(&mut self, seq: Seq) {
        let Some(id) = self.rows.get(&seq).and_then(|row| row.awaits.as_ref()) else {
            return;
        };
        let Some(waiting) = self.absent.get_mut(id) else {
            return;
        };
        waiting.retain(|&other| other != seq);
        if waiting.is_empty() {
            self.absent.remove(id);
        }
    }

    /// Frees what waited for an instance that has come to be.
    pub(super) fn release_absent(&mut self, id: &InstanceId) {
        if self.absent.is_empty() {
            return;
        }
        for seq in self.absent.remove(id).unwrap_or_default() {
            self.stop_waiting(seq);
        }
    }

    /// What waits for a build that knows it, as far as `knows` says so of it and the instance that it needs.
    pub(super) fn recognise(&self, knows: impl Fn(&Stored, Option<&InstanceId>) -> bool) -> Recognised {
        let mut recognised = Recognised::default();
        for &seq in &self.unknown {
            if let Some(row) = self.rows.get(&seq)
                && knows(&row.stored, row.awaits.as_ref())
            {
                recognised.entry(row.lane).or_default().push_back(seq);
            }
        }
        recognised
    }

    fn stop_waiting(&mut self, seq: Seq) {
        // Without its due time, so that it does not wait again if whoever claims it dies.
        if let Some(due) = self.rows.get_mut(&seq).and_then(|row| row.due.take()) {
            self.waiting.remove(&(due, seq));
        }
        self.free(seq);
    }

    /// When the next waiting row is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.waiting.first().map(|&(due, _)| due)
    }

    /// Claims what is wanted: messages in order of `seq`, whether each lane holds more, and messages to relay.
    pub(super) fn claim(
        &mut self,
        node: MessageId,
        recognised: &mut Recognised,
        want: &Want,
    ) -> (Vec<Stored>, Vec<bool>, Vec<Stored>) {
        let mut budget = Budget::new(want.max_bytes);
        let mut messages = Vec::new();
        let mut more = Vec::with_capacity(want.claims.len());
        for claim in &want.claims {
            let Some(lane) = self.find_lane(claim) else {
                more.push(false);
                continue;
            };
            let mut nothing = VecDeque::new();
            let waited = recognised.get_mut(&lane).unwrap_or(&mut nothing);
            let claimed = self.claim_waiting(waited, claim.limit, node, &mut budget, &mut messages);
            self.claim_from(lane, claim.limit - claimed, node, &mut budget, &mut messages);
            more.push(!self.lanes[lane].free.is_empty() || !waited.is_empty());
        }
        messages.sort_unstable_by_key(|stored| stored.seq);
        let mut relay = Vec::new();
        self.claim_from(RELAY, want.relay, node, &mut budget, &mut relay);
        (messages, more, relay)
    }

    fn find_lane(&self, claim: &Claim) -> Option<usize> {
        self.lane_of.get(&claim.queue)?.get(&claim.consumer).copied()
    }

    /// Claims of what this node may although it waits, unless another was quicker or its wait is over; how many.
    fn claim_waiting(
        &mut self,
        seqs: &mut VecDeque<Seq>,
        limit: usize,
        node: MessageId,
        budget: &mut Budget,
        into: &mut Vec<Stored>,
    ) -> usize {
        let mut claimed = 0;
        while claimed < limit
            && let Some(&seq) = seqs.front()
        {
            if let Some(row) = self.rows.get_mut(&seq)
                && self.unknown.contains(&seq)
            {
                if !budget.admits(row.stored.envelope.body.len()) {
                    break;
                }
                // It keeps its due time: if whoever claims it dies, it waits again for a build that knows it.
                row.owner = Some(node);
                self.unknown.remove(&seq);
                if let Some(due) = row.due {
                    self.waiting.remove(&(due, seq));
                }
                into.push(row.stored.clone());
                claimed += 1;
            }
            seqs.pop_front();
        }
        claimed
    }

    fn claim_from(
        &mut self,
        lane: usize,
        limit: usize,
        node: MessageId,
        budget: &mut Budget,
        into: &mut Vec<Stored>,
    ) {
        let Some(lane) = self.lanes.get_mut(lane) else {
            return;
        };
        for _ in 0..limit {
            let Some(row) = lane.free.front().and_then(|seq| self.rows.get_mut(seq)) else {
                return;
            };
            if !budget.admits(row.stored.envelope.body.len()) {
                return;
            }
            lane.free.pop_front();
            row.owner = Some(node);
            into.push(row.stored.clone());
        }
    }

    /// When the oldest fresh message of a consumer was accepted, claimed or not.
    pub(super) fn oldest(&self, source: &Source) -> Option<Timestamp> {
        let lanes = self.lane_of.get(&source.queue)?;
        let shares = [lanes.get(&None), lanes.get(&Some(Arc::clone(&source.consumer)))];
        let oldest = shares.into_iter().flatten();
        let oldest = oldest
            .filter_map(|&lane| self.lanes[lane].standing.first())
            .min()?;
        self.rows.get(oldest).map(|row| row.stored.accepted_at)
    }

    /// Frees what a node had claimed; how many rows there were.
    pub(super) fn unclaim(&mut self, node: MessageId, suspect: bool, now: Timestamp) -> usize {
        let claimed = self.rows.values_mut().filter(|row| row.owner == Some(node));
        let freed: Vec<Seq> = claimed
            .map(|row| {
                row.owner = None;
                row.stored.suspect |= suspect;
                row.stored.seq
            })
            .collect();
        for &seq in &freed {
            self.place(seq, now);
        }
        freed.len()
    }

    /// Whether something became ready since this was last asked.
    pub(super) fn took_notice(&mut self) -> bool {
        std::mem::take(&mut self.notice)
    }

    /// Every row, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Stored> {
        self.rows.values().map(|row| &row.stored)
    }
}
