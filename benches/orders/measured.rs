//! One measurement of a contender, and the median of several.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use saga_benches::{Outcome, median};

use crate::postgres::Load;

/// The longest latency told apart from longer ones.
const LONGEST: Duration = Duration::from_secs(60);

/// Orders that ended within a window of time, after a warm-up.
pub(crate) struct Stopwatch {
    opens: Instant,
    closes: Instant,
    latency_us: Histogram<u64>,
}

impl Stopwatch {
    /// Warms up for a quarter of `window`, then measures for `window`.
    pub(crate) fn start(window: Duration) -> Outcome<Self> {
        let opens = Instant::now() + window / 4;
        Ok(Self {
            opens,
            closes: opens + window,
            latency_us: Histogram::new_with_max(micros(LONGEST), 3)?,
        })
    }

    /// An order that began at `begun` has ended at `now`.
    pub(crate) fn ended(&mut self, begun: Instant, now: Instant) {
        if self.is_open(now) && self.is_running(now) {
            self.latency_us.saturating_record(micros(now - begun));
        }
    }

    /// Whether the warm-up is over at `now`.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        now >= self.opens
    }

    /// Whether to go on at `now`.
    pub(crate) fn is_running(&self, now: Instant) -> bool {
        now < self.closes
    }

    /// What came of it, given the transactions that were committed while it was open.
    pub(crate) fn stop(self, commits: f64) -> Measured {
        let orders = self.latency_us.len() as f64;
        let milliseconds = |quantile| self.latency_us.value_at_quantile(quantile) as f64 / 1_000.0;
        Measured {
            orders_per_second: orders / (self.closes - self.opens).as_secs_f64(),
            p50_ms: milliseconds(0.5),
            p99_ms: milliseconds(0.99),
            commits_per_order: commits / orders,
            load: None,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// What one window showed, or the median of several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) orders_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// NaN where nothing is committed.
    pub(crate) commits_per_order: f64,
    /// What it cost, where that is known.
    pub(crate) load: Option<Load>,
}

impl Measured {
    /// The median of each number by itself.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |number: fn(&Self) -> f64| median(rounds.iter().map(number));
        Self {
            orders_per_second: of(|round| round.orders_per_second),
            p50_ms: of(|round| round.p50_ms),
            p99_ms: of(|round| round.p99_ms),
            commits_per_order: of(|round| round.commits_per_order),
            load: rounds.last().and_then(|round| round.load),
        }
    }

    /// In the order of the table's columns.
    pub(crate) fn numbers(&self, in_flight: usize) -> [f64; 5] {
        [
            in_flight as f64,
            self.orders_per_second,
            self.p50_ms,
            self.p99_ms,
            self.commits_per_order,
        ]
    }
}
