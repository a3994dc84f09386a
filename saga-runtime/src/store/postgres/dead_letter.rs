//! Dead letters: listed, put back, deleted.

use std::collections::BTreeMap;

use tokio_postgres::{Row, types::ToSql};

use super::{Postgres, column::Column, inspect::page};
use crate::{
    Error,
    dead_letter::{DeadLetter, DeadLetterFilter, DeadLetterId, DeadMessage, StoredDeadLetter},
    store::row::{read_letter, wait_code, write_head},
};

const LETTERS: &str = "SELECT letter, id FROM dead_letter WHERE id > $1 AND ($2::text IS NULL OR name = $2) \
    AND ($3::text IS NULL OR queue = $3) AND ($4::text IS NULL OR reason = $4) ORDER BY id LIMIT $5";

const REPLAY: &str = "replay a dead letter";

const PUT_BACK: &str = "WITH letter AS (DELETE FROM dead_letter WHERE id = $1 RETURNING id) \
    INSERT INTO message (seq, accepted_at, attempts, wait, queue, consumer, name, version, head, body) \
    SELECT $2, saga_now(), 0, $3, $4, $5, $6, $7, $8, $9 FROM letter RETURNING seq";

const LETTER_COUNTS: &str = "SELECT coalesce(name, ''), count(*) FROM dead_letter GROUP BY 1";

impl Postgres {
    /// A page of them, oldest first.
    pub(super) async fn letters(&self, filter: DeadLetterFilter) -> Result<Vec<StoredDeadLetter>, Error> {
        let reason = filter.reason.map(|reason| reason.to_string());
        let limit = page(filter.limit);
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&filter.after, &filter.name, &filter.queue, &reason, &limit];
        let read = |row: &Row| {
            Ok(StoredDeadLetter {
                id: row.try_get(1)?,
                letter: read_letter(row.try_get(0)?)?,
            })
        };
        self.list("list dead letters", LETTERS, &parameters, read).await
    }

    /// How many there are, by message name; bytes that never were a message count under no name.
    pub(super) async fn letter_counts(&self) -> Result<BTreeMap<String, u64>, Error> {
        let count = |row: &Row| Ok((row.try_get(0)?, row.try_get::<_, i64>(1)?.cast_unsigned()));
        let counts = self.list("count dead letters", LETTER_COUNTS, &[], count).await?;
        Ok(counts.into_iter().collect())
    }

    /// Deletes some; how many there were.
    pub(super) async fn delete_letters(&self, ids: Vec<DeadLetterId>) -> Result<usize, Error> {
        let sql = "DELETE FROM dead_letter WHERE id = ANY ($1) RETURNING id";
        let mut column = Column::default();
        ids.into_iter().for_each(|id| column.long(id));
        Ok(self.desk.ask("delete dead letters", sql, &[&column]).await?.len())
    }

    /// Puts one back into its queue; whether it was there and is a message.
    pub(super) async fn replay_letter(&self, id: DeadLetterId) -> Result<bool, Error> {
        let read = |row: &Row| Ok(read_letter(row.try_get(0)?)?);
        let letters = self
            .list(
                REPLAY,
                "SELECT letter FROM dead_letter WHERE id = $1",
                &[&id],
                read,
            )
            .await?;
        let Some(letter) = letters.into_iter().next() else {
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
        let mut head = Vec::new();
        let put = async {
            write_head(&envelope, &mut head)?;
            let session = self.desk.session().await?;
            let seq = self.common.numbers.take(&session, [1].into_iter()).await?;
            let parameters: [&(dyn ToSql + Sync); 9] = [
                &id,
                &seq.first().copied().unwrap_or_default(),
                &i16::try_from(wait_code(wait)).unwrap_or_default(),
                &&*queue,
                &consumer.as_deref().unwrap_or(""),
                &&*envelope.name,
                &envelope.version.cast_signed(),
                &head,
                &&*envelope.body,
            ];
            session.query(PUT_BACK, &parameters).await
        };
        let put = put.await.map_err(|fault| self.explain(fault, REPLAY))?;
        self.common.bell.ring();
        Ok(!put.is_empty())
    }
}
