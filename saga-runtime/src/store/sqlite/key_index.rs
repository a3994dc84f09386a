//! Finds the row of an instance by its key: recent rows in memory, older ones in a table written in sorted runs.
//!
//! ```text
//! new row ──▶ pending (hash, n), in memory ──▶ a chunk of neighbours per commit ──▶ table key_index
//!                    ▲                                                                  │
//!  on open: rows past `indexed_up_to`                          lookup: both, then the row itself is compared
//! ```
//!
//! Keys are random, so an index written row by row changes a page of its own for each. A sweep goes through the
//! pending entries in the order of their hash, and a chunk of neighbours shares few pages. Once a sweep has come round,
//! every row that was there when it began is in the table: `indexed_up_to` says so, and only rows past it
//! are read back at the next start.

// Its algorithm and keys are fixed for ever, which `DefaultHasher` does not promise and a stored hash needs.
#[allow(deprecated)]
use std::hash::SipHasher;
use std::{collections::BTreeSet, hash::Hasher, ops::Bound};

use rusqlite::{Connection, Result, params, params_from_iter};

use crate::store::InstanceId;

/// A hash of the key and the row it may be in.
type Entry = (i64, i64);

/// A sweep begins when so many entries are pending; each takes some 24 bytes.
#[cfg(not(test))]
const SWEEP_AT: usize = 200_000;
#[cfg(test)]
const SWEEP_AT: usize = 64;

/// The least number of entries that a commit takes along while a sweep lasts.
const CHUNK: usize = 128;

/// See the [module](self). Only the writer uses it.
#[derive(Debug)]
pub(super) struct KeyIndex {
    seed: (u64, u64),
    pending: BTreeSet<Entry>,
    indexed_up_to: i64,
    newest: i64,
    arrived: usize,
    sweep: Option<Sweep>,
    undo: Vec<Undo>,
}

/// How far a sweep has come, and the newest row there was when it began.
#[derive(Clone, Copy, Debug)]
struct Sweep {
    after: Entry,
    covers: i64,
}

#[derive(Debug)]
enum Undo {
    Added(Entry),
    Removed(Entry),
    Progress {
        sweep: Option<Sweep>,
        indexed_up_to: i64,
    },
}

impl KeyIndex {
    /// Reads back what had not been indexed.
    pub(super) fn load(connection: &Connection) -> Result<Self> {
        let meta = |name: &str| {
            connection.query_row("SELECT value FROM meta WHERE name = ?", [name], |row| {
                row.get::<_, i64>(0)
            })
        };
        let indexed_up_to = meta("indexed_up_to")?;
        let mut index = Self {
            seed: (meta("seed_0")?.cast_unsigned(), meta("seed_1")?.cast_unsigned()),
            pending: BTreeSet::new(),
            indexed_up_to,
            newest: indexed_up_to,
            arrived: 0,
            sweep: None,
            undo: Vec::new(),
        };
        for table in ["instance", "finished"] {
            index.load_table(connection, table)?;
        }
        Ok(index)
    }

    fn load_table(&mut self, connection: &Connection, table: &str) -> Result<()> {
        let mut rows = connection.prepare(&format!("SELECT n, saga, key FROM {table} WHERE n > ?"))?;
        let mut rows = rows.query([self.indexed_up_to])?;
        while let Some(row) = rows.next()? {
            let n = row.get(0)?;
            let hash = self.hash(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
            self.pending.insert((hash, n));
            self.newest = self.newest.max(n);
        }
        Ok(())
    }

    /// The hash of a key. Different keys may share one: compare the row.
    pub(super) fn hash_of(&self, id: &InstanceId) -> i64 {
        self.hash(&id.saga, &id.key)
    }

    /// The hash of a key by its parts.
    pub(super) fn hash(&self, saga: &str, key: &str) -> i64 {
        #[allow(deprecated)]
        let mut hasher = SipHasher::new_with_keys(self.seed.0, self.seed.1);
        hasher.write(saga.as_bytes());
        hasher.write_u8(0xff);
        hasher.write(key.as_bytes());
        hasher.finish().cast_signed()
    }

    /// The rows that may hold a key with this hash.
    pub(super) fn candidates(&self, connection: &Connection, hash: i64) -> Result<Vec<i64>> {
        let mut found: Vec<i64> = self
            .pending
            .range((hash, i64::MIN)..=(hash, i64::MAX))
            .map(|(_, n)| *n)
            .collect();
        let mut indexed = connection.prepare_cached("SELECT n FROM key_index WHERE hash = ?")?;
        let mut rows = indexed.query([hash])?;
        while let Some(row) = rows.next()? {
            found.push(row.get(0)?);
        }
        Ok(found)
    }

    /// The newest row in memory that may hold a key with this hash.
    pub(super) fn recent(&self, hash: i64) -> Option<i64> {
        self.pending
            .range((hash, i64::MIN)..=(hash, i64::MAX))
            .next_back()
            .map(|(_, n)| *n)
    }

    /// The number for a new row with this hash.
    pub(super) fn add(&mut self, hash: i64) -> i64 {
        self.newest += 1;
        self.arrived += 1;
        self.insert((hash, self.newest));
        self.newest
    }

    /// Forgets a row that is gone.
    pub(super) fn remove(&mut self, connection: &Connection, hash: i64, n: i64) -> Result<()> {
        self.take((hash, n));
        connection
            .prepare_cached("DELETE FROM key_index WHERE hash = ? AND n = ?")?
            .execute([hash, n])?;
        Ok(())
    }

    fn insert(&mut self, entry: Entry) {
        if self.pending.insert(entry) {
            self.undo.push(Undo::Added(entry));
        }
    }

    fn take(&mut self, entry: Entry) {
        if self.pending.remove(&entry) {
            self.undo.push(Undo::Removed(entry));
        }
    }

    /// Moves a chunk of neighbours into the table, if so many are pending. Part of the transaction that is open.
    pub(super) fn sweep(&mut self, connection: &Connection) -> Result<()> {
        let Some(sweep) = self.current_sweep() else {
            return Ok(());
        };
        // Twice what came in, so that a sweep ends.
        let size = CHUNK.max(self.arrived * 2);
        self.arrived = 0;
        let chunk: Vec<Entry> = self
            .pending
            .range((Bound::Excluded(sweep.after), Bound::Unbounded))
            .take(size)
            .copied()
            .collect();
        write(connection, &chunk)?;
        self.undo.push(Undo::Progress {
            sweep: self.sweep,
            indexed_up_to: self.indexed_up_to,
        });
        match chunk.last() {
            Some(last) if chunk.len() == size => {
                self.sweep = Some(Sweep {
                    after: *last,
                    ..sweep
                });
            }
            _ => self.end_sweep(connection, sweep.covers)?,
        }
        chunk.into_iter().for_each(|entry| self.take(entry));
        Ok(())
    }

    fn current_sweep(&mut self) -> Option<Sweep> {
        if self.sweep.is_some() || self.pending.len() < SWEEP_AT {
            return self.sweep;
        }
        Some(Sweep {
            after: (i64::MIN, i64::MIN),
            covers: self.newest,
        })
    }

    fn end_sweep(&mut self, connection: &Connection, covers: i64) -> Result<()> {
        self.sweep = None;
        self.indexed_up_to = covers;
        connection
            .prepare_cached("UPDATE meta SET value = ? WHERE name = 'indexed_up_to'")?
            .execute([covers])?;
        Ok(())
    }

    /// The transaction was committed.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    /// The transaction was rolled back.
    pub(super) fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Added(entry) => {
                    self.pending.remove(&entry);
                }
                Undo::Removed(entry) => {
                    self.pending.insert(entry);
                }
                Undo::Progress { sweep, indexed_up_to } => {
                    self.sweep = sweep;
                    self.indexed_up_to = indexed_up_to;
                }
            }
        }
    }
}

/// Rows per statement.
const ROWS: usize = 64;

fn write(connection: &Connection, chunk: &[Entry]) -> Result<()> {
    let (blocks, rest) = chunk.as_chunks::<ROWS>();
    for block in blocks {
        let sql = insert_rows();
        connection
            .prepare_cached(sql)?
            .execute(params_from_iter(block.iter().flat_map(|(hash, n)| [*hash, *n])))?;
    }
    let mut one = connection.prepare_cached("INSERT OR IGNORE INTO key_index VALUES (?, ?)")?;
    for (hash, n) in rest {
        one.execute(params![hash, n])?;
    }
    Ok(())
}

fn insert_rows() -> &'static str {
    use std::sync::LazyLock;
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let rows = vec!["(?, ?)"; ROWS].join(", ");
        format!("INSERT OR IGNORE INTO key_index VALUES {rows}")
    });
    &SQL
}
