//! The rows of messages: written, deleted, put back to waiting, released.

use std::sync::Arc;

use rusqlite::{Result, Row, params};

use super::{
    claims::Held,
    column::{
        RELAY, micros_up, read_envelope, read_history, time, wait_code, wait_of, write_head, write_history,
    },
    database::Database,
};
use crate::store::{InstanceId, NewMessage, Park, Seq, Stored, Wait};

/// `message.status`
pub(super) const CLAIMED: i64 = 0;
pub(super) const READY: i64 = 1;
pub(super) const WAITING: i64 = 2;
pub(super) const TO_RELAY: i64 = 3;

/// The columns that [`stored`] reads.
macro_rules! columns {
    () => {
        "seq, queue, consumer, wait, accepted_at, attempts, crashes, suspect, history, head, body"
    };
}

/// Ready rows of a queue and consumer, oldest first.
pub(super) const SELECT_READY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM message WHERE status = 1 AND queue = ? AND consumer = ? ORDER BY seq"
);

/// Rows to relay, oldest first, up to a limit.
pub(super) const SELECT_RELAY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM message WHERE status = 3 ORDER BY seq LIMIT ?"
);

/// The status of a row that nobody holds.
fn free(wait: Wait, due: Option<i64>) -> i64 {
    match (due, wait) {
        (Some(_), _) => WAITING,
        (None, Wait::Relay) => TO_RELAY,
        (None, _) => READY,
    }
}

/// Reads a row as selected above.
pub(super) fn stored(row: &Row<'_>) -> Result<Stored> {
    let consumer = row.get_ref(2)?.as_str()?;
    Ok(Stored {
        seq: row.get(0)?,
        queue: row.get_ref(1)?.as_str()?.into(),
        consumer: (!consumer.is_empty()).then(|| Arc::from(consumer)),
        wait: wait_of(row.get(3)?)?,
        accepted_at: time(row.get(4)?),
        attempts: row.get(5)?,
        crashes: row.get(6)?,
        suspect: row.get(7)?,
        history: read_history(row.get_ref(8)?.as_blob_or_null()?)?,
        envelope: Arc::new(read_envelope(
            row.get_ref(9)?.as_blob()?,
            row.get_ref(10)?.as_blob()?,
        )?),
    })
}

impl Database {
    /// Writes a new row; its number.
    pub(super) fn insert_message(&mut self, message: &NewMessage, now: i64) -> Result<Seq> {
        let due = self.wait_until(message.wait, message.due, message.instance.as_ref())?;
        let status = if message.claimed {
            CLAIMED
        } else {
            free(message.wait, due)
        };
        write_head(&message.envelope, &mut self.buffer)?;
        self.last_seq += 1;
        let seq = self.last_seq;
        self.connection
            .prepare_cached(
                "INSERT INTO message (seq, status, queue, consumer, wait, due, accepted_at, attempts, saga, key, \
                 history, head, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                seq,
                status,
                &*message.queue,
                message.consumer.as_deref().unwrap_or(""),
                wait_code(message.wait),
                due,
                now,
                message.attempts,
                message.instance.as_ref().map(|id| &*id.saga),
                message.instance.as_ref().map(|id| &*id.key),
                write_history(&message.history)?,
                self.buffer,
                &*message.envelope.body,
            ])?;
        self.wake |= status == READY || status == TO_RELAY;
        if message.claimed {
            let held = Held {
                queue: Arc::clone(&message.queue),
                consumer: message.consumer.clone(),
                accepted_at: now,
                ready: message.wait == Wait::Ready,
            };
            self.claims.add(seq, held);
        }
        Ok(seq)
    }

    /// Deletes a row that this process holds.
    pub(super) fn delete_message(&mut self, seq: Seq) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM message WHERE seq = ?")?
            .execute([seq])?;
        self.claims.remove(seq);
        Ok(())
    }

    /// Puts a row that this process holds back to waiting, or changes its counters only.
    pub(super) fn park_message(&mut self, park: &Park) -> Result<()> {
        if park.keep {
            return self.count(park);
        }
        let due = self.wait_until(park.wait, park.due, park.instance.as_ref())?;
        let status = free(park.wait, due);
        self.connection
            .prepare_cached(
                "UPDATE message SET status = ?, wait = ?, due = ?, attempts = ?, crashes = ?, suspect = 0, \
                 saga = ?, key = ?, history = ? WHERE seq = ?",
            )?
            .execute(params![
                status,
                wait_code(park.wait),
                due,
                park.attempts,
                park.crashes,
                park.instance.as_ref().map(|id| &*id.saga),
                park.instance.as_ref().map(|id| &*id.key),
                write_history(&park.history)?,
                park.seq,
            ])?;
        self.claims.remove(park.seq);
        self.wake |= status != WAITING;
        Ok(())
    }

    fn count(&self, park: &Park) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE message SET attempts = ?, crashes = ?, history = ? WHERE seq = ?")?
            .execute(params![
                park.attempts,
                park.crashes,
                write_history(&park.history)?,
                park.seq
            ])?;
        Ok(())
    }

    /// Until when a row waits; a wait for an instance that is already there is over at once.
    fn wait_until(
        &mut self,
        wait: Wait,
        due: Option<crate::Timestamp>,
        instance: Option<&InstanceId>,
    ) -> Result<Option<i64>> {
        if let (Wait::Absent, Some(id)) = (wait, instance) {
            if self.find_live(id)?.is_some() {
                return Ok(None);
            }
            self.absent = true;
        }
        Ok(due.map(micros_up))
    }

    /// Makes ready what waited for an instance that has now come to be.
    pub(super) fn release_absent(&mut self, id: &InstanceId) -> Result<()> {
        if !self.absent {
            return Ok(());
        }
        let released = self
            .connection
            .prepare_cached(
                "UPDATE message SET status = 1, due = NULL \
                 WHERE status = 2 AND saga IS NOT NULL AND saga = ? AND key = ?",
            )?
            .execute([&*id.saga, &*id.key])?;
        self.wake |= released > 0;
        Ok(())
    }

    /// Makes ready what has waited long enough, a bounded number of rows.
    pub(super) fn release_due(&mut self, now: i64) -> Result<()> {
        let released = self
            .connection
            .prepare_cached(
                "UPDATE message SET status = CASE wait WHEN ?2 THEN 3 ELSE 1 END, due = NULL \
                 WHERE seq IN (SELECT seq FROM message WHERE status = 2 AND due <= ?1 ORDER BY due LIMIT 1000)",
            )?
            .execute([now, RELAY])?;
        self.wake |= released > 0;
        Ok(())
    }
}
