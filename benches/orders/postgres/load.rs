//! What a measurement costs the server and its clients, and which of their resources is used up.

use std::{collections::HashMap, fmt, fs, thread::JoinHandle, time::Duration};

use saga_benches::Outcome;
use tokio_postgres::{Client, Config, NoTls};

use super::Database;
use crate::measured::Measured;

/// How often the server's processes are looked at.
const LOOK: Duration = Duration::from_millis(25);
/// Clock ticks a second in `/proc`.
const TICKS: f64 = 100.0;

/// What was used in one window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Transactions an order, those that only look included: of a few that share a round trip, each counts. The server
    /// tells of them up to a second late.
    trips_per_order: f64,
    /// Processor cores of the server's connections; NaN for a server elsewhere.
    server_cores: f64,
    /// Of those, what the busiest connection used.
    busiest: f64,
    /// Processor cores of who is measured.
    own_cores: f64,
    /// Processor cores of the broker, where one takes part; zero for a broker elsewhere.
    broker_cores: f64,
    /// Of the time that connections were at work: how much they waited for the disk.
    disk: f64,
    /// And for each other's locks.
    locks: f64,
}

impl Load {
    /// The resource of which there is no more.
    fn bottleneck(&self, cores: f64) -> &'static str {
        match self {
            _ if self.own_cores + self.server_cores + self.broker_cores > 0.8 * cores => {
                if self.own_cores > self.server_cores.max(self.broker_cores) {
                    "the processor, most of it the client's"
                } else if self.broker_cores > self.server_cores {
                    "the processor, most of it the broker's"
                } else {
                    "the processor, most of it the server's"
                }
            }
            _ if self.busiest > 0.8 => "one connection's server process",
            _ if self.disk > 0.4 => "waits for the disk",
            _ if self.locks > 0.4 => "waits for locks",
            _ => "round trips: neither side is busy",
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let (own, server, busiest) = (self.own_cores, self.server_cores, self.busiest);
        let broker = match self.broker_cores {
            0.0 => String::new(),
            cores => format!(" + broker {cores:.1}"),
        };
        let (disk, locks) = (100.0 * self.disk, 100.0 * self.locks);
        write!(
            f,
            "{:.2} round trips/order; bottleneck: {} (client {own:.1} + server {server:.1}{broker} of {cores} cores, busiest \
             connection {busiest:.2}; waits: disk {disk:.0} %, locks {locks:.0} %)",
            self.trips_per_order,
            self.bottleneck(cores)
        )
    }
}

/// Looks on from outside.
pub(super) struct Meter {
    thread: JoinHandle<Outcome<(Load, Counters)>>,
}

/// What was counted since it was counted before.
#[derive(Clone, Copy)]
struct Counters {
    transactions: i64,
    /// Flights, by the library's own tables; who has no such tables counts for itself.
    flights: Option<i64>,
    own: f64,
    broker: f64,
}

/// Whose processor time is looked at, beside that of the server's connections.
#[derive(Default)]
pub(super) struct Watched {
    /// The numbers of those that are measured, beside this one.
    pub(super) others: Vec<u32>,
    /// The program that carries the messages.
    pub(super) broker: Option<&'static str>,
}

impl Watched {
    fn own(&self) -> f64 {
        let others = self.others.iter().map(u32::to_string);
        others.chain(["self".to_owned()]).map(|pid| ticks(&pid)).sum()
    }

    /// Of every process of that name: they change when the broker starts again.
    fn broker(&self) -> f64 {
        let Some(name) = self.broker else { return 0.0 };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let is_one = |pid: &String| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name)
        };
        pids.filter(is_one).map(|pid| ticks(&pid)).sum()
    }
}

impl Counters {
    fn since(self, before: Self) -> Self {
        Self {
            transactions: self.transactions - before.transactions,
            flights: self.flights.zip(before.flights).map(|(now, then)| now - then),
            own: self.own - before.own,
            broker: self.broker - before.broker,
        }
    }
}

impl Meter {
    /// Begins when the warm-up is over, and looks on for `window`.
    pub(super) fn start(database: &Database, window: Duration, watched: Watched) -> Self {
        let mut config = database.server.clone();
        config.dbname(&database.name);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(look_on(config, window, watched))
        });
        Self { thread }
    }

    /// The measurement with what it cost. The library's tables must still be in use.
    pub(super) fn complete(self, mut measured: Measured, window: Duration) -> Outcome<Measured> {
        let (load, counted) = self.thread.join().map_err(|_| "the meter panicked")??;
        let orders = measured.orders_per_second * window.as_secs_f64();
        if let Some(flights) = counted.flights {
            measured.commits_per_order = flights as f64 / orders;
        }
        measured.load = Some(Load {
            trips_per_order: counted.transactions as f64 / orders,
            ..load
        });
        Ok(measured)
    }
}

async fn look_on(config: Config, window: Duration, watched: Watched) -> Outcome<(Load, Counters)> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    tokio::time::sleep(window / 4).await;
    let before = counters(&client, &watched).await?;
    let (mut active, mut syncing, mut locked) = (0, 0, 0);
    // A connection that ends takes its counter with it: the last look at each counts.
    let mut used: HashMap<i32, (f64, f64)> = HashMap::new();
    let ends = tokio::time::Instant::now() + window;
    while tokio::time::Instant::now() < ends {
        let row = client.query_one(WAITS, &[]).await?;
        active += row.get::<_, i64>(0);
        syncing += row.get::<_, i64>(1);
        locked += row.get::<_, i64>(2);
        for row in client.query(PROCESSES, &[]).await? {
            let now = ticks(&row.get::<_, i32>(0).to_string());
            used.entry(row.get(0)).or_insert((now, now)).1 = now;
        }
        tokio::time::sleep(LOOK).await;
    }
    let counted = counters(&client, &watched).await?.since(before);
    let seconds = window.as_secs_f64();
    let cores = |ticks: f64| ticks / TICKS / seconds;
    let load = Load {
        trips_per_order: f64::NAN,
        server_cores: used.values().map(|(first, last)| cores(last - first)).sum(),
        busiest: used
            .values()
            .map(|(first, last)| cores(last - first))
            .fold(0.0, f64::max),
        own_cores: cores(counted.own),
        broker_cores: cores(counted.broker),
        disk: syncing as f64 / active.max(1) as f64,
        locks: locked as f64 / active.max(1) as f64,
    };
    Ok((load, counted))
}

const WAITS: &str = "SELECT count(*), count(*) FILTER (WHERE wait_event_type = 'IO' OR wait_event = 'WALWrite'), \
    count(*) FILTER (WHERE wait_event_type IN ('Lock', 'LWLock') AND wait_event <> 'WALWrite') \
    FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()";

const PROCESSES: &str =
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

async fn counters(client: &Client, watched: &Watched) -> Outcome<Counters> {
    let transactions = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    let tables = "SELECT to_regclass('saga.lane') IS NOT NULL";
    // Lane -1 claims, which waits for no disk.
    let flights = "SELECT coalesce(sum(flight), 0)::bigint FROM saga.lane WHERE lane >= 0";
    let flights = if client.query_one(tables, &[]).await?.get(0) {
        Some(client.query_one(flights, &[]).await?.get(0))
    } else {
        None
    };
    Ok(Counters {
        transactions: client.query_one(transactions, &[]).await?.get(0),
        flights,
        own: watched.own(),
        broker: watched.broker(),
    })
}

/// Processor time that a process of this machine has used.
fn ticks(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_whitespace();
    let times: Vec<f64> = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    if times.len() == 2 {
        times.iter().sum()
    } else {
        f64::NAN
    }
}
