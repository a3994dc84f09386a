//! The rows of instances, as they are read.

use bytes::Bytes;
use tokio_postgres::Row;

use super::{
    column::{Column, Time},
    error::Fault,
    session::Session,
};
use crate::store::{
    Found, InstanceId, InstanceRow, Tombstone,
    row::{codec_of, unreadable},
};

/// The columns that [`live`] reads, of a table called `i`.
macro_rules! live_columns {
    () => {
        "i.saga, i.key, i.incarnation, i.version, i.due, i.created_at, i.updated_at, i.saga_version, i.content_type, \
         i.state, i.parked, i.book, i.data"
    };
}

pub(super) use live_columns;

const LOAD: &str = concat!(
    "SELECT ",
    live_columns!(),
    ", f.incarnation, f.created_at, f.finished_at, f.book \
     FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS u (saga, key, n) \
     LEFT JOIN instance i ON i.saga = u.saga AND i.key = u.key \
     LEFT JOIN finished f ON i.saga IS NULL AND f.saga = u.saga AND f.key = u.key \
        AND f.finished_at >= saga_now() - $3::bigint * interval '1 microsecond' ORDER BY u.n"
);

/// Finds instances by their keys, tombstones within the retention included, in the order asked.
pub(super) async fn load(session: &Session, ids: &[InstanceId], retention: i64) -> Result<Vec<Found>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (mut sagas, mut keys) = (Column::default(), Column::default());
    for id in ids {
        sagas.text(&id.saga);
        keys.text(&id.key);
    }
    let rows = session.query(LOAD, &[&sagas, &keys, &retention]).await?;
    rows.iter().zip(ids).map(|(row, id)| found(row, id)).collect()
}

fn found(row: &Row, id: &InstanceId) -> Result<Found, Fault> {
    if row.try_get::<_, Option<&str>>(0)?.is_some() {
        return Ok(Found::Live(live(row)?));
    }
    let Some(incarnation) = row.try_get::<_, Option<i64>>(13)? else {
        return Ok(Found::Absent);
    };
    Ok(Found::Finished(Tombstone {
        id: id.clone(),
        incarnation: incarnation.cast_unsigned(),
        created_at: row.try_get::<_, Time>(14)?.0,
        finished_at: row.try_get::<_, Time>(15)?.0,
        book: Bytes::copy_from_slice(row.try_get(16)?),
    }))
}

/// Reads a row of `live_columns!`.
pub(super) fn live(row: &Row) -> Result<InstanceRow, Fault> {
    Ok(InstanceRow {
        id: id(row, 0, 1)?,
        incarnation: row.try_get::<_, i64>(2)?.cast_unsigned(),
        version: row.try_get::<_, i64>(3)?.cast_unsigned(),
        due: row.try_get::<_, Option<Time>>(4)?.map(|due| due.0),
        created_at: row.try_get::<_, Time>(5)?.0,
        updated_at: row.try_get::<_, Time>(6)?.0,
        saga_version: row.try_get::<_, i32>(7)?.cast_unsigned(),
        content_type: codec_of(row.try_get::<_, i16>(8)?.into())?,
        state: row.try_get::<_, &str>(9)?.into(),
        parked: row.try_get::<_, Option<&str>>(10)?.map(Into::into),
        book: Bytes::copy_from_slice(row.try_get(11)?),
        data: Bytes::copy_from_slice(row.try_get(12)?),
    })
}

/// Reads saga and key. A key is bytes here, since it may hold NUL.
pub(super) fn id(row: &Row, saga: usize, key: usize) -> Result<InstanceId, Fault> {
    let key = std::str::from_utf8(row.try_get(key)?).map_err(|error| unreadable("`instance.key`", error))?;
    Ok(InstanceId {
        saga: row.try_get::<_, &str>(saga)?.into(),
        key: key.into(),
    })
}
