//! The order process on the library: customers in a closed loop, each waiting for the outcome of an order.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use saga_benches::Outcome;
use saga_runtime::{
    Bus,
    store::{Memory, Sqlite},
};
use tokio::{runtime::Runtime, task::JoinSet};
use uuid::Uuid;

use crate::{
    commits,
    measured::{Measured, Stopwatch},
    shop::{BillingDesk, Fulfilment, PlaceOrder, PlaceOrderReply, WarehouseDesk},
};

/// Where the shop keeps its orders.
#[derive(Clone, Debug)]
pub(crate) enum Backend {
    Memory,
    /// The file.
    Sqlite(PathBuf),
}

/// A shop that is open.
pub(crate) struct Shop {
    runtime: Runtime,
    bus: Bus,
    backend: Backend,
}

/// Keeps `in_flight` orders going for `window`, in a new shop.
pub(crate) fn run(backend: Backend, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let shop = Shop::open(backend)?;
    let measured = shop.measure(in_flight, window)?;
    shop.close()?;
    Ok(measured)
}

/// As [`run`], with a database in a directory of its own.
pub(crate) fn run_in(directory: &Path, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let home = tempfile::tempdir_in(directory)?;
    run(Backend::Sqlite(home.path().join("shop.db")), in_flight, window)
}

impl Shop {
    pub(crate) fn open(backend: Backend) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let bus = runtime.block_on(start(&backend))?;
        Ok(Self {
            runtime,
            bus,
            backend,
        })
    }

    pub(crate) fn close(self) -> Outcome<()> {
        Ok(self.runtime.block_on(self.bus.shutdown())?)
    }

    /// Keeps `in_flight` orders going for `window`.
    pub(crate) fn measure(&self, in_flight: usize, window: Duration) -> Outcome<Measured> {
        let stopwatch = Arc::new(Mutex::new(Stopwatch::start(window)?));
        let ended = {
            let stopwatch = stopwatch.clone();
            move |begun| {
                let mut stopwatch = stopwatch.lock().unwrap_or_else(PoisonError::into_inner);
                let now = Instant::now();
                stopwatch.ended(begun, now);
                stopwatch.is_running(now)
            }
        };
        let commits = self.runtime.block_on(async {
            let customers = self.customers(in_flight, ended);
            tokio::time::sleep(window / 4).await;
            let before = self.commits()?;
            tokio::time::sleep(window).await;
            let commits = self
                .commits()?
                .zip(before)
                .map(|(after, before)| after.wrapping_sub(before));
            all(customers).await?;
            Outcome::Ok(commits.map_or(f64::NAN, f64::from))
        })?;
        let stopwatch = Arc::into_inner(stopwatch).ok_or("a customer is still there")?;
        Ok(stopwatch
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .stop(commits))
    }

    /// Places `orders` orders, `in_flight` at a time.
    pub(crate) fn place(&self, orders: u64, in_flight: usize) -> Outcome<()> {
        let placed = Arc::new(AtomicU64::new(in_flight as u64));
        let ended = move |_| placed.fetch_add(1, Ordering::Relaxed) < orders;
        self.runtime
            .block_on(async { all(self.customers(in_flight, ended)).await })
    }

    /// Customers who order again as long as `ended`, told when the last order began, says so.
    fn customers<F>(&self, in_flight: usize, ended: F) -> JoinSet<Outcome<()>>
    where
        F: Fn(Instant) -> bool + Clone + Send + 'static,
    {
        let mut customers = JoinSet::new();
        for _ in 0..in_flight {
            let (bus, ended) = (self.bus.clone(), ended.clone());
            customers.spawn_on(customer(bus, ended), self.runtime.handle());
        }
        customers
    }

    fn commits(&self) -> Outcome<Option<u32>> {
        match &self.backend {
            Backend::Memory => Ok(None),
            Backend::Sqlite(database) => commits::so_far(database).map(Some),
        }
    }
}

async fn start(backend: &Backend) -> Outcome<Bus> {
    let builder = match backend {
        Backend::Memory => Bus::new(Memory::new()),
        Backend::Sqlite(database) => Bus::new(Sqlite::open(database).await?),
    };
    Ok(builder
        .saga::<Fulfilment>()
        .service(BillingDesk)
        .service(WarehouseDesk)
        .start()
        .await?)
}

async fn customer(bus: Bus, ended: impl Fn(Instant) -> bool) -> Outcome<()> {
    loop {
        let begun = Instant::now();
        let order = PlaceOrder {
            order_id: Uuid::new_v4(),
            total_cents: 4_200,
        };
        let PlaceOrderReply::OrderConfirmed(_) = bus.request(order).await? else {
            return Err("an order was rejected".into());
        };
        if !ended(begun) {
            return Ok(());
        }
    }
}

async fn all(mut customers: JoinSet<Outcome<()>>) -> Outcome<()> {
    while let Some(customer) = customers.join_next().await {
        customer??;
    }
    Ok(())
}
