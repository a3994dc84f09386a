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
    bus::Builder,
    store::{Memory, Postgres, Sqlite},
    transport::{Topology, Transport},
};
use tokio::{runtime::Runtime, task::JoinSet};
use uuid::Uuid;

use crate::{
    commits, machine,
    measured::{Measured, Stopwatch},
    nats, rabbitmq,
    shop::{BillingDesk, Fulfilment, PlaceOrder, PlaceOrderReply, VoidLabel, WarehouseDesk},
};

/// Where the shop keeps its orders.
#[derive(Clone, Debug)]
pub(crate) enum Backend {
    Memory,
    /// The file.
    Sqlite(PathBuf),
    /// Messages go through a NATS server, in this namespace.
    Nats {
        namespace: String,
        store: Box<Backend>,
    },
    /// The URL.
    Postgres(String),
    /// Messages go through a RabbitMQ server, with this prefix.
    RabbitMq {
        prefix: String,
        store: Box<Backend>,
    },
}

/// Told when something began that has ended; whether to go on.
type Ended = Arc<dyn Fn(Instant) -> bool + Send + Sync>;

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

/// As [`run`], with messages through NATS and a database in a directory of its own.
pub(crate) fn run_on_nats(directory: &Path, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let home = tempfile::tempdir_in(directory)?;
    let store = Backend::Sqlite(home.path().join("shop.db"));
    nats::before(store, |backend| run(backend, in_flight, window))
}

/// As [`run`], with messages through RabbitMQ and a database in a directory of its own.
pub(crate) fn run_on_rabbitmq(directory: &Path, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let home = tempfile::tempdir_in(directory)?;
    let store = Backend::Sqlite(home.path().join("shop.db"));
    rabbitmq::before(store, |backend| run(backend, in_flight, window))
}

/// As [`run`], with a database in a directory of its own.
pub(crate) fn run_in(directory: &Path, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let home = tempfile::tempdir_in(directory)?;
    run(Backend::Sqlite(home.path().join("shop.db")), in_flight, window)
}

impl Shop {
    pub(crate) fn open(backend: Backend) -> Outcome<Self> {
        let runtime = match backend {
            Backend::Memory | Backend::Sqlite(_) => machine::alone()?,
            Backend::Nats { .. } | Backend::Postgres(_) | Backend::RabbitMq { .. } => {
                machine::beside_servers()?
            }
        };
        let bus = runtime.block_on(start(&backend))?;
        Ok(Self {
            runtime,
            bus,
            backend,
        })
    }

    /// A shop in which nobody works: what is sent to its queues stays there.
    pub(crate) fn closed(backend: &Backend, queues: &[&str]) -> Outcome<Self> {
        let runtime = machine::beside_servers()?;
        let bus = runtime.block_on(async {
            let Backend::RabbitMq { prefix, store } = backend else {
                return Err("nothing is sent anywhere".into());
            };
            let broker = rabbitmq::transport(prefix).await?;
            let topology = Topology {
                queues: queues.iter().map(|queue| (*queue).into()).collect(),
                ..Topology::default()
            };
            let declared = broker.declare(&topology).await;
            declared.map_err(|faults| format!("{faults:?}"))?;
            Outcome::Ok(with(broker, store).await?.start().await?)
        })?;
        Ok(Self {
            runtime,
            bus,
            backend: backend.clone(),
        })
    }

    pub(crate) fn close(self) -> Outcome<()> {
        Ok(self.runtime.block_on(self.bus.shutdown())?)
    }

    /// Keeps `in_flight` orders going for `window`.
    pub(crate) fn measure(&self, in_flight: usize, window: Duration) -> Outcome<Measured> {
        self.time(window, |ended| self.customers(in_flight, ended))
    }

    /// Keeps `in_flight` callers sending for `window`.
    pub(crate) fn send(&self, in_flight: usize, window: Duration) -> Outcome<Measured> {
        self.time(window, |ended| {
            self.each(in_flight, |bus| sender(bus, ended.clone()))
        })
    }

    fn time(&self, window: Duration, begin: impl FnOnce(Ended) -> JoinSet<Outcome<()>>) -> Outcome<Measured> {
        let stopwatch = Arc::new(Mutex::new(Stopwatch::start(window)?));
        let ended: Ended = {
            let stopwatch = stopwatch.clone();
            Arc::new(move |begun| {
                let mut stopwatch = stopwatch.lock().unwrap_or_else(PoisonError::into_inner);
                let now = Instant::now();
                stopwatch.ended(begun, now);
                stopwatch.is_running(now)
            })
        };
        let commits = self.runtime.block_on(async {
            let customers = begin(ended);
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
            .block_on(async { all(self.customers(in_flight, Arc::new(ended))).await })
    }

    /// Customers who order again as long as `ended`, told when the last order began, says so.
    fn customers(&self, in_flight: usize, ended: Ended) -> JoinSet<Outcome<()>> {
        self.each(in_flight, |bus| customer(bus, ended.clone()))
    }

    /// So many who do the same.
    fn each<F>(&self, in_flight: usize, person: impl Fn(Bus) -> F) -> JoinSet<Outcome<()>>
    where
        F: Future<Output = Outcome<()>> + Send + 'static,
    {
        let mut people = JoinSet::new();
        for _ in 0..in_flight {
            people.spawn_on(person(self.bus.clone()), self.runtime.handle());
        }
        people
    }

    fn commits(&self) -> Outcome<Option<u32>> {
        commits_of(&self.backend)
    }
}

fn commits_of(backend: &Backend) -> Outcome<Option<u32>> {
    match backend {
        Backend::Memory | Backend::Postgres(_) => Ok(None),
        Backend::Sqlite(database) => commits::so_far(database).map(Some),
        Backend::Nats { store, .. } | Backend::RabbitMq { store, .. } => commits_of(store),
    }
}

async fn start(backend: &Backend) -> Outcome<Bus> {
    Ok(builder(backend)
        .await?
        .saga::<Fulfilment>()
        .service(BillingDesk)
        .service(WarehouseDesk)
        .start()
        .await?)
}

pub(crate) async fn builder(backend: &Backend) -> Outcome<Builder> {
    Ok(match backend {
        Backend::Memory => Bus::new(Memory::new()),
        Backend::Sqlite(database) => Bus::new(Sqlite::open(database).await?),
        Backend::Postgres(url) => Bus::new(Postgres::connect(url).await?),
        Backend::Nats { namespace, store } => with(nats::transport(namespace).await?, store).await?,
        Backend::RabbitMq { prefix, store } => with(rabbitmq::transport(prefix).await?, store).await?,
    })
}

async fn with(broker: impl Transport, store: &Backend) -> Outcome<Builder> {
    Ok(match store {
        Backend::Sqlite(database) => Bus::with(broker, Sqlite::open(database).await?),
        Backend::Postgres(url) => Bus::with(broker, Postgres::connect(url).await?),
        _ => Bus::with(broker, Memory::new()),
    })
}

/// Sends again as long as `ended`, told when the last message was begun, says so.
async fn sender(bus: Bus, ended: Ended) -> Outcome<()> {
    loop {
        let begun = Instant::now();
        bus.send(VoidLabel::of(Uuid::new_v4())).await?;
        if !ended(begun) {
            return Ok(());
        }
    }
}

async fn customer(bus: Bus, ended: Ended) -> Outcome<()> {
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
