//! Looking and repairing: lists are read on a connection of their own, changes go through the writer.

use std::collections::BTreeMap;

use rusqlite::{Connection, Result, ToSql, params_from_iter};

use super::{
    Sqlite,
    database::Database,
    dead_letter,
    instance::{COLUMNS, live},
};
use crate::{
    Error,
    dead_letter::{DeadLetterFilter, DeadLetterId, StoredDeadLetter},
    service::BoxFuture,
    store::{
        Found, Inspect, InstanceCount, InstanceFilter, InstanceId, InstanceRow, QueueDepth, Subscription,
        row::{micros, time, wait_of},
    },
};

/// A filter's limit, 0 standing for 100.
pub(super) fn page(limit: usize) -> i64 {
    i64::try_from(if limit == 0 { 100 } else { limit }).unwrap_or(i64::MAX)
}

impl Inspect for Sqlite {
    fn instances(&self, filter: InstanceFilter) -> BoxFuture<'_, Result<Vec<InstanceRow>, Error>> {
        Box::pin(async move {
            // With both, the key index finds it; else the table is read through.
            if let (Some(saga), Some(key)) = (&filter.saga, &filter.key) {
                let id = InstanceId {
                    saga: saga.as_str().into(),
                    key: key.as_str().into(),
                };
                let found = self.instance(id).await?;
                return Ok(one_of(found, &filter));
            }
            self.read_settled("list instances", move |connection| instances(connection, &filter))
                .await
        })
    }

    fn instance(&self, id: InstanceId) -> BoxFuture<'_, Result<Found, Error>> {
        Box::pin(self.write("look up an instance", move |db| {
            let now = db.now();
            db.find(&id, now)
        }))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<InstanceCount>, Error>> {
        Box::pin(self.read_settled("count instances", counts))
    }

    fn queues(&self) -> BoxFuture<'_, Result<Vec<QueueDepth>, Error>> {
        Box::pin(self.read_settled("count messages", queues))
    }

    fn dead_letters(&self, filter: DeadLetterFilter) -> BoxFuture<'_, Result<Vec<StoredDeadLetter>, Error>> {
        Box::pin(self.read("list dead letters", move |connection| {
            dead_letter::list(connection, &filter)
        }))
    }

    fn dead_letter_counts(&self) -> BoxFuture<'_, Result<BTreeMap<String, u64>, Error>> {
        Box::pin(self.read("count dead letters", dead_letter::counts))
    }

    fn replay(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>> {
        Box::pin(self.write("replay dead letters", move |db| {
            count_those(&ids, |id| db.replay(id))
        }))
    }

    fn delete(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>> {
        Box::pin(self.write("delete dead letters", move |db| {
            count_those(&ids, |id| db.delete_letter(id))
        }))
    }

    fn unsubscribe(&self, subscription: Subscription) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.write("remove a subscription", move |db| db.unsubscribe(&subscription)))
    }
}

impl Database {
    fn unsubscribe(&mut self, subscription: &Subscription) -> Result<bool> {
        let removed = self
            .connection
            .prepare_cached("DELETE FROM subscription WHERE event = ? AND queue = ?")?
            .execute([&*subscription.event, &*subscription.queue])?;
        Ok(removed == 1)
    }
}

fn count_those(ids: &[DeadLetterId], mut change: impl FnMut(DeadLetterId) -> Result<bool>) -> Result<usize> {
    ids.iter()
        .try_fold(0, |count, id| Ok(count + usize::from(change(*id)?)))
}

/// The instance that was found, if the rest of the filter lets it through.
fn one_of(found: Found, filter: &InstanceFilter) -> Vec<InstanceRow> {
    let Found::Live(row) = found else {
        return Vec::new();
    };
    let matches = filter.offset == 0
        && filter.state.as_ref().is_none_or(|state| **state == *row.state)
        && filter.created_before.is_none_or(|before| row.created_at < before)
        && filter.updated_before.is_none_or(|before| row.updated_at < before)
        && (!filter.parked || row.parked.is_some())
        && (!filter.with_timer || row.due.is_some());
    if matches { vec![row] } else { Vec::new() }
}

fn instances(connection: &Connection, filter: &InstanceFilter) -> Result<Vec<InstanceRow>> {
    let mut conditions = vec!["TRUE"];
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let texts = [
        ("saga = ?", &filter.saga),
        ("state = ?", &filter.state),
        ("key = ?", &filter.key),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            conditions.push(condition);
            values.push(Box::new(text.clone()));
        }
    }
    let times = [
        ("created_at < ?", filter.created_before),
        ("updated_at < ?", filter.updated_before),
    ];
    for (condition, before) in times {
        if let Some(before) = before {
            conditions.push(condition);
            values.push(Box::new(micros(before)));
        }
    }
    if filter.parked {
        conditions.push("parked IS NOT NULL");
    }
    if filter.with_timer {
        conditions.push("due IS NOT NULL");
    }
    let order = if filter.with_timer { "due, n" } else { "n" };
    values.push(Box::new(page(filter.limit)));
    values.push(Box::new(i64::try_from(filter.offset).unwrap_or(i64::MAX)));
    let conditions = conditions.join(" AND ");
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM instance WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?"
        ))?
        .query_map(params_from_iter(values), live)?
        .collect()
}

fn counts(connection: &Connection) -> Result<Vec<InstanceCount>> {
    connection
        .prepare_cached(
            "SELECT saga, state, count(*) FROM instance GROUP BY saga, state ORDER BY saga, state",
        )?
        .query_map([], |row| {
            Ok(InstanceCount {
                saga: row.get(0)?,
                state: row.get(1)?,
                count: row.get::<_, i64>(2)?.cast_unsigned(),
            })
        })?
        .collect()
}

fn queues(connection: &Connection) -> Result<Vec<QueueDepth>> {
    connection
        .prepare_cached(
            "SELECT queue, wait, count(*), min(accepted_at) FROM message GROUP BY queue, wait ORDER BY queue, wait",
        )?
        .query_map([], |row| {
            Ok(QueueDepth {
                queue: row.get(0)?,
                wait: wait_of(row.get(1)?)?,
                count: row.get::<_, i64>(2)?.cast_unsigned(),
                oldest: row.get::<_, Option<i64>>(3)?.map(time),
            })
        })?
        .collect()
}
