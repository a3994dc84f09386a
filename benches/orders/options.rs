//! The command line.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::contest::Contender;

/// How long and where to measure.
#[derive(Debug, clap::Parser)]
#[command(about = "Orders per second, beside the machine's own limits")]
pub(crate) struct Options {
    /// A smoke test: one round of half a second each, small scale probes.
    #[arg(long)]
    quick: bool,
    /// Seconds each measurement lasts, after a warm-up of a quarter of that.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rounds over which medians are taken.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Orders in flight.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 256])]
    in_flight: Vec<usize>,
    /// Measure only these, and neither timers nor scale: for profiling.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Contender>,
    /// Leave out what takes longest: memory held and throughput with a million instances stored.
    #[arg(long)]
    no_scale: bool,
    /// Where the databases go; a memory file system would make full sync cost nothing.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    directory: PathBuf,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    child: Option<Child>,
}

/// What the bench starts itself for.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Child {
    /// Places orders and prints the memory held after each milestone.
    #[command(hide = true)]
    Resident {
        /// The database; without one, orders are kept in memory.
        #[arg(long)]
        database: Option<PathBuf>,
        /// Numbers of orders, ascending.
        milestones: Vec<u64>,
    },
    /// Places orders in a PostgreSQL database, as one of several processes.
    #[command(hide = true)]
    Serve {
        /// The database.
        url: String,
        /// Orders in flight.
        in_flight: usize,
        /// How long.
        seconds: f64,
    },
}

impl Options {
    pub(crate) fn window(&self) -> Duration {
        Duration::from_secs_f64(if self.quick() { 0.5 } else { self.seconds })
    }

    pub(crate) fn rounds(&self) -> usize {
        if self.quick() { 1 } else { self.rounds }
    }

    pub(crate) fn in_flight(&self) -> Vec<usize> {
        self.in_flight.clone()
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn child(&self) -> Option<&Child> {
        self.child.as_ref()
    }

    pub(crate) fn with_timers(&self) -> bool {
        self.only.is_empty()
    }

    pub(crate) fn with_scale(&self) -> bool {
        !self.no_scale && self.only.is_empty()
    }

    /// Who is measured, the ceiling first; not who needs a server that is not there.
    pub(crate) fn contenders(&self) -> Vec<Contender> {
        let chosen = |contender: &Contender| self.only.is_empty() || self.only.contains(contender);
        let chosen = Contender::ALL.into_iter().filter(chosen);
        chosen.filter(|contender| contender.is_possible()).collect()
    }

    /// How many orders and instances count as many; a tenth of it is where memory is held against its target.
    pub(crate) fn many(&self) -> u64 {
        if self.quick() { 10_000 } else { 1_000_000 }
    }

    /// `cargo test --all-targets` runs benches without `--bench`: it wants to know that they run, not how fast.
    fn quick(&self) -> bool {
        self.quick || !self.bench
    }
}
