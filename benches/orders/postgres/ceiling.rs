//! The order process by hand on PostgreSQL: the same rows, the same durability, no library and no serialisation.
//!
//! A few connections have a share of the orders each. A flight is one step of every order of the share: six statements
//! over arrays between BEGIN and COMMIT, sent together, so that it is one round trip and one sync. Plans are pinned to the
//! indexes. Nothing is looked at before it is written, and nothing is read back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use futures_util::try_join;
use saga_benches::Outcome;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::Database;
use crate::{
    machine,
    measured::{Measured, Stopwatch},
    sizes::{BODY, DATA, FIRST_BOOK, HEAD, LAST_BOOK, SECOND_BOOK},
};

/// As many connections as saturate the server.
const CONNECTIONS: usize = 2;

/// The library's tables with the indexes without which no row is found again.
const SCHEMA: &str = "
    CREATE TABLE message (
        seq bigint PRIMARY KEY, accepted_at timestamptz NOT NULL, due timestamptz, owner integer,
        attempts integer NOT NULL, crashes integer NOT NULL DEFAULT 0, wait smallint NOT NULL,
        suspect boolean NOT NULL DEFAULT false, queue text COLLATE \"C\" NOT NULL, consumer text COLLATE \"C\" NOT NULL,
        name text COLLATE \"C\" NOT NULL, version integer NOT NULL, head bytea NOT NULL, body bytea NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
    CREATE TABLE instance (
        saga text COLLATE \"C\", key bytea, incarnation bigint NOT NULL, version bigint NOT NULL, due timestamptz,
        created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, saga_version integer NOT NULL,
        content_type smallint NOT NULL, state text COLLATE \"C\" NOT NULL, parked text, book bytea NOT NULL,
        data bytea NOT NULL, PRIMARY KEY (saga, key)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
    CREATE INDEX ON instance (due) WHERE due IS NOT NULL;
    CREATE TABLE finished (
        saga text COLLATE \"C\", key bytea, incarnation bigint NOT NULL, created_at timestamptz NOT NULL,
        finished_at timestamptz NOT NULL, book bytea NOT NULL, PRIMARY KEY (saga, key)
    );
    CREATE INDEX ON finished (finished_at);";

const SESSION: &str = "SET synchronous_commit = on; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
    SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;";

const CONSUME: &str = "DELETE FROM message WHERE seq = ANY ($1)";
const SEND: &str = "INSERT INTO message (seq, accepted_at, owner, attempts, wait, queue, consumer, name, version, head, body) \
    SELECT u.seq, now(), 1, 0, 0, u.queue, u.consumer, u.name, 1, u.head, u.body \
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[]) \
    AS u (seq, queue, consumer, name, head, body)";
const START: &str = "INSERT INTO instance SELECT 'Fulfilment', u.key, 1, 1, now() + interval '30 min', now(), now(), 1, 0::smallint, \
    'AwaitingBill', NULL, u.book, u.data FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS u (key, book, data)";
const ADVANCE: &str = "UPDATE instance i SET version = 2, state = 'AwaitingLabel', due = now() + interval '1 day', \
    updated_at = now(), book = u.book, data = u.data FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS u (key, book, data) \
    WHERE i.saga = 'Fulfilment' AND i.key = u.key AND i.version = 1";
const REMOVE: &str = "DELETE FROM instance i USING unnest($1::bytea[]) AS u (key) \
    WHERE i.saga = 'Fulfilment' AND i.key = u.key AND i.version = 2";
const FINISH: &str = "INSERT INTO finished SELECT 'Fulfilment', u.key, 1, now(), now(), u.book \
    FROM unnest($1::bytea[], $2::bytea[]) AS u (key, book)";

/// Keeps `in_flight` orders going for `window`.
pub(super) fn run(database: &Database, in_flight: usize, window: std::time::Duration) -> Outcome<Measured> {
    let runtime = machine::beside_servers()?;
    runtime.block_on(async {
        database.client().await?.batch_execute(SCHEMA).await?;
        let connections = CONNECTIONS.min(in_flight);
        let stopwatch = Arc::new(std::sync::Mutex::new(Stopwatch::start(window)?));
        let flights = Arc::new(AtomicU64::new(0));
        let mut writers = tokio::task::JoinSet::new();
        for nth in 0..connections {
            let writer = Writer::connect(database, nth).await?;
            let share = in_flight / connections + usize::from(nth < in_flight % connections);
            writers.spawn(writer.run(share, Arc::clone(&stopwatch), Arc::clone(&flights)));
        }
        while let Some(ended) = writers.join_next().await {
            ended??;
        }
        let stopwatch = Arc::into_inner(stopwatch).ok_or("a writer is still there")?;
        Ok(stopwatch
            .into_inner()
            .map_err(|_| "a writer panicked")?
            .stop(flights.load(Ordering::Relaxed) as f64))
    })
}

struct Order {
    begun: Instant,
    key: String,
    step: usize,
    message: i64,
}

/// Who sends what at each step, and to whom.
const STEPS: [[&str; 3]; 4] = [
    ["billing", "BillingDesk", "BillOrder"],
    ["sales.replies", "Fulfilment", "OrderBilled"],
    ["warehouse", "WarehouseDesk", "CreateShippingLabel"],
    ["sales.replies", "Fulfilment", "ShippingLabelCreated"],
];

impl Order {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            key: Uuid::new_v4().to_string(),
            step: 0,
            message: 0,
        }
    }
}

struct Writer {
    client: Client,
    statements: [Statement; 6],
    next: i64,
}

impl Writer {
    async fn connect(database: &Database, nth: usize) -> Outcome<Self> {
        let client = database.client().await?;
        client.batch_execute(SESSION).await?;
        let statements = [
            client.prepare(CONSUME).await?,
            client.prepare(START).await?,
            client.prepare(ADVANCE).await?,
            client.prepare(REMOVE).await?,
            client.prepare(FINISH).await?,
            client.prepare(SEND).await?,
        ];
        let next = i64::try_from(nth)? << 40;
        Ok(Self {
            client,
            statements,
            next,
        })
    }

    async fn run(
        mut self,
        share: usize,
        stopwatch: Arc<std::sync::Mutex<Stopwatch>>,
        flights: Arc<AtomicU64>,
    ) -> Outcome<()> {
        let mut orders: Vec<Order> = (0..share).map(|_| Order::new()).collect();
        loop {
            self.flight(&mut orders).await?;
            let now = Instant::now();
            let mut stopwatch = stopwatch.lock().map_err(|_| "a writer panicked")?;
            for order in orders.iter_mut().filter(|order| order.step > STEPS.len()) {
                stopwatch.ended(order.begun, now);
                *order = Order::new();
            }
            if !stopwatch.is_running(now) {
                return Ok(());
            }
            if stopwatch.is_open(now) {
                flights.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// One step of each order.
    async fn flight(&mut self, orders: &mut [Order]) -> Outcome<()> {
        let consumed: Vec<i64> = orders
            .iter()
            .filter(|order| order.step > 0)
            .map(|order| order.message)
            .collect();
        let mut sent: [Vec<&str>; 3] = Default::default();
        let mut seqs = Vec::new();
        for order in orders.iter_mut() {
            if let Some(step) = STEPS.get(order.step) {
                self.next += 1;
                order.message = self.next;
                seqs.push(self.next);
                sent.iter_mut()
                    .zip(step)
                    .for_each(|(column, text)| column.push(text));
            }
        }
        let at = |step: usize| -> Vec<&[u8]> {
            let there = orders.iter().filter(|order| order.step == step);
            there.map(|order| order.key.as_bytes()).collect()
        };
        let (begun, billed, labelled) = (at(0), at(2), at(4));
        let same = |bytes: &'static [u8], count: usize| vec![bytes; count];
        let [consume, start, advance, remove, finish, send] = &self.statements;
        let [queues, consumers, names] = &sent;
        let client = &self.client;
        try_join!(
            async { client.batch_execute("BEGIN").await },
            async { client.execute(consume, &[&consumed]).await },
            async {
                client
                    .execute(
                        start,
                        &[
                            &begun,
                            &same(&[b'b'; FIRST_BOOK], begun.len()),
                            &same(&[b'd'; DATA], begun.len()),
                        ],
                    )
                    .await
            },
            async {
                client
                    .execute(
                        advance,
                        &[
                            &billed,
                            &same(&[b'b'; SECOND_BOOK], billed.len()),
                            &same(&[b'd'; DATA], billed.len()),
                        ],
                    )
                    .await
            },
            async { client.execute(remove, &[&labelled]).await },
            async {
                client
                    .execute(finish, &[&labelled, &same(&[b'b'; LAST_BOOK], labelled.len())])
                    .await
            },
            async {
                client
                    .execute(
                        send,
                        &[
                            &seqs,
                            queues,
                            consumers,
                            names,
                            &same(&[b'h'; HEAD], seqs.len()),
                            &same(&[b'b'; BODY], seqs.len()),
                        ],
                    )
                    .await
            },
            async { client.batch_execute("COMMIT").await },
        )?;
        drop((begun, billed, labelled));
        orders.iter_mut().for_each(|order| order.step += 1);
        Ok(())
    }
}
