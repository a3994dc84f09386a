//! What a measurement costs the server and this process, and which of their resources is used up.

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
    /// Processor cores of the server's connections; NaN for a server elsewhere.
    server_cores: f64,
    /// Processor cores of this process.
    own_cores: f64,
    /// Of the time that connections were at work: how much they waited for the disk.
    disk: f64,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let bottleneck = match self {
            _ if self.own_cores + self.server_cores > 0.8 * cores => "the processor",
            _ if self.disk > 0.4 => "the disk",
            _ => "waiting for each other",
        };
        let (own, server, disk) = (self.own_cores, self.server_cores, 100.0 * self.disk);
        write!(
            f,
            "bottleneck: {bottleneck} (own {own:.1} + server {server:.1} of {cores} cores, disk {disk:.0} %)"
        )
    }
}

/// Looks on from outside.
pub(super) struct Meter {
    thread: JoinHandle<Outcome<(Load, f64)>>,
}

struct Counters {
    commits: i64,
    own: f64,
}

impl Meter {
    /// Begins when the warm-up is over, and looks on for `window`.
    pub(super) fn start(database: &Database, window: Duration) -> Self {
        let mut config = database.server.clone();
        config.dbname(&database.name);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(look_on(config, window))
        });
        Self { thread }
    }

    /// The measurement with what it cost.
    pub(super) fn complete(self, mut measured: Measured, window: Duration) -> Outcome<Measured> {
        let (load, commits) = self.thread.join().map_err(|_| "the meter panicked")??;
        measured.commits_per_order = commits / (measured.orders_per_second * window.as_secs_f64());
        measured.load = Some(load);
        Ok(measured)
    }
}

async fn look_on(config: Config, window: Duration) -> Outcome<(Load, f64)> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    tokio::time::sleep(window / 4).await;
    let before = counters(&client).await?;
    let (mut active, mut syncing) = (0, 0);
    // A connection that ends takes its counter with it: the last look at each counts.
    let mut used: HashMap<i32, (f64, f64)> = HashMap::new();
    let ends = tokio::time::Instant::now() + window;
    while tokio::time::Instant::now() < ends {
        let row = client.query_one(WAITS, &[]).await?;
        active += row.get::<_, i64>(0);
        syncing += row.get::<_, i64>(1);
        for row in client.query(PROCESSES, &[]).await? {
            let now = ticks(&row.get::<_, i32>(0).to_string());
            used.entry(row.get(0)).or_insert((now, now)).1 = now;
        }
        tokio::time::sleep(LOOK).await;
    }
    let after = counters(&client).await?;
    let seconds = window.as_secs_f64();
    let load = Load {
        server_cores: used.values().map(|(first, last)| last - first).sum::<f64>() / TICKS / seconds,
        own_cores: (after.own - before.own) / TICKS / seconds,
        disk: syncing as f64 / active.max(1) as f64,
    };
    Ok((load, (after.commits - before.commits) as f64))
}

const WAITS: &str = "SELECT count(*), count(*) FILTER (WHERE wait_event_type = 'IO' OR wait_event = 'WALWrite') \
    FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()";

const PROCESSES: &str =
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

async fn counters(client: &Client) -> Outcome<Counters> {
    let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    let commits = client.query_one(sql, &[]).await?.get(0);
    let own = ticks("self");
    Ok(Counters { commits, own })
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
