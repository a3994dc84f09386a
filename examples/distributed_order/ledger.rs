//! What the services did in the world, in a schema of its own: every charge, refund and label under the idempotency key
//! it came with, so that what is done twice under one key counts once, and under two keys shows.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio_postgres::{Client, Error, NoTls, types::ToSql};

use crate::{
    contracts::{InvoiceId, OrderId},
    entries::{Entered, Entries, Entry},
    options::Servers,
};

/// Clones share one connection, which is opened anew when it breaks.
#[derive(Clone)]
pub struct Ledger {
    url: Arc<str>,
    schema: Arc<str>,
    client: Arc<Mutex<Option<Arc<Client>>>>,
}

/// Whether the bill of an order is charged or cancelled is decided once, by who comes first.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS entry (
        kind text NOT NULL, key text NOT NULL, order_id text NOT NULL, cents bigint NOT NULL,
        PRIMARY KEY (kind, key)
    );
    CREATE TABLE IF NOT EXISTS decision (order_id text PRIMARY KEY, kind text NOT NULL);";

const ENTER: &str = "INSERT INTO entry VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

const DECIDE: &str = "INSERT INTO decision VALUES ($1, $2) ON CONFLICT DO NOTHING";

const ENTER_IF_DECIDED: &str = "INSERT INTO entry
    SELECT kind, $3, order_id, $4 FROM decision WHERE order_id = $1 AND kind = $2
    ON CONFLICT (kind, key) DO UPDATE SET key = excluded.key";

const ENTER_REFUND: &str = "INSERT INTO entry
    SELECT $1, $2, order_id, cents FROM entry WHERE kind = $3 AND key = $4
    ON CONFLICT (kind, key) DO UPDATE SET key = excluded.key";

const SUMS: &str = "SELECT order_id, kind, count(*), sum(cents)::bigint FROM entry GROUP BY order_id, kind";

impl Ledger {
    /// Opens the ledger that the processes of one name share; the first makes it.
    pub async fn open(servers: &Servers) -> Result<Self, Error> {
        let ledger = Self {
            url: servers.postgres.as_str().into(),
            schema: servers.schema("ledger").into(),
            client: Arc::default(),
        };
        let name = &ledger.schema;
        let make = format!(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtext('{name}'));
             CREATE SCHEMA IF NOT EXISTS {name}; {TABLES} COMMIT"
        );
        ledger.client().await?.batch_execute(&make).await?;
        Ok(ledger)
    }

    /// Enters something, once per key.
    pub async fn record(&self, entry: Entry, key: &str, order: &OrderId, cents: u64) -> Result<(), Error> {
        let row: [&(dyn ToSql + Sync); 4] = [&entry.name(), &key, &order.0, &cents.cast_signed()];
        self.client().await?.execute(ENTER, &row).await?;
        Ok(())
    }

    /// Charges unless the bill was cancelled before; whether it is charged.
    pub async fn charge(&self, key: &str, order: &OrderId, cents: u64) -> Result<bool, Error> {
        self.decide(Entry::Charge, key, order, cents).await
    }

    /// Cancels the bill unless it was charged before; whether it is cancelled.
    pub async fn cancel_bill(&self, key: &str, order: &OrderId) -> Result<bool, Error> {
        self.decide(Entry::BillCancelled, key, order, 0).await
    }

    /// Pays an invoice back; whether there is such an invoice.
    pub async fn refund(&self, key: &str, invoice: &InvoiceId) -> Result<bool, Error> {
        let (refund, charge) = (Entry::Refund.name(), Entry::Charge.name());
        let row: [&(dyn ToSql + Sync); 4] = [&refund, &key, &charge, &invoice.0];
        Ok(self.client().await?.execute(ENTER_REFUND, &row).await? == 1)
    }

    /// All entries so far.
    pub async fn entries(&self) -> Result<Entries, Error> {
        let rows = self.client().await?.query(SUMS, &[]).await?;
        let entered = rows.iter().map(|row| {
            let (times, cents): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
            let sum = Entered {
                times: times.cast_unsigned(),
                cents: cents.cast_unsigned(),
            };
            Ok(((row.try_get(0)?, row.try_get(1)?), sum))
        });
        entered.collect()
    }

    /// Enters it if this is what was decided of the order, now or before; whether it is entered.
    async fn decide(&self, entry: Entry, key: &str, order: &OrderId, cents: u64) -> Result<bool, Error> {
        let (client, kind) = (self.client().await?, entry.name());
        client.execute(DECIDE, &[&order.0, &kind]).await?;
        let row: [&(dyn ToSql + Sync); 4] = [&order.0, &kind, &key, &cents.cast_signed()];
        Ok(client.execute(ENTER_IF_DECIDED, &row).await? == 1)
    }

    async fn client(&self) -> Result<Arc<Client>, Error> {
        let mut last = self.client.lock().await;
        if let Some(client) = last.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        tokio::spawn(connection);
        let path = format!(
            "SET client_min_messages = warning; SET search_path TO {}",
            self.schema
        );
        client.batch_execute(&path).await?;
        Ok(Arc::clone(last.insert(Arc::new(client))))
    }
}
