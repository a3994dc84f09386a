//! What the services did in the world, in a database of their own: every charge, refund and label under the
//! idempotency key it came with, so that what is done twice under one key counts once, and under two keys shows.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, Params, Result};

use crate::{
    contracts::{InvoiceId, OrderId},
    entries::{Entered, Entries, Entry},
};

/// Clones share one connection. A write takes microseconds, so it is done where it is needed; what services call is
/// `async` all the same, since the ledger of another company is on a server.
#[derive(Clone)]
pub struct Ledger(Arc<Mutex<Connection>>);

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL; -- outlives the process; a bank would say FULL
    CREATE TABLE IF NOT EXISTS entry (
        kind TEXT NOT NULL, key TEXT NOT NULL, order_id TEXT NOT NULL, cents INTEGER NOT NULL,
        PRIMARY KEY (kind, key)
    );
    CREATE INDEX IF NOT EXISTS entry_by_order ON entry (order_id, kind);
    CREATE TABLE IF NOT EXISTS answer (order_id TEXT PRIMARY KEY, outcome TEXT NOT NULL);";

impl Ledger {
    /// Opens the ledger in a file, or in memory.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Enters something, once per key.
    pub async fn record(&self, entry: Entry, key: &str, order: &OrderId, cents: u64) -> Result<()> {
        let insert = "INSERT OR IGNORE INTO entry VALUES (?1, ?2, ?3, ?4)";
        self.execute(insert, (entry.name(), key, &order.0, cents.cast_signed()))
            .map(drop)
    }

    /// Charges unless the bill was cancelled before; whether it is charged.
    pub async fn charge(&self, key: &str, order: &OrderId, cents: u64) -> Result<bool> {
        self.unless(Entry::BillCancelled, Entry::Charge, key, order, cents)
    }

    /// Cancels the bill unless it was charged before; whether it is cancelled.
    pub async fn cancel_bill(&self, key: &str, order: &OrderId) -> Result<bool> {
        self.unless(Entry::Charge, Entry::BillCancelled, key, order, 0)
    }

    /// Pays an invoice back; whether there is such an invoice.
    pub async fn refund(&self, key: &str, invoice: &InvoiceId) -> Result<bool> {
        let insert = "INSERT INTO entry SELECT ?1, ?2, order_id, cents FROM entry
            WHERE kind = ?3 AND key = ?4 ON CONFLICT (kind, key) DO UPDATE SET key = key";
        let row = (Entry::Refund.name(), key, Entry::Charge.name(), &invoice.0);
        Ok(self.execute(insert, row)? == 1)
    }

    /// What was answered about an order, for when the shop is opened again.
    pub fn answer(&self, order: &OrderId, outcome: &str) -> Result<()> {
        let insert = "INSERT OR REPLACE INTO answer VALUES (?1, ?2)";
        self.execute(insert, (&order.0, outcome)).map(drop)
    }

    /// All answers so far, by order.
    pub fn answers(&self) -> Result<BTreeMap<String, String>> {
        let connection = self.connection();
        let mut select = connection.prepare("SELECT order_id, outcome FROM answer")?;
        select
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    /// All entries so far.
    pub fn entries(&self) -> Result<Entries> {
        let connection = self.connection();
        let sum = "SELECT order_id, kind, COUNT(*), SUM(cents) FROM entry GROUP BY order_id, kind";
        let mut select = connection.prepare(sum)?;
        let entered = |times: i64, cents: i64| Entered {
            times: times.cast_unsigned(),
            cents: cents.cast_unsigned(),
        };
        let rows = select.query_map((), |row| {
            Ok(((row.get(0)?, row.get(1)?), entered(row.get(2)?, row.get(3)?)))
        })?;
        rows.collect()
    }

    /// Enters `then` unless `first` is there for this order; whether it was entered, now or before. One statement.
    fn unless(&self, first: Entry, then: Entry, key: &str, order: &OrderId, cents: u64) -> Result<bool> {
        let insert = "INSERT INTO entry SELECT ?2, ?3, ?4, ?5
            WHERE NOT EXISTS (SELECT 1 FROM entry WHERE order_id = ?4 AND kind = ?1)
            ON CONFLICT (kind, key) DO UPDATE SET key = key";
        let row = (first.name(), then.name(), key, &order.0, cents.cast_signed());
        Ok(self.execute(insert, row)? == 1)
    }

    fn execute(&self, statement: &str, row: impl Params) -> Result<usize> {
        self.connection().prepare_cached(statement)?.execute(row)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
