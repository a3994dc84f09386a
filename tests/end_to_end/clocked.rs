//! A PostgreSQL store whose server goes by the clock of the bus, so that a test may own it.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use saga_runtime::{
    Error, Timestamp,
    clock::Clock,
    service::BoxFuture,
    store::{Beat, Catalog, Inspect, Node, Opened, Outcome, Postgres, Store, StoreCaps, Taken, Unit, Want},
};
use tokio::sync::Mutex;
use tokio_postgres::Client;

use crate::servers::Schema;

/// Before each call, the server's clock is set by the one that the store was opened with.
#[derive(Debug)]
pub struct Clocked {
    inner: Postgres,
    clock: OnceLock<Arc<dyn Clock>>,
    hand: Mutex<Hand>,
    ahead_secs: i64,
    asked: Asked,
}

/// What the bus has asked of the store.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub takes: Arc<AtomicUsize>,
    /// How often the wait for something to take came to an end.
    pub wakings: Arc<AtomicUsize>,
}

struct Hand {
    client: Client,
    last: Option<Timestamp>,
}

impl std::fmt::Debug for Hand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hand").finish_non_exhaustive()
    }
}

impl Clocked {
    pub async fn connect(schema: &Schema) -> Self {
        schema.stop_clock(0).await;
        Self {
            inner: schema.connect().await,
            clock: OnceLock::new(),
            hand: Mutex::new(Hand {
                client: schema.client().await,
                last: None,
            }),
            ahead_secs: 0,
            asked: Asked::default(),
        }
    }

    /// The server's clock is ahead of the bus's by this, or behind.
    pub fn ahead_by(self, ahead_secs: i64) -> Self {
        Self { ahead_secs, ..self }
    }

    pub fn asked(&self) -> Asked {
        self.asked.clone()
    }

    async fn set_clock(&self) {
        let mut hand = self.hand.lock().await;
        let now = self.clock.get().map(|clock| clock.now());
        if let Some(now) = now.filter(|now| Some(*now) != hand.last) {
            let set = format!(
                "UPDATE own_clock SET at = to_timestamp(0) + {} * interval '1 microsecond'",
                now.as_microsecond() + self.ahead_secs * 1_000_000
            );
            // The server may be away; the call then says so.
            let _ = hand.client.batch_execute(&set).await;
            hand.last = Some(now);
        }
    }
}

impl Store for Clocked {
    fn caps(&self) -> StoreCaps {
        self.inner.caps()
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        self.clock.get_or_init(|| Arc::clone(&node.clock));
        Box::pin(async move {
            self.set_clock().await;
            self.inner.open(node, catalog).await
        })
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        self.asked.takes.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            self.set_clock().await;
            self.inner.take(want).await
        })
    }

    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        Box::pin(async move {
            self.set_clock().await;
            self.inner.commit(units).await
        })
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>> {
        Box::pin(async move {
            self.set_clock().await;
            self.inner.beat().await
        })
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.inner.woken().await;
            self.asked.wakings.fetch_add(1, Ordering::SeqCst);
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.inner.close()
    }

    fn inspect(&self) -> &dyn Inspect {
        self.inner.inspect()
    }
}
