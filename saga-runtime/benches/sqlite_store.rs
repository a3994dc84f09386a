//! How fast the SQLite store commits the units of orders, without bus, codec or handlers.
//!
//! `cargo bench --bench sqlite_store -- [stored,..] [in flight,..] [seconds]`, by default `1000,1000000 64,256 3`.
//! The file is in the current directory, or in `SAGA_BENCH_DIR`: on a RAM disk it shows what the disk is not to blame for.
//! An order is five messages written and deleted, an instance inserted, updated and finished, under a random key.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failure ends the bench"
)]

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use saga_runtime::{
    Timestamp,
    clock::SystemClock,
    codec::Codec,
    envelope::{Address, Envelope, InstanceAddress, MessageId},
    limits::Limits,
    message::MessageKind,
    store::{
        Catalog, Change, InstanceChange, InstanceId, InstanceRow, NewMessage, Node, Outcome, Seq, Sqlite,
        Store, Tombstone, Unit, Wait, Want,
    },
};

const TASKS: usize = 4;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let numbers = |at: usize, default: &[usize]| match words.get(at) {
        Some(list) => list.split(',').map(|number| number.parse().unwrap()).collect(),
        None => default.to_vec(),
    };
    let seconds = numbers(2, &[3])[0] as u64;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for stored in numbers(0, &[1_000, 1_000_000]) {
        runtime.block_on(bench(
            stored,
            &numbers(1, &[64, 256]),
            Duration::from_secs(seconds),
        ));
    }
}

async fn bench(stored: usize, in_flight: &[usize], time: Duration) {
    let place = std::env::var_os("SAGA_BENCH_DIR").unwrap_or_else(|| ".".into());
    let directory = tempfile::tempdir_in(place).unwrap();
    let store = Sqlite::open(directory.path().join("bench.db")).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    store.open(&node(), &Catalog::default()).await.unwrap();
    fill(&*store, stored).await;
    for in_flight in in_flight {
        let before = writer_cpu_ms();
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| tokio::spawn(drive(Arc::clone(&store), in_flight / TASKS, time)))
            .collect();
        let (mut orders, mut steps) = (0, Vec::new());
        for task in tasks {
            let (done, took) = task.await.unwrap();
            orders += done;
            steps.extend(took);
        }
        steps.sort_unstable();
        let rate = orders as f64 / time.as_secs_f64();
        let at = |share: f64| steps[((steps.len() - 1) as f64 * share) as usize];
        let cpu = (writer_cpu_ms() - before) as f64 * 1_000.0 / orders as f64;
        println!(
            "{stored:>9} stored  {in_flight:>4} in flight  {rate:>8.0} orders/s  writer {cpu:>4.1} us/order  \
             step p50 {:>7.2?}  p99 {:>7.2?}  max {:>7.2?}  resident {} MB",
            at(0.5),
            at(0.99),
            at(1.0),
            resident_mb()
        );
    }
    store.close().await.unwrap();
}

/// Runs orders side by side, one step of each per commit, as a bus does with a batch.
async fn drive(store: Arc<dyn Store>, width: usize, time: Duration) -> (usize, Vec<Duration>) {
    let mut orders: Vec<Order> = (0..width).map(|_| Order::new()).collect();
    let (mut done, mut took) = (0, Vec::new());
    let end = Instant::now() + time;
    while Instant::now() < end {
        let started = Instant::now();
        load(&*store, &orders).await;
        let units = orders.iter().map(Order::unit).collect();
        let outcomes = store.commit(units).await.unwrap();
        for (order, outcome) in orders.iter_mut().zip(outcomes) {
            done += usize::from(order.advance(outcome));
        }
        took.push(started.elapsed());
    }
    (done, took)
}

/// Loads the instances that the next steps rest on.
async fn load(store: &dyn Store, orders: &[Order]) {
    let wanted = orders.iter().filter(|order| matches!(order.step, 1 | 3 | 5));
    let instances: Vec<InstanceId> = wanted.map(|order| order.id.clone()).collect();
    if instances.is_empty() {
        return;
    }
    let want = Want {
        instances,
        timers: 64,
        ..Want::default()
    };
    store.take(want).await.unwrap();
}

struct Order {
    id: InstanceId,
    step: u32,
    message: Seq,
}

impl Order {
    fn new() -> Self {
        Self {
            id: random_id(),
            step: 0,
            message: 0,
        }
    }

    fn unit(&self) -> Unit {
        let change = match self.step {
            1 => Some((None, Change::Put(row(&self.id, 1)))),
            3 => Some((Some(1), Change::Put(row(&self.id, 2)))),
            5 => Some((Some(2), Change::Finish(tombstone(&self.id)))),
            _ => None,
        };
        Unit {
            instance: change.map(|(expect, change)| InstanceChange {
                id: self.id.clone(),
                expect,
                change,
            }),
            consumed: if self.step == 0 {
                vec![]
            } else {
                vec![self.message]
            },
            out: if self.step == 5 {
                vec![]
            } else {
                vec![message(&self.id)]
            },
            ..Unit::default()
        }
    }

    /// Whether that was its last step.
    fn advance(&mut self, outcome: Outcome) -> bool {
        let Outcome::Applied { born } = outcome else {
            panic!("{outcome:?}");
        };
        self.step += 1;
        match born.first() {
            Some(seq) => self.message = *seq,
            None => *self = Self::new(),
        }
        self.step == 0
    }
}

/// Live instances that nobody touches.
async fn fill(store: &dyn Store, stored: usize) {
    let started = Instant::now();
    let mut left = stored;
    while left > 0 {
        let count = left.min(10_000);
        let put = |id: InstanceId| Unit {
            instance: Some(InstanceChange {
                expect: None,
                change: Change::Put(row(&id, 1)),
                id,
            }),
            ..Unit::default()
        };
        store
            .commit((0..count).map(|_| put(random_id())).collect())
            .await
            .unwrap();
        left -= count;
    }
    println!("{stored:>9} stored in {:.1?}", started.elapsed());
}

fn random_id() -> InstanceId {
    InstanceId {
        saga: "Fulfilment".into(),
        key: uuid::Uuid::from_u128(random()).to_string().into(),
    }
}

fn random() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(std::thread::current().id()));
    half() << 64 | half()
}

fn row(id: &InstanceId, version: u64) -> InstanceRow {
    let now = Timestamp::now();
    InstanceRow {
        id: id.clone(),
        incarnation: 1,
        version,
        state: "AwaitingBill".into(),
        saga_version: 1,
        content_type: Codec::Json,
        data: Bytes::from_static(&[b'd'; 200]),
        book: Bytes::from_static(&[b'b'; 150]),
        due: now.saturating_add(Duration::from_secs(1_800)).ok(),
        parked: None,
        created_at: now,
        updated_at: now,
    }
}

fn tombstone(id: &InstanceId) -> Tombstone {
    Tombstone {
        id: id.clone(),
        incarnation: 1,
        book: Bytes::from_static(&[b'b'; 120]),
        created_at: Timestamp::now(),
        finished_at: Timestamp::now(),
    }
}

fn message(id: &InstanceId) -> NewMessage {
    NewMessage {
        envelope: Arc::new(envelope(id)),
        queue: "billing".into(),
        consumer: Some("Billing".into()),
        claimed: true,
        wait: Wait::Ready,
        due: None,
        attempts: 0,
        history: Vec::new(),
        instance: None,
    }
}

fn envelope(id: &InstanceId) -> Envelope {
    Envelope {
        id: MessageId::random(),
        kind: MessageKind::Command,
        name: "BillOrder".into(),
        version: 1,
        content_type: Codec::Json,
        created_at: Timestamp::now(),
        conversation: MessageId::random(),
        caused_by: Some(MessageId::random()),
        reply_to: Some(Address {
            queue: "shop.replies".into(),
            instance: Some(InstanceAddress {
                saga: Arc::clone(&id.saga),
                key: Arc::clone(&id.key),
                incarnation: 1,
            }),
        }),
        in_reply_to: None,
        to: None,
        traceparent: None,
        headers: BTreeMap::new(),
        body: Bytes::from_static(&[b'm'; 200]),
    }
}

fn node() -> Node {
    Node {
        id: MessageId::random(),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
    }
}

/// Of this process, where the system says.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1_024
}

/// Processor time of the thread that writes, where the system says; steadier than the rate on a busy machine.
fn writer_cpu_ms() -> u64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    let writers = stats.filter(|stat| stat.contains("(saga-sqlite-wri"));
    writers
        .filter_map(|stat| {
            let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
            let ticks: u64 = fields.next()?.parse().ok()?;
            let system: u64 = fields.next()?.parse().ok()?;
            Some((ticks + system) * 10)
        })
        .sum()
}
