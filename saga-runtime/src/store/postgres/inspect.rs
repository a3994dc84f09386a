//! Looking and repairing.

use std::collections::BTreeMap;

use tokio_postgres::{Row, types::ToSql};

use super::{
    Postgres,
    column::Time,
    error::Fault,
    instance::{live, live_columns},
    take::{find, whole},
};
use crate::{
    Error,
    dead_letter::{DeadLetterFilter, DeadLetterId, StoredDeadLetter},
    service::BoxFuture,
    store::{
        Found, Inspect, InstanceCount, InstanceFilter, InstanceId, InstanceRow, QueueDepth, Subscription,
        row::wait_of,
    },
};

/// A filter's limit, 0 standing for 100.
pub(super) fn page(limit: usize) -> i64 {
    whole(if limit == 0 { 100 } else { limit })
}

macro_rules! listing {
    ($timer:literal, $order:literal) => {
        concat!(
            "SELECT ",
            live_columns!(),
            " FROM instance i WHERE ($1::text IS NULL OR saga = $1) AND ($2::text IS NULL OR state = $2) \
             AND ($3::bytea IS NULL OR key = $3) AND ($4::timestamptz IS NULL OR created_at < $4) \
             AND ($5::timestamptz IS NULL OR updated_at < $5) AND (NOT $6 OR parked IS NOT NULL)",
            $timer,
            " ORDER BY ",
            $order,
            ", saga, key LIMIT $7 OFFSET $8"
        )
    };
}

const LIST: &str = listing!("", "created_at");

const WITH_TIMER: &str = listing!(" AND due IS NOT NULL", "due");

const COUNTS: &str = "SELECT saga, state, count(*) FROM instance GROUP BY saga, state ORDER BY saga, state";

const QUEUES: &str =
    "SELECT queue, wait, count(*), min(accepted_at) FROM message GROUP BY queue, wait ORDER BY queue, wait";

impl Inspect for Postgres {
    fn instances(&self, filter: InstanceFilter) -> BoxFuture<'_, Result<Vec<InstanceRow>, Error>> {
        Box::pin(async move {
            let sql = if filter.with_timer { WITH_TIMER } else { LIST };
            let key = filter.key.as_deref().map(str::as_bytes);
            let (created, updated) = (filter.created_before.map(Time), filter.updated_before.map(Time));
            let (limit, offset) = (page(filter.limit), whole(filter.offset));
            let parameters: [&(dyn ToSql + Sync); 8] = [
                &filter.saga,
                &filter.state,
                &key,
                &created,
                &updated,
                &filter.parked,
                &limit,
                &offset,
            ];
            self.list("list instances", sql, &parameters, live).await
        })
    }

    fn instance(&self, id: InstanceId) -> BoxFuture<'_, Result<Found, Error>> {
        Box::pin(async move {
            let found = find(&self.takes, &self.common.member, id).await;
            found.map_err(|fault| self.explain(fault, "look up an instance"))
        })
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<InstanceCount>, Error>> {
        Box::pin(self.list("count instances", COUNTS, &[], |row| {
            Ok(InstanceCount {
                saga: row.try_get(0)?,
                state: row.try_get(1)?,
                count: row.try_get::<_, i64>(2)?.cast_unsigned(),
            })
        }))
    }

    fn queues(&self) -> BoxFuture<'_, Result<Vec<QueueDepth>, Error>> {
        Box::pin(self.list("count messages", QUEUES, &[], |row| {
            Ok(QueueDepth {
                queue: row.try_get(0)?,
                wait: wait_of(row.try_get::<_, i16>(1)?.into())?,
                count: row.try_get::<_, i64>(2)?.cast_unsigned(),
                oldest: row.try_get::<_, Option<Time>>(3)?.map(|at| at.0),
            })
        }))
    }

    fn dead_letters(&self, filter: DeadLetterFilter) -> BoxFuture<'_, Result<Vec<StoredDeadLetter>, Error>> {
        Box::pin(self.letters(filter))
    }

    fn dead_letter_counts(&self) -> BoxFuture<'_, Result<BTreeMap<String, u64>, Error>> {
        Box::pin(self.letter_counts())
    }

    fn replay(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>> {
        Box::pin(async move {
            let mut replayed = 0;
            for id in ids {
                replayed += usize::from(self.replay_letter(id).await?);
            }
            Ok(replayed)
        })
    }

    fn delete(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>> {
        Box::pin(self.delete_letters(ids))
    }

    fn unsubscribe(&self, subscription: Subscription) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let sql = "DELETE FROM subscription WHERE event = $1 AND queue = $2 RETURNING event";
            let parameters: [&(dyn ToSql + Sync); 2] = [&&*subscription.event, &&*subscription.queue];
            let removed = self.desk.ask("remove a subscription", sql, &parameters).await?;
            Ok(!removed.is_empty())
        })
    }
}

impl Postgres {
    /// Reads a list.
    pub(super) async fn list<T>(
        &self,
        operation: &'static str,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
        read: impl Fn(&Row) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Error> {
        let rows = self.desk.ask(operation, sql, parameters).await?;
        let read: Result<Vec<T>, Fault> = rows.iter().map(read).collect();
        read.map_err(|fault| self.explain(fault, operation))
    }
}
