//! All messages of one instance in one batch, run one after the other in memory and committed as one unit.
//!
//! A member that fails is taken out: the instance is opened anew from what is stored and the others run again.
//! Handlers are pure, so running them again is not seen.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{arrival::Arrival, cache::Cached, outbox::Draft, shared::Shared};
use crate::{
    Error,
    dead_letter::{DeadLetter, DeadMessage, Reason},
    engine::{Emission, Engine, Failure, SetAside, Slot, Verdict},
    envelope::{Envelope, MessageId},
    retry::{Retry, RetryPolicy},
    store::{Change, Found, InstanceChange, InstanceId, NewMessage, Unit, Wait},
};

/// The work of one batch for one instance.
pub(crate) struct Chain {
    pub(crate) id: InstanceId,
    pub(crate) engine: Arc<Engine>,
    pub(crate) arrivals: Vec<Arrival>,
    /// A timer is due.
    pub(crate) wake: bool,
    /// It must be read from the store even if its first message would start it.
    pub(crate) load: bool,
    /// The store refused what the timer that is due writes, and why.
    pub(crate) refused: Option<String>,
}

/// What a chain comes to.
pub(crate) struct Run {
    pub(crate) draft: Draft,
    /// The instance as it will be stored.
    pub(crate) after: Cached,
}

/// Members that failed, by message id.
type Doomed = BTreeMap<MessageId, Failure>;

impl Chain {
    /// Adds a message. A row may be in hand twice, where its claim was lost and then had again, and a broker delivers
    /// twice what was sent twice; it is handled once.
    pub(crate) fn add(&mut self, arrival: Arrival) {
        if self.arrivals.iter().any(|other| other.is_again(&arrival)) {
            // Acknowledged no sooner than the first, which its receiver got before.
            arrival.settle();
        } else {
            self.arrivals.push(arrival);
        }
    }

    /// Whether it may be assumed that the store has no such instance: its first message would start it, and the commit
    /// fails if that was wrong.
    pub(crate) fn may_assume_absent(&self) -> bool {
        let first = self.arrivals.first();
        !self.load && first.is_some_and(|first| self.engine.is_starting(&first.envelope.name))
    }

    /// Runs every member. `Err`: the stored instance cannot be opened by this build.
    pub(crate) fn run(&mut self, shared: &Shared, cached: Cached, now: Timestamp) -> Result<Run, Error> {
        let mut doomed = Doomed::new();
        let mut slot = cached.slot;
        loop {
            match self.attempt(shared, &cached.found, slot, &doomed, now) {
                Ok(run) => return Ok(run),
                Err((id, failure)) => {
                    doomed.insert(id, failure);
                    slot = self.engine.open(cached.found.clone())?;
                }
            }
        }
    }

    fn attempt(
        &mut self,
        shared: &Shared,
        found: &Found,
        mut slot: Slot,
        doomed: &Doomed,
        now: Timestamp,
    ) -> Result<Run, (MessageId, Failure)> {
        let mut pass = Pass {
            shared,
            engine: &self.engine,
            id: &self.id,
            doomed,
            now,
            draft: Draft::default(),
            out: Vec::new(),
            last: None,
        };
        let mut early = Vec::new();
        for (index, arrival) in self.arrivals.iter_mut().enumerate() {
            if pass.deliver(&mut slot, arrival)? == Settled::Early {
                early.push(index);
            }
            pass.deliver_ripe(&mut slot)?;
        }
        for index in early {
            // A message before the one that made the instance: now there is one.
            let arrival = &mut self.arrivals[index];
            if matches!(slot, Slot::Absent) || pass.deliver(&mut slot, arrival)? == Settled::Early {
                pass.wait_for_instance(arrival);
            }
            pass.deliver_ripe(&mut slot)?;
        }
        match &self.refused {
            Some(why) => pass.miss(&mut slot, why)?,
            None if self.wake => pass.fire(&mut slot)?,
            None => {}
        }
        pass.seal(found, slot)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Settled {
    Done,
    Early,
}

/// One pass over the members.
struct Pass<'a> {
    shared: &'a Shared,
    engine: &'a Engine,
    id: &'a InstanceId,
    doomed: &'a Doomed,
    now: Timestamp,
    draft: Draft,
    out: Vec<Emission>,
    /// What was handled last: to blame if the instance cannot be written afterwards.
    last: Option<(MessageId, Option<Arc<Envelope>>)>,
}

impl Pass<'_> {
    fn deliver(&mut self, slot: &mut Slot, arrival: &mut Arrival) -> Result<Settled, (MessageId, Failure)> {
        let id = arrival.envelope.id;
        if let Some(failure) = self.doomed.get(&id) {
            let retry = self.retry_policy(arrival);
            give_up(
                self.shared,
                &mut self.draft.unit,
                arrival,
                failure,
                &retry,
                self.now,
            );
            return Ok(Settled::Done);
        }
        let _span = tracing::debug_span!(
            "handle", saga.name = %self.id.saga, saga.key = %self.id.key, saga.state = %self.engine.state_of(slot),
            message.name = %arrival.envelope.name, message.id = %id, attempt = arrival.tries.failed,
            traceparent = arrival.envelope.traceparent.as_deref()
        )
        .entered();
        let verdict = self
            .engine
            .deliver(slot, self.id, arrival.message(), self.now, &mut self.out);
        self.last = Some((id, None));
        match verdict.map_err(|failure| (id, failure))? {
            Verdict::Taken => arrival.consume(&mut self.draft.unit),
            Verdict::Discarded(why) => {
                tracing::debug!(why, "discarded");
                arrival.consume(&mut self.draft.unit);
            }
            Verdict::Dead(reason, detail) => arrival.bury(&mut self.draft.unit, reason, detail, self.now),
            Verdict::Wait => return Ok(Settled::Early),
        }
        Ok(Settled::Done)
    }

    fn wait_for_instance(&mut self, arrival: &Arrival) {
        // Counted from now, not from when it was sent: what would have made the instance may have been held up as long.
        let until = self
            .now
            .saturating_add(self.shared.limits().absent_wait)
            .unwrap_or(Timestamp::MAX);
        arrival.park(&mut self.draft.unit, Wait::Absent, until, Some(self.id.clone()));
    }

    /// Deferred messages whose state was left come again, in the same unit.
    fn deliver_ripe(&mut self, slot: &mut Slot) -> Result<(), (MessageId, Failure)> {
        let doomed = self.doomed;
        let doomed = |id| {
            let failure = doomed.get(&id)?;
            Some((failure.reason, failure.detail.clone()))
        };
        let aside = self
            .engine
            .deliver_ripe(slot, self.id, self.now, &doomed, &mut self.out)?;
        for SetAside {
            envelope,
            reason,
            detail,
        } in aside
        {
            if reason == Reason::UnknownType {
                self.wait_for_build(envelope);
            } else {
                self.bury(&envelope, reason, detail);
            }
        }
        Ok(())
    }

    /// A deferred message of a newer build waits for such a build, in a row of its own.
    fn wait_for_build(&mut self, envelope: Arc<Envelope>) {
        let wait = self.shared.limits().unknown_wait;
        let until = self.now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        self.draft.unit.out.push(NewMessage {
            queue: self.queue_of(&envelope),
            envelope,
            consumer: Some(Arc::clone(self.engine.name())),
            claimed: false,
            wait: Wait::Unknown,
            due: Some(until),
            attempts: 0,
            history: Vec::new(),
            instance: None,
        });
    }

    /// The queue that a message for this saga comes through.
    fn queue_of(&self, envelope: &Envelope) -> Arc<str> {
        let endpoint = self.engine.definition().endpoint;
        match envelope.to {
            Some(_) => crate::engine::replies_queue(endpoint),
            None => endpoint.into(),
        }
    }

    fn fire(&mut self, slot: &mut Slot) -> Result<(), (MessageId, Failure)> {
        let handed = self.engine.hand_over(slot, self.now, self.shared.started_at);
        if !handed.is_empty() {
            for timer in handed {
                let queue = self.queue_of(&timer);
                self.draft.enqueue(self.shared, queue, timer);
            }
            return Ok(());
        }
        let doomed = self.doomed;
        for _ in 0..self.shared.limits().chain {
            let fired = self
                .engine
                .fire(slot, self.now, &|id| doomed.contains_key(&id), &mut self.out);
            let Some(timer) = fired.map_err(of_timer)? else {
                break;
            };
            self.last = Some((timer.id, Some(timer)));
            self.deliver_ripe(slot)?;
        }
        for failure in doomed.values() {
            if let Some(timer) = &failure.timer {
                self.bury(timer, failure.reason, failure.detail.clone());
            }
        }
        Ok(())
    }

    /// The timer that is due is set aside without being fired.
    fn miss(&mut self, slot: &mut Slot, why: &str) -> Result<(), (MessageId, Failure)> {
        let missed = self.engine.fire(slot, self.now, &|_| true, &mut self.out);
        if let Some(timer) = missed.map_err(of_timer)? {
            let detail = format!("the store refuses what its handling writes: {why}");
            self.bury(&timer, Reason::RefusedByStore, detail);
        }
        Ok(())
    }

    /// A message that has no row of its own is set aside: it was deferred, or is a timer.
    fn bury(&mut self, envelope: &Arc<Envelope>, reason: Reason, detail: String) {
        tracing::warn!(message.name = %envelope.name, message.id = %envelope.id, %reason, detail, "dead letter");
        let message = DeadMessage::Envelope(Arc::clone(envelope));
        let queue = self.queue_of(envelope);
        let consumer = Some(Arc::clone(self.engine.name()));
        let history = Vec::new();
        self.draft.unit.dead.push(DeadLetter {
            message,
            queue,
            consumer,
            reason,
            detail,
            history,
            at: self.now,
        });
    }

    fn retry_policy(&self, arrival: &Arrival) -> RetryPolicy {
        let consumer = self.shared.routing.consumer_of(arrival.source);
        consumer.map_or_else(RetryPolicy::never, |consumer| consumer.retry.clone())
    }

    fn seal(mut self, found: &Found, mut slot: Slot) -> Result<Run, (MessageId, Failure)> {
        let change = self.change(&mut slot)?;
        let after = match &change {
            Some(Change::Put(row)) => Found::Live(row.clone()),
            Some(Change::Finish(tombstone)) => Found::Finished(tombstone.clone()),
            Some(Change::Keep) | None => found.clone(),
        };
        let expect = match found {
            Found::Live(row) => Some(row.version),
            Found::Absent | Found::Finished(_) => None,
        };
        self.draft.unit.instance = change.map(|change| InstanceChange {
            id: self.id.clone(),
            expect,
            change,
        });
        let out = std::mem::take(&mut self.out);
        self.draft.emit(self.shared, out);
        Ok(Run {
            draft: self.draft,
            after: Cached { found: after, slot },
        })
    }

    /// What becomes of the instance. A finished one is looked at without a gate: nothing about it can change any more.
    fn change(&mut self, slot: &mut Slot) -> Result<Option<Change>, (MessageId, Failure)> {
        match slot {
            Slot::Live(instance) => match self.engine.seal(instance, self.now) {
                Ok(change) => Ok(Some(change)),
                Err(failure) => {
                    let (id, timer) = self.last.take().unwrap_or((MessageId::random(), None));
                    Err((id, Failure { timer, ..failure }))
                }
            },
            Slot::Absent => Ok(Some(Change::Keep)),
            Slot::Finished(_) => Ok(None),
        }
    }
}

fn of_timer(failure: Failure) -> (MessageId, Failure) {
    (
        failure
            .timer
            .as_ref()
            .map_or_else(MessageId::random, |timer| timer.id),
        failure,
    )
}

/// An attempt failed: tried again later, by a build that knows the message, or set aside, as the policy says. The arrival itself stays as it was, since
/// the unit may have to be made again.
pub(crate) fn give_up(
    shared: &Shared,
    unit: &mut Unit,
    arrival: &Arrival,
    failure: &Failure,
    policy: &RetryPolicy,
    now: Timestamp,
) {
    if failure.reason == Reason::UnknownType && shared.wait_for_build(arrival, None, unit, now) {
        return;
    }
    let tries = arrival.tries.and(now, &failure.detail);
    let retryable = failure.reason != Reason::Undecodable && failure.reason != Reason::OverLimit;
    let delay = match policy.decide(tries.failed, retryable, chance(arrival.envelope.id)) {
        Retry::GiveUp => return arrival.bury_after(tries, unit, failure.reason, failure.detail.clone(), now),
        Retry::Now => Duration::ZERO,
        Retry::After(delay) => delay,
    };
    let due = now.saturating_add(delay).unwrap_or(Timestamp::MAX);
    arrival.park_after(tries, unit, Wait::Retry, due, None);
}

/// Spreads retries: from the message's own id, so that the same input gives the same output.
pub(crate) fn chance(id: MessageId) -> f64 {
    let (_, low) = id.0.as_u64_pair();
    f64::from(u32::try_from(low & 0xffff).unwrap_or(0)) / 65_536.0
}
