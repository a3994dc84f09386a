//! The rows of instances, live and finished: found by key, gated by version, written.

use bytes::Bytes;
use rusqlite::{OptionalExtension, Result, Row, params};

use super::{
    database::{Database, Needs},
    young::YoungInstance,
};
use crate::{
    Error,
    store::{
        Change, Found, InstanceChange, InstanceId, InstanceRow, Tombstone,
        row::{codec_code, codec_of, micros, micros_up, time},
    },
};

macro_rules! columns {
    () => {
        "saga, key, incarnation, version, state, saga_version, content_type, due, parked, created_at, updated_at, \
         book, data"
    };
}

/// The columns that [`live`] reads.
pub(super) const COLUMNS: &str = columns!();

const SELECT_LIVE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM instance WHERE n = ? AND key = ? AND saga = ?"
);

/// Reads a row of [`COLUMNS`].
pub(super) fn live(row: &Row<'_>) -> Result<InstanceRow> {
    Ok(InstanceRow {
        id: InstanceId {
            saga: row.get_ref(0)?.as_str()?.into(),
            key: row.get_ref(1)?.as_str()?.into(),
        },
        incarnation: row.get::<_, i64>(2)?.cast_unsigned(),
        version: row.get::<_, i64>(3)?.cast_unsigned(),
        state: row.get_ref(4)?.as_str()?.into(),
        saga_version: row.get(5)?,
        content_type: codec_of(row.get(6)?)?,
        due: row.get::<_, Option<i64>>(7)?.map(time),
        parked: row.get_ref(8)?.as_str_or_null()?.map(Into::into),
        created_at: time(row.get(9)?),
        updated_at: time(row.get(10)?),
        book: Bytes::copy_from_slice(row.get_ref(11)?.as_blob()?),
        data: Bytes::copy_from_slice(row.get_ref(12)?.as_blob()?),
    })
}

/// A tombstone and its row.
struct Grave {
    n: i64,
    tombstone: Tombstone,
}

impl Database {
    /// The first that `probe` finds among the rows which may hold a key, the most recent one first.
    fn locate<T>(
        &self,
        id: &InstanceId,
        mut probe: impl FnMut(i64) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let hash = self.keys.hash_of(id);
        if let Some(n) = self.keys.recent(hash)
            && let Some(found) = probe(n)?
        {
            return Ok(Some(found));
        }
        for n in self.keys.candidates(&self.connection, hash)? {
            if let Some(found) = probe(n)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What there is under a key, tombstones within the retention included.
    pub(super) fn find(&self, id: &InstanceId, now: i64) -> Result<Found> {
        if let Some(row) = self.young.instance(id) {
            return Ok(Found::Live(row.clone()));
        }
        let found = self.locate(id, |n| {
            if let Some(row) = self.read_live(n, id)? {
                return Ok(Some(Found::Live(row)));
            }
            let grave = self.read_grave(n, id)?.filter(|grave| !self.is_over(grave, now));
            Ok(grave.map(|grave| Found::Finished(grave.tombstone)))
        })?;
        Ok(found.unwrap_or(Found::Absent))
    }

    /// The version of a live instance.
    pub(super) fn find_live(&self, id: &InstanceId) -> Result<Option<u64>> {
        if let Some(row) = self.young.instance(id) {
            return Ok(Some(row.version));
        }
        self.locate(id, |n| {
            let version: Option<i64> = self
                .connection
                .prepare_cached("SELECT version FROM instance WHERE n = ? AND key = ? AND saga = ?")?
                .query_row(params![n, &*id.key, &*id.saga], |row| row.get(0))
                .optional()?;
            Ok(version.map(i64::cast_unsigned))
        })
    }

    fn read_live(&self, n: i64, id: &InstanceId) -> Result<Option<InstanceRow>> {
        self.connection
            .prepare_cached(SELECT_LIVE)?
            .query_row(params![n, &*id.key, &*id.saga], live)
            .optional()
    }

    fn read_grave(&self, n: i64, id: &InstanceId) -> Result<Option<Grave>> {
        let read = |row: &Row<'_>| {
            Ok(Grave {
                n,
                tombstone: Tombstone {
                    id: id.clone(),
                    incarnation: row.get::<_, i64>(0)?.cast_unsigned(),
                    created_at: time(row.get(1)?),
                    finished_at: time(row.get(2)?),
                    book: Bytes::copy_from_slice(row.get_ref(3)?.as_blob()?),
                },
            })
        };
        self.connection
            .prepare_cached(
                "SELECT incarnation, created_at, finished_at, book FROM finished \
                 WHERE n = ? AND key = ? AND saga = ?",
            )?
            .query_row(params![n, &*id.key, &*id.saga], read)
            .optional()
    }

    fn is_over(&self, grave: &Grave, now: i64) -> bool {
        micros(grave.tombstone.finished_at).saturating_add(self.retention) < now
    }

    /// Checks what a unit rests on and, if it holds, writes what becomes of it; whether it held.
    pub(super) fn change_instance(&mut self, change: &InstanceChange, now: i64) -> Result<bool> {
        match (change.expect, &change.change) {
            (None, then) => self.begin_instance(&change.id, then, now),
            (Some(version), then) if let Some(young) = self.young.instance(&change.id) => {
                let holds = young.version == version;
                if holds {
                    self.change_young(&change.id, then)?;
                }
                Ok(holds)
            }
            (Some(version), Change::Keep) => Ok(self.find_live(&change.id)? == Some(version)),
            (Some(version), Change::Put(row)) => self.update_instance(&change.id, version, row),
            (Some(version), Change::Finish(tombstone)) => {
                self.finish_instance(&change.id, version, tombstone)
            }
        }
    }

    fn begin_instance(&mut self, id: &InstanceId, then: &Change, now: i64) -> Result<bool> {
        if self.young.instance(id).is_some() {
            return Ok(false);
        }
        let hash = self.keys.hash_of(id);
        for n in self.keys.candidates(&self.connection, hash)? {
            if self.read_live(n, id)?.is_some() {
                return Ok(false);
            }
            if let Some(grave) = self.read_grave(n, id)? {
                if !self.is_over(&grave, now) {
                    return Ok(false);
                }
                self.remove_grave(hash, grave.n)?;
            }
        }
        match then {
            Change::Keep => {}
            Change::Put(row) => {
                self.young.start(hash, row)?;
                self.release_absent(id)?;
            }
            Change::Finish(tombstone) => {
                let n = self.keys.add(hash);
                self.insert_grave(n, id, tombstone)?;
                self.release_absent(id)?;
            }
        }
        Ok(true)
    }

    /// The gate has been passed.
    fn change_young(&mut self, id: &InstanceId, then: &Change) -> Result<()> {
        match then {
            Change::Keep => {}
            Change::Put(row) => self.young.advance(row)?,
            Change::Finish(tombstone) => {
                if let Some(hash) = self.young.end(id)? {
                    let n = self.keys.add(hash);
                    self.insert_grave(n, id, tombstone)?;
                }
            }
        }
        Ok(())
    }

    /// Gives whatever is young a row of its own and empties the journal. It need not wait for the disk: until it is
    /// there, the journal is.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        if self.young.is_empty() {
            return Ok(());
        }
        self.transaction(Needs::NoSync, Self::settle_all)
            .map_err(|broken| broken.explain(&self.path, "settle its journal"))
    }

    /// As [`settle`](Self::settle), in the transaction that is open.
    pub(super) fn settle_all(&mut self) -> Result<()> {
        if self.young.is_empty() {
            return Ok(());
        }
        let young = self.young.settle();
        for YoungInstance { row, hash, .. } in young.instances() {
            let n = self.keys.add(*hash);
            self.insert_instance(n, &row.id, row)?;
        }
        self.settle_messages(young.messages())?;
        self.connection
            .prepare_cached("DELETE FROM journal")?
            .execute([])?;
        Ok(())
    }

    fn insert_instance(&self, n: i64, id: &InstanceId, row: &InstanceRow) -> Result<()> {
        self.connection
            .prepare_cached("INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                n,
                &*id.saga,
                &*id.key,
                row.incarnation.cast_signed(),
                row.version.cast_signed(),
                &*row.state,
                row.saga_version,
                codec_code(row.content_type),
                row.due.map(micros_up),
                row.parked.as_deref(),
                micros(row.created_at),
                micros(row.updated_at),
                &*row.book,
                &*row.data,
            ])?;
        Ok(())
    }

    /// The gate and the change are one statement, and it is the unit's first: a conflict leaves nothing to undo.
    fn update_instance(&self, id: &InstanceId, version: u64, row: &InstanceRow) -> Result<bool> {
        let updated = self.locate(id, |n| Ok(self.update_row(n, id, version, row)?.then_some(())))?;
        Ok(updated.is_some())
    }

    fn update_row(&self, n: i64, id: &InstanceId, version: u64, row: &InstanceRow) -> Result<bool> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE instance SET incarnation = ?, version = ?, state = ?, saga_version = ?, content_type = ?, \
                 due = ?, parked = ?, created_at = ?, updated_at = ?, book = ?, data = ? \
                 WHERE n = ? AND version = ? AND key = ? AND saga = ?",
            )?
            .execute(params![
                row.incarnation.cast_signed(),
                row.version.cast_signed(),
                &*row.state,
                row.saga_version,
                codec_code(row.content_type),
                row.due.map(micros_up),
                row.parked.as_deref(),
                micros(row.created_at),
                micros(row.updated_at),
                &*row.book,
                &*row.data,
                n,
                version.cast_signed(),
                &*id.key,
                &*id.saga,
            ])?;
        Ok(changed == 1)
    }

    fn finish_instance(&self, id: &InstanceId, version: u64, tombstone: &Tombstone) -> Result<bool> {
        let finished = self.locate(id, |n| {
            Ok(self.finish_row(n, id, version, tombstone)?.then_some(()))
        })?;
        Ok(finished.is_some())
    }

    /// The tombstone keeps the row's number, so that the key index need not change.
    fn finish_row(&self, n: i64, id: &InstanceId, version: u64, tombstone: &Tombstone) -> Result<bool> {
        let deleted = self
            .connection
            .prepare_cached("DELETE FROM instance WHERE n = ? AND version = ? AND key = ? AND saga = ?")?
            .execute(params![n, version.cast_signed(), &*id.key, &*id.saga])?;
        if deleted == 1 {
            self.insert_grave(n, id, tombstone)?;
        }
        Ok(deleted == 1)
    }

    fn insert_grave(&self, n: i64, id: &InstanceId, tombstone: &Tombstone) -> Result<()> {
        self.connection
            .prepare_cached("INSERT INTO finished VALUES (?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                n,
                &*id.saga,
                &*id.key,
                tombstone.incarnation.cast_signed(),
                micros(tombstone.created_at),
                micros(tombstone.finished_at),
                &*tombstone.book,
            ])?;
        Ok(())
    }

    /// Removes a tombstone and its entry in the key index.
    pub(super) fn remove_grave(&mut self, hash: i64, n: i64) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM finished WHERE n = ?")?
            .execute([n])?;
        self.keys.remove(&self.connection, hash, n)
    }
}
