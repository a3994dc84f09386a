//! The rows of messages: written, deleted, put back to waiting, released.

use std::sync::{Arc, LazyLock};

use rusqlite::{Result, Row, Statement, ToSql, params};

use super::{
    claims::Held,
    database::Database,
    place::{WAITING, free, free_place},
    young::YoungMessage,
};
use crate::{
    Timestamp,
    store::{
        Found, InstanceId, NewMessage, Park, Seq, Stored, Wait,
        row::{micros_up, read_envelope, read_history, time, wait_code, wait_of, write_head, write_history},
    },
};

/// The columns that [`stored`] reads.
macro_rules! columns {
    () => {
        "seq, queue, consumer, wait, accepted_at, attempts, crashes, suspect, history, head, body"
    };
}

/// The rows that stand in a place and need not wait, oldest first.
pub(super) const SELECT_FREE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM message WHERE place = ? AND due IS NULL ORDER BY seq"
);

/// What waits in a place for a build that knows it, and the instance that it needs.
const SELECT_UNKNOWN: &str = "SELECT seq, queue, consumer, head, absent.saga, absent.key \
     FROM message LEFT JOIN absent USING (seq) WHERE place = ? AND wait = 3";

/// A row to be written together with others.
#[derive(Debug)]
pub(super) struct Born<'u> {
    pub(super) seq: Seq,
    place: Option<String>,
    due: Option<i64>,
    accepted_at: i64,
    message: &'u NewMessage,
}

/// What a transaction writes and deletes at its end, many rows at a time.
#[derive(Debug, Default)]
pub(super) struct Bulk<'u> {
    pub(super) born: Vec<Born<'u>>,
    pub(super) gone: Vec<Seq>,
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
    /// Prepares a new row and gives it its number.
    pub(super) fn bear<'u>(&mut self, message: &'u NewMessage, now: i64) -> Result<Born<'u>> {
        self.last_seq += 1;
        let seq = self.last_seq;
        let due = self.wait_until(seq, message.wait, message.due, message.instance.as_ref())?;
        let consumer = message.consumer.as_deref();
        let place = (!message.claimed).then(|| free(message.wait, due, &message.queue, consumer));
        self.wake |= !message.claimed && due.is_none();
        if message.claimed {
            let held = Held {
                queue: Arc::clone(&message.queue),
                consumer: message.consumer.clone(),
                accepted_at: now,
                ready: message.wait == Wait::Ready,
            };
            self.claims.add(seq, held);
        }
        Ok(Born {
            seq,
            place,
            due,
            accepted_at: now,
            message,
        })
    }

    /// Writes new rows, several per statement.
    pub(super) fn insert_messages(&mut self, born: &[Born<'_>]) -> Result<()> {
        let (blocks, rest) = born.as_chunks::<BLOCK>();
        for block in blocks {
            self.insert_block(&INSERT_BLOCK, block)?;
        }
        rest.chunks(1)
            .try_for_each(|one| self.insert_block(INSERT_ONE, one))
    }

    fn insert_block(&mut self, sql: &str, block: &[Born<'_>]) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut next = Parameters {
            statement: &mut statement,
            last: 0,
        };
        for row in block {
            let message = row.message;
            write_head(&message.envelope, &mut self.buffer)?;
            next.bind(row.seq)?;
            next.bind(&row.place)?;
            next.bind(row.due)?;
            next.bind(&*message.queue)?;
            next.bind(message.consumer.as_deref().unwrap_or(""))?;
            next.bind(wait_code(message.wait))?;
            next.bind(row.accepted_at)?;
            next.bind(message.attempts)?;
            next.bind(write_history(&message.history)?)?;
            next.bind(&*self.buffer)?;
            next.bind(&*message.envelope.body)?;
        }
        statement.raw_execute()?;
        Ok(())
    }

    /// Deletes rows, each run of neighbours in one statement.
    pub(super) fn delete_messages(&self, gone: &mut [Seq]) -> Result<()> {
        gone.sort_unstable();
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM message WHERE seq BETWEEN ? AND ?")?;
        for run in gone.chunk_by(|one, next| one + 1 == *next) {
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                delete.execute([first, last])?;
            }
        }
        Ok(())
    }

    /// Gives messages that are young rows of their own. They stay held.
    pub(super) fn settle_messages<'u>(
        &mut self,
        young: impl IntoIterator<Item = (Seq, &'u YoungMessage)>,
    ) -> Result<()> {
        let row = |(seq, young): (Seq, &'u YoungMessage)| Born {
            seq,
            place: None,
            due: None,
            accepted_at: young.accepted_at,
            message: &young.message,
        };
        let rows: Vec<Born<'_>> = young.into_iter().map(row).collect();
        self.insert_messages(&rows)
    }

    /// Puts a row that this process holds back to waiting, or changes its counters only.
    pub(super) fn park_message(&mut self, park: &Park) -> Result<()> {
        if let Some(young) = self.young.release(park.seq)? {
            self.settle_messages([(park.seq, &young)])?;
        }
        if park.keep {
            return self.count(park);
        }
        let due = self.wait_until(park.seq, park.wait, park.due, park.instance.as_ref())?;
        let held = self.claims.remove(park.seq);
        let place = held.map(|held| free(park.wait, due, &held.queue, held.consumer.as_deref()));
        self.connection
            .prepare_cached(
                "UPDATE message SET place = ?, wait = ?, due = ?, attempts = ?, crashes = ?, suspect = 0, \
                 history = ? WHERE seq = ?",
            )?
            .execute(params![
                place,
                wait_code(park.wait),
                due,
                park.attempts,
                park.crashes,
                write_history(&park.history)?,
                park.seq,
            ])?;
        self.wake |= due.is_none();
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
        seq: Seq,
        wait: Wait,
        due: Option<Timestamp>,
        instance: Option<&InstanceId>,
    ) -> Result<Option<i64>> {
        self.unknown |= wait == Wait::Unknown;
        if let (Wait::Absent | Wait::Unknown, Some(id), Some(_)) = (wait, instance, due) {
            if wait == Wait::Absent {
                if self.find_live(id)?.is_some() {
                    return Ok(None);
                }
                self.absent = true;
            }
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO absent (seq, saga, key) VALUES (?, ?, ?)")?
                .execute(params![seq, &*id.saga, &*id.key])?;
        }
        Ok(due.map(micros_up))
    }

    /// Whether messages wait for instances.
    pub(super) fn any_absent(&self) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM absent)")?
            .query_row([], |row| row.get(0))
    }

    /// Makes ready what waited for an instance that has now come to be.
    pub(super) fn release_absent(&mut self, id: &InstanceId) -> Result<()> {
        if !self.absent {
            return Ok(());
        }
        let waiting = self
            .connection
            .prepare_cached("SELECT seq FROM absent WHERE saga = ? AND key = ?")?
            .query_map([&*id.saga, &*id.key], |row| row.get(0))?
            .collect::<Result<Vec<Seq>>>()?;
        self.release(&waiting)
    }

    /// Makes ready what has waited long enough, a bounded number of rows.
    pub(super) fn release_due(&mut self, now: i64) -> Result<()> {
        let waiting = self
            .connection
            .prepare_cached("SELECT seq FROM message WHERE place = ? AND due <= ? ORDER BY due LIMIT 1000")?
            .query_map(params![WAITING, now], |row| row.get(0))?
            .collect::<Result<Vec<Seq>>>()?;
        self.release(&waiting)
    }

    /// Makes ready what waited for a build that knows it.
    pub(super) fn release_known(&mut self, now: i64) -> Result<()> {
        if !self.unknown {
            return Ok(());
        }
        self.unknown = false;
        let mut known = Vec::new();
        {
            let mut waiting = self.connection.prepare_cached(SELECT_UNKNOWN)?;
            let mut rows = waiting.query([WAITING])?;
            while let Some(row) = rows.next()? {
                if self.is_known(row, now)? {
                    known.push(row.get(0)?);
                } else {
                    self.unknown = true;
                }
            }
        }
        self.release(&known)
    }

    /// Whether this build can read a row of [`SELECT_UNKNOWN`], and the instance that it needs.
    fn is_known(&self, row: &Row<'_>, now: i64) -> Result<bool> {
        let consumer = Some(row.get_ref(2)?.as_str()?).filter(|consumer| !consumer.is_empty());
        let envelope = read_envelope(row.get_ref(3)?.as_blob()?, &[])?;
        if !self.catalog.takes(row.get_ref(1)?.as_str()?, consumer, &envelope) {
            return Ok(false);
        }
        let (Some(saga), Some(key)) = (
            row.get_ref(4)?.as_str_or_null()?,
            row.get_ref(5)?.as_str_or_null()?,
        ) else {
            return Ok(true);
        };
        let (saga, key) = (saga.into(), key.into());
        Ok(match self.find(&InstanceId { saga, key }, now)? {
            Found::Live(instance) => self.catalog.opens(&instance),
            Found::Absent | Found::Finished(_) => true,
        })
    }

    fn release(&mut self, waiting: &[Seq]) -> Result<()> {
        let mut release = self.connection.prepare_cached(concat!(
            "UPDATE message SET due = NULL, place = ",
            free_place!(),
            " WHERE seq = ? AND place = 'wait'"
        ))?;
        let mut forget = self
            .connection
            .prepare_cached("DELETE FROM absent WHERE seq = ?")?;
        for seq in waiting {
            release.execute([seq])?;
            forget.execute([seq])?;
        }
        self.wake |= !waiting.is_empty();
        Ok(())
    }
}

/// New rows per statement.
const BLOCK: usize = 8;

const INSERT_ONE: &str = "INSERT INTO message (seq, place, due, queue, consumer, wait, accepted_at, attempts, history, \
     head, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static INSERT_BLOCK: LazyLock<String> = LazyLock::new(|| {
    let row = ", (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    format!("{INSERT_ONE}{}", row.repeat(BLOCK - 1))
});

/// Binds one parameter after the other.
struct Parameters<'s, 'c> {
    statement: &'s mut Statement<'c>,
    last: usize,
}

impl Parameters<'_, '_> {
    fn bind(&mut self, value: impl ToSql) -> Result<()> {
        self.last += 1;
        self.statement.raw_bind_parameter(self.last, value)
    }
}
