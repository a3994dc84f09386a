//! Claims messages, loads instances, names what is due.

use rusqlite::{OptionalExtension, Result};

use super::{
    claims::Held,
    database::{Database, Needs},
    message::{SELECT_FREE, stored},
    place,
};
use crate::{
    Error, Timestamp,
    store::{
        Claim, InstanceId, Source, Stored, Taken, Wait, Want,
        row::{micros, time},
    },
};

/// What may still be claimed, in body bytes.
struct Budget {
    left: usize,
    spent: bool,
}

impl Budget {
    fn new(bytes: usize) -> Self {
        Self {
            left: bytes,
            spent: false,
        }
    }

    /// Whether a body still fits; the first one always does.
    fn fits(&mut self, bytes: usize) -> bool {
        if self.spent && bytes > self.left {
            return false;
        }
        self.spent = true;
        self.left = self.left.saturating_sub(bytes);
        true
    }
}

/// Timers due, and when the next one will be.
type Timers = (Vec<(InstanceId, Timestamp)>, Option<i64>);

impl Database {
    /// Serves several callers, without waiting for the disk: a claim that a loss of power undoes has lost nothing.
    pub(super) fn take(&mut self, wants: &[Want]) -> Result<Vec<Taken>, Error> {
        self.transaction(Needs::NoSync, |db| {
            let now = db.now();
            wants.iter().map(|want| db.take_one(want, now)).collect()
        })
        .map_err(|broken| broken.explain(&self.path, "take messages"))
    }

    fn take_one(&mut self, want: &Want, now: i64) -> Result<Taken> {
        let mut next_due = self.next_waiting()?;
        if next_due.is_some_and(|due| due <= now) {
            self.release_due(now)?;
            next_due = self.next_waiting()?;
        }
        let mut budget = Budget::new(want.max_bytes);
        let (messages, more) = self.claim_all(&want.claims, &mut budget)?;
        let relay = self.claim_relay(want.relay, &mut budget)?;
        let (timers, next_timer) = self.timers(want.timers, now)?;
        let instances = want
            .instances
            .iter()
            .map(|id| self.find(id, now))
            .collect::<Result<_>>()?;
        let known = want
            .inbox
            .iter()
            .map(|entry| self.knows(entry, now))
            .collect::<Result<_>>()?;
        let oldest = want
            .oldest
            .iter()
            .map(|source| self.oldest(source))
            .collect::<Result<_>>()?;
        Ok(Taken {
            now: time(now),
            messages,
            more,
            instances,
            known,
            timers,
            oldest,
            relay,
            next_due: [next_due, next_timer].into_iter().flatten().min().map(time),
        })
    }

    fn claim_all(&mut self, claims: &[Claim], budget: &mut Budget) -> Result<(Vec<Stored>, Vec<bool>)> {
        let mut messages = Vec::new();
        let mut more = Vec::with_capacity(claims.len());
        for claim in claims {
            more.push(self.claim(claim, budget, &mut messages)?);
        }
        messages.sort_unstable_by_key(|message| message.seq);
        Ok((messages, more))
    }

    /// Claims the oldest ready messages; whether more were ready.
    fn claim(&mut self, claim: &Claim, budget: &mut Budget, into: &mut Vec<Stored>) -> Result<bool> {
        let from = into.len();
        let more = {
            let mut ready = self.connection.prepare_cached(SELECT_FREE)?;
            let mut rows = ready.query([place::ready(&claim.queue, claim.consumer.as_deref())])?;
            loop {
                let Some(row) = rows.next()? else {
                    break false;
                };
                let bytes = row.get_ref(10)?.as_blob()?.len();
                if into.len() - from == claim.limit || !budget.fits(bytes) {
                    break true;
                }
                into.push(stored(row)?);
            }
        };
        into.iter()
            .skip(from)
            .try_for_each(|message| self.hold(message))?;
        Ok(more)
    }

    fn claim_relay(&mut self, limit: usize, budget: &mut Budget) -> Result<Vec<Stored>> {
        let mut relay = Vec::new();
        if limit == 0 {
            return Ok(relay);
        }
        {
            let mut ready = self.connection.prepare_cached(SELECT_FREE)?;
            let mut rows = ready.query([place::RELAY])?;
            while relay.len() < limit
                && let Some(row) = rows.next()?
                && budget.fits(row.get_ref(10)?.as_blob()?.len())
            {
                relay.push(stored(row)?);
            }
        }
        relay.iter().try_for_each(|message| self.hold(message))?;
        Ok(relay)
    }

    fn hold(&mut self, message: &Stored) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE message SET place = NULL WHERE seq = ?")?
            .execute([message.seq])?;
        let held = Held {
            queue: message.queue.clone(),
            consumer: message.consumer.clone(),
            accepted_at: micros(message.accepted_at),
            ready: message.wait == Wait::Ready,
        };
        self.claims.add(message.seq, held);
        Ok(())
    }

    /// When the first waiting message is due.
    fn next_waiting(&self) -> Result<Option<i64>> {
        self.connection
            .prepare_cached("SELECT due FROM message WHERE place = 'wait' ORDER BY due LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()
    }

    /// The timers due of instances that this build opens, and when the first one is that is not among them.
    fn timers(&self, limit: usize, now: i64) -> Result<Timers> {
        let (mut timers, next) = self.settled_timers(limit, now)?;
        let most = limit.saturating_add(1);
        let young = self.young.timers().filter(|row| {
            let id = &row.id;
            self.catalog.reads(&id.saga, row.saga_version, &row.state)
        });
        timers.extend(
            young
                .take(most)
                .filter_map(|row| Some((row.id.clone(), row.due?))),
        );
        timers.sort_by_key(|(_, due)| *due);
        // What is named is due; the first beyond that, or not due, is when to come back.
        let named = timers
            .iter()
            .take_while(|(_, due)| micros(*due) <= now)
            .count()
            .min(limit);
        let left = timers.drain(named..).map(|(_, due)| micros(due)).min();
        Ok((timers, [next, left].into_iter().flatten().min()))
    }

    fn settled_timers(&self, limit: usize, now: i64) -> Result<Timers> {
        let mut due = self.connection.prepare_cached(
            "SELECT due, saga, key, saga_version, state FROM instance WHERE due IS NOT NULL ORDER BY due",
        )?;
        let mut rows = due.query([])?;
        let mut timers = Vec::new();
        while let Some(row) = rows.next()? {
            let due: i64 = row.get(0)?;
            if due > now {
                return Ok((timers, Some(due)));
            }
            let saga = row.get_ref(1)?.as_str()?;
            if !self.catalog.reads(saga, row.get(3)?, row.get_ref(4)?.as_str()?) {
                continue;
            }
            if timers.len() == limit {
                return Ok((timers, Some(due)));
            }
            let id = InstanceId {
                saga: saga.into(),
                key: row.get_ref(2)?.as_str()?.into(),
            };
            timers.push((id, time(due)));
        }
        Ok((timers, None))
    }

    /// When the oldest ready message that concerns a consumer was accepted, claimed or not.
    fn oldest(&self, source: &Source) -> Result<Option<Timestamp>> {
        let mut oldest = self.claims.oldest(source);
        for consumer in [Some(&*source.consumer), None] {
            let accepted: Option<i64> = self
                .connection
                .prepare_cached(
                    "SELECT accepted_at FROM message WHERE place = ? AND due IS NULL AND wait = 0 \
                     ORDER BY seq LIMIT 1",
                )?
                .query_row([place::ready(&source.queue, consumer)], |row| row.get(0))
                .optional()?;
            oldest = [oldest, accepted].into_iter().flatten().min();
        }
        Ok(oldest.map(time))
    }
}
