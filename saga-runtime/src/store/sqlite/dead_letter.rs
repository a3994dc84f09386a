//! Dead letters: listed, put back, deleted.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::{database::Database, inspect::page};
use crate::{
    dead_letter::{DeadLetter, DeadLetterFilter, DeadLetterId, DeadMessage, StoredDeadLetter},
    store::{NewMessage, row::read_letter},
};

/// A page of them, oldest first.
pub(super) fn list(connection: &Connection, filter: &DeadLetterFilter) -> Result<Vec<StoredDeadLetter>> {
    connection
        .prepare_cached(
            "SELECT letter, id FROM dead_letter WHERE id > ?1 AND (?2 IS NULL OR name = ?2) \
             AND (?3 IS NULL OR queue = ?3) AND (?4 IS NULL OR reason = ?4) ORDER BY id LIMIT ?5",
        )?
        .query_map(
            params![
                filter.after,
                filter.name,
                filter.queue,
                filter.reason.map(|reason| reason.to_string()),
                page(filter.limit),
            ],
            |row| {
                Ok(StoredDeadLetter {
                    id: row.get(1)?,
                    letter: letter(row)?,
                })
            },
        )?
        .collect()
}

/// How many there are, by message name; bytes that never were a message count under no name.
pub(super) fn counts(connection: &Connection) -> Result<BTreeMap<String, u64>> {
    connection
        .prepare_cached("SELECT coalesce(name, ''), count(*) FROM dead_letter GROUP BY 1")?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?
        .collect()
}

fn letter(row: &Row<'_>) -> Result<DeadLetter> {
    Ok(read_letter(row.get_ref(0)?.as_blob()?)?)
}

impl Database {
    /// Puts one back into its queue; whether it was there and is a message.
    pub(super) fn replay(&mut self, id: DeadLetterId) -> Result<bool> {
        let letter = self
            .connection
            .prepare_cached("SELECT letter FROM dead_letter WHERE id = ?")?
            .query_row([id], letter)
            .optional()?;
        let Some(letter) = letter else {
            return Ok(false);
        };
        let wait = letter.wait_on_replay();
        let DeadLetter {
            message: DeadMessage::Envelope(envelope),
            queue,
            consumer,
            ..
        } = letter
        else {
            return Ok(false);
        };
        let message = NewMessage {
            envelope,
            queue,
            consumer,
            claimed: false,
            wait,
            due: None,
            attempts: 0,
            history: Vec::new(),
            instance: None,
        };
        let now = self.now();
        let born = self.bear(&message, now)?;
        self.insert_messages(&[born])?;
        self.delete_letter(id)
    }

    /// Deletes one; whether it was there.
    pub(super) fn delete_letter(&mut self, id: DeadLetterId) -> Result<bool> {
        let deleted = self
            .connection
            .prepare_cached("DELETE FROM dead_letter WHERE id = ?")?
            .execute([id])?;
        Ok(deleted == 1)
    }
}
