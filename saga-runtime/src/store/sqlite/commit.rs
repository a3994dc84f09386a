//! Applies units: all that wait share one transaction, each has its own outcome.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Result, params};

use super::{
    database::{Broken, Database, Needs},
    error::{is_refusal, unwritable},
};
use crate::{
    Error,
    dead_letter::DeadLetter,
    store::{InboxEntry, Outcome, Unit},
};

/// Units the database refuses, by caller and position, with its words.
type Refused = BTreeMap<(usize, usize), String>;

impl Database {
    /// Applies what several callers bring in one transaction. A unit refused for its content is left out and the
    /// rest done again.
    pub(super) fn commit(&mut self, callers: &[Vec<Unit>]) -> Result<Vec<Vec<Outcome>>, Error> {
        let mut refused = Refused::new();
        loop {
            let mut at = (0, 0);
            match self.attempt(callers, &refused, &mut at) {
                Ok(outcomes) => return Ok(outcomes),
                Err(Broken::Before(error)) if is_refusal(&error) && !refused.contains_key(&at) => {
                    refused.insert(at, error.to_string());
                }
                Err(broken) => return Err(broken.explain(&self.path, "apply a batch")),
            }
        }
    }

    fn attempt(
        &mut self,
        callers: &[Vec<Unit>],
        refused: &Refused,
        at: &mut (usize, usize),
    ) -> Result<Vec<Vec<Outcome>>, Broken> {
        self.transaction(Needs::Sync, |db| {
            let now = db.now();
            let outcomes = callers
                .iter()
                .enumerate()
                .map(|(caller, units)| db.apply_all(caller, units, refused, at, now))
                .collect::<Result<_>>()?;
            db.keys.sweep(&db.connection)?;
            Ok(outcomes)
        })
    }

    fn apply_all(
        &mut self,
        caller: usize,
        units: &[Unit],
        refused: &Refused,
        at: &mut (usize, usize),
        now: i64,
    ) -> Result<Vec<Outcome>> {
        let apply = |(position, unit)| {
            *at = (caller, position);
            match refused.get(at) {
                Some(why) => Ok(Outcome::Rejected(why.clone())),
                None => self.apply(unit, now),
            }
        };
        units.iter().enumerate().map(apply).collect()
    }

    /// All gates come before the first write, so that a unit which does not hold leaves nothing to undo.
    fn apply(&mut self, unit: &Unit, now: i64) -> Result<Outcome> {
        if !self.holds_all(unit) {
            return Ok(Outcome::ClaimLost);
        }
        if self.knows_any(&unit.inbox, now)? {
            return Ok(Outcome::Duplicate);
        }
        if let Some(change) = &unit.instance
            && !self.change_instance(change, now)?
        {
            return Ok(Outcome::Conflict);
        }
        for seq in &unit.consumed {
            self.delete_message(*seq)?;
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
        let born = unit
            .out
            .iter()
            .map(|message| self.insert_message(message, now))
            .collect::<Result<_>>()?;
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
        let blob = postcard::to_stdvec(letter).map_err(unwritable)?;
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
