//! Applies units: all that wait share one transaction, each has its own outcome.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Result, params};

use super::{
    database::{Broken, Database, Needs},
    error::is_refusal,
    message::Bulk,
    young::Young,
};
use crate::{
    Error,
    dead_letter::DeadLetter,
    store::{InboxEntry, Outcome, Unit, row::write_letter},
};

/// Units the database refuses, by caller and position, with its words.
type Refused = BTreeMap<(usize, usize), String>;

/// How a transaction goes about it.
#[derive(Debug, Default)]
struct Attempt {
    refused: Refused,
    /// Write each unit's messages at once, so that what is refused is known by its unit.
    singly: bool,
    /// The unit at work.
    at: (usize, usize),
}

impl Attempt {
    /// Whether another attempt can do without what was refused.
    fn learn(&mut self, refusal: &rusqlite::Error) -> bool {
        let known = self.singly && self.refused.contains_key(&self.at);
        if self.singly {
            self.refused.insert(self.at, refusal.to_string());
        }
        self.singly = true;
        !known
    }
}

/// Past so many units, latecomers wait for the next transaction, so that the first in this one need not wait for them.
const UNITS: usize = 4_096;

impl Database {
    /// Applies what several callers bring in one transaction. A unit refused for its content is left out and the
    /// rest done again.
    ///
    /// Callers that came meanwhile, which `latecomers` hands over, are added to `callers` and share the sync.
    pub(super) fn commit(
        &mut self,
        callers: &mut Vec<Vec<Unit>>,
        mut latecomers: impl FnMut() -> Vec<Vec<Unit>>,
    ) -> Result<Vec<Vec<Outcome>>, Error> {
        if self.young.is_long() {
            self.settle()?;
        }
        let mut attempt = Attempt::default();
        loop {
            match self.attempt(callers, &mut latecomers, &mut attempt) {
                Ok(outcomes) => return Ok(outcomes),
                Err(Broken::Before(error)) if is_refusal(&error) && attempt.learn(&error) => {}
                Err(broken) => return Err(broken.explain(&self.path, "apply a batch")),
            }
        }
    }

    fn attempt(
        &mut self,
        callers: &mut Vec<Vec<Unit>>,
        latecomers: &mut impl FnMut() -> Vec<Vec<Unit>>,
        attempt: &mut Attempt,
    ) -> Result<Vec<Vec<Outcome>>, Broken> {
        self.transaction(Needs::Sync, |db| {
            let now = db.now();
            let mut outcomes = Vec::with_capacity(callers.len());
            while outcomes.len() < callers.len() {
                let mut bulk = Bulk::default();
                for (caller, units) in callers.iter().enumerate().skip(outcomes.len()) {
                    outcomes.push(db.apply_all(caller, units, attempt, &mut bulk, now)?);
                }
                db.write_bulk(&mut bulk)?;
                if callers.iter().map(Vec::len).sum::<usize>() < UNITS {
                    callers.extend(latecomers());
                }
            }
            db.write_journal(true)?;
            db.keys.sweep(&db.connection)?;
            Ok(outcomes)
        })
    }

    fn apply_all<'u>(
        &mut self,
        caller: usize,
        units: &'u [Unit],
        attempt: &mut Attempt,
        bulk: &mut Bulk<'u>,
        now: i64,
    ) -> Result<Vec<Outcome>> {
        let apply = |(position, unit)| {
            attempt.at = (caller, position);
            if let Some(why) = attempt.refused.get(&attempt.at) {
                return Ok(Outcome::Rejected(why.clone()));
            }
            let outcome = self.apply(unit, bulk, now)?;
            if attempt.singly {
                self.write_bulk(bulk)?;
            }
            self.write_journal(attempt.singly)?;
            Ok(outcome)
        };
        units.iter().enumerate().map(apply).collect()
    }

    fn write_bulk(&mut self, bulk: &mut Bulk<'_>) -> Result<()> {
        self.insert_messages(&bulk.born)?;
        self.delete_messages(&mut bulk.gone)?;
        bulk.born.clear();
        bulk.gone.clear();
        Ok(())
    }

    /// Writes the records that have gathered: all of them, or only if they fill a row.
    fn write_journal(&mut self, all: bool) -> Result<()> {
        let Some(records) = self.young.records(all) else {
            return Ok(());
        };
        self.connection
            .prepare_cached("INSERT INTO journal (records) VALUES (?)")?
            .execute([records])?;
        self.young.recorded();
        Ok(())
    }

    /// All gates come before the first write, so that a unit which does not hold leaves nothing to undo.
    fn apply<'u>(&mut self, unit: &'u Unit, bulk: &mut Bulk<'u>, now: i64) -> Result<Outcome> {
        if !self.holds_all(unit) {
            return Ok(Outcome::ClaimLost);
        }
        if self.knows_any(&unit.inbox, now)? {
            return Ok(Outcome::Duplicate);
        }
        if let Some(failed) = self.join(unit)? {
            return Ok(failed);
        }
        let creates = unit
            .instance
            .as_ref()
            .is_some_and(|change| change.expect.is_none());
        if creates && self.absent {
            // What waits is released by what creates, be it in this very transaction.
            self.write_bulk(bulk)?;
        }
        if let Some(change) = &unit.instance
            && !self.change_instance(change, now)?
        {
            return Ok(Outcome::Conflict);
        }
        for seq in &unit.consumed {
            self.claims.remove(*seq);
            if self.young.release(*seq)?.is_none() {
                bulk.gone.push(*seq);
            }
        }
        for park in &unit.park {
            self.park_message(park)?;
        }
        for entry in &unit.inbox {
            self.record(entry, now)?;
        }
        for letter in &unit.dead {
            self.bury(letter)?;
        }
        let mut born = Vec::with_capacity(unit.out.len());
        for message in &unit.out {
            let row = self.bear(message, now)?;
            born.push(row.seq);
            if Young::suits(message) {
                self.young.bear(row.seq, message, now)?;
            } else {
                bulk.born.push(row);
            }
        }
        Ok(Outcome::Applied { born })
    }

    fn holds_all(&self, unit: &Unit) -> bool {
        unit.consumed.iter().all(|seq| self.claims.holds(*seq))
            && unit.park.iter().all(|park| self.claims.holds(park.seq))
    }

    fn knows_any(&self, entries: &[InboxEntry], now: i64) -> Result<bool> {
        for entry in entries {
            if self.knows(entry, now)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a consumer has handled a message within the retention.
    pub(super) fn knows(&self, entry: &InboxEntry, now: i64) -> Result<bool> {
        let at: Option<i64> = self
            .connection
            .prepare_cached("SELECT at FROM inbox WHERE id = ? AND consumer = ?")?
            .query_row(params![entry.id.0.as_bytes(), &*entry.consumer], |row| row.get(0))
            .optional()?;
        Ok(at.is_some_and(|at| at.saturating_add(self.retention) >= now))
    }

    fn record(&self, entry: &InboxEntry, now: i64) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO inbox (id, consumer, at) VALUES (?, ?, ?)")?
            .execute(params![entry.id.0.as_bytes(), &*entry.consumer, now])?;
        Ok(())
    }

    fn bury(&self, letter: &DeadLetter) -> Result<()> {
        let blob = write_letter(letter)?;
        self.connection
            .prepare_cached("INSERT INTO dead_letter (name, queue, reason, letter) VALUES (?, ?, ?, ?)")?
            .execute(params![
                letter.message.name(),
                &*letter.queue,
                letter.reason.to_string(),
                blob
            ])?;
        Ok(())
    }
}
