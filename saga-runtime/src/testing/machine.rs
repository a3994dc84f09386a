//! One saga type with the engine that the bus runs, step by step and without a bus.
//!
//! After each step the instance is written. Unless somebody holds on to it, it is read again before the next, as if the
//! process had been killed in between: what a saga keeps but does not store is lost here as it would be there.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    Error,
    dead_letter::Reason,
    engine::{Emission, Engine, Failure, Message, SetAside, Slot, Verdict},
    envelope::{Envelope, MessageId},
    store::{Change, Found, InstanceId},
};

/// What a step came to.
pub(crate) struct Stepped {
    /// The instance as it is stored now.
    pub(crate) found: Found,
    pub(crate) emitted: Vec<Emission>,
    pub(crate) verdict: Verdict,
    /// Deferred messages that came again and were set aside.
    pub(crate) aside: Vec<SetAside>,
    /// The instance in memory, as a process that lives on keeps it.
    pub(crate) slot: Option<Slot>,
}

impl Stepped {
    /// Nothing changed.
    fn still(found: &Found, verdict: Verdict) -> Self {
        Self {
            found: found.clone(),
            emitted: Vec::new(),
            verdict,
            aside: Vec::new(),
            slot: None,
        }
    }

    /// What was set aside, the message itself included.
    pub(crate) fn dead(&self, cause: &Arc<Envelope>) -> Vec<SetAside> {
        let own = match &self.verdict {
            Verdict::Dead(reason, detail) => Some((*reason, detail.clone())),
            _ => None,
        };
        let own = own.map(|(reason, detail)| SetAside {
            envelope: Arc::clone(cause),
            reason,
            detail,
        });
        own.into_iter().chain(self.aside.iter().cloned()).collect()
    }
}

/// An instance as it is stored, and in memory if a process holds it there.
pub(crate) struct Held<'a> {
    pub(crate) found: &'a Found,
    pub(crate) slot: Option<Slot>,
}

impl<'a> Held<'a> {
    /// Only stored: it is read again.
    pub(crate) fn stored(found: &'a Found) -> Self {
        Self { found, slot: None }
    }

    fn open(&mut self, engine: &Engine) -> Result<Slot, Error> {
        match self.slot.take() {
            Some(slot) => Ok(slot),
            None => engine.open(self.found.clone()),
        }
    }
}

/// Gives a message to an instance. `waited`: it has waited for the instance as long as it may.
pub(crate) fn deliver(
    engine: &Engine,
    mut held: Held<'_>,
    id: &InstanceId,
    envelope: &Arc<Envelope>,
    waited: bool,
    now: Timestamp,
) -> Result<Stepped, Error> {
    let mut doomed: Vec<(MessageId, Reason, String)> = Vec::new();
    loop {
        let delivery = Delivery {
            engine,
            id,
            envelope,
            waited,
            now,
            doomed: &doomed,
        };
        let slot = held.open(engine)?;
        match delivery.attempt(held.found, slot) {
            Ok(stepped) => return Ok(stepped),
            Err((failed, failure)) if failed == envelope.id => {
                let dead = Verdict::Dead(failure.reason, failure.detail);
                return Ok(Stepped::still(held.found, dead));
            }
            Err((failed, failure)) => doomed.push((failed, failure.reason, failure.detail)),
        }
    }
}

/// One attempt at a message.
struct Delivery<'a> {
    engine: &'a Engine,
    id: &'a InstanceId,
    envelope: &'a Arc<Envelope>,
    waited: bool,
    now: Timestamp,
    /// Deferred messages that failed before.
    doomed: &'a [(MessageId, Reason, String)],
}

impl Delivery<'_> {
    fn attempt(&self, found: &Found, mut slot: Slot) -> Result<Stepped, (MessageId, Failure)> {
        let Self { engine, id, now, .. } = *self;
        let of_this = |failure| (self.envelope.id, failure);
        let mut emitted = Vec::new();
        let message = Message {
            envelope: self.envelope,
            decoded: None,
            waited: self.waited,
            attempt: 0,
        };
        let verdict = engine
            .deliver(&mut slot, id, message, now, &mut emitted)
            .map_err(of_this)?;
        let judged = |id| {
            let (_, reason, detail) = self.doomed.iter().find(|(doomed, ..)| *doomed == id)?;
            Some((*reason, detail.clone()))
        };
        let aside = engine.deliver_ripe(&mut slot, id, now, &judged, &mut emitted)?;
        let found = seal(engine, found, &mut slot, now).map_err(of_this)?;
        Ok(Stepped {
            found,
            emitted,
            verdict,
            aside,
            slot: Some(slot),
        })
    }
}

/// A timer that fired, as a message.
pub(crate) type Fired = (Arc<Envelope>, Stepped);

/// Fires the earliest timer that is due, and returns it. One whose handler fails is set aside.
pub(crate) fn fire(
    engine: &Engine,
    mut held: Held<'_>,
    id: &InstanceId,
    now: Timestamp,
) -> Result<Option<Fired>, Error> {
    let slot = held.open(engine)?;
    let failed = match try_fire(engine, held.found, slot, id, now, None) {
        Ok(fired) => return Ok(fired),
        Err(failure) => failure,
    };
    let skip = failed.timer.as_ref().map(|timer| timer.id);
    let slot = held.open(engine)?;
    let missed = try_fire(engine, held.found, slot, id, now, skip).ok().flatten();
    Ok(missed.map(|(timer, stepped)| {
        let verdict = Verdict::Dead(failed.reason, failed.detail);
        (timer, Stepped { verdict, ..stepped })
    }))
}

fn try_fire(
    engine: &Engine,
    found: &Found,
    mut slot: Slot,
    id: &InstanceId,
    now: Timestamp,
    skip: Option<MessageId>,
) -> Result<Option<Fired>, Failure> {
    let mut emitted = Vec::new();
    let Some(timer) = engine.fire(&mut slot, now, &|id| skip == Some(id), &mut emitted)? else {
        return Ok(None);
    };
    let of_this = |failure: Failure| Failure {
        timer: Some(Arc::clone(&timer)),
        ..failure
    };
    let aside = engine.deliver_ripe(&mut slot, id, now, &|_| None, &mut emitted);
    let aside = aside.map_err(|(_, failure)| of_this(failure))?;
    let found = seal(engine, found, &mut slot, now).map_err(of_this)?;
    let stepped = Stepped {
        found,
        emitted,
        verdict: Verdict::Taken,
        aside,
        slot: Some(slot),
    };
    Ok(Some((timer, stepped)))
}

fn seal(engine: &Engine, found: &Found, slot: &mut Slot, now: Timestamp) -> Result<Found, Failure> {
    let Slot::Live(instance) = slot else {
        return Ok(found.clone());
    };
    Ok(match engine.seal(instance, now)? {
        Change::Keep => found.clone(),
        Change::Put(row) => Found::Live(row),
        Change::Finish(tombstone) => Found::Finished(tombstone),
    })
}
