//! Orders per second, beside what this machine's disk and a program without a library can do.
//!
//! `cargo bench -p saga-benches --bench orders [-- --quick]`
//!
//! ```text
//!  fsync      append 4 KiB, fdatasync, again                      what the disk allows
//!  ceiling    the same rows in grouped transactions, no library   what SQLite allows
//! ```
//!
//! Contenders take turns within each round and medians over the rounds are reported, so that a noisy neighbour harms all
//! alike. Ratios are to be trusted, absolute numbers are this machine's.

mod ceiling;
mod commits;
mod fsync;
mod measured;
mod options;

use clap::Parser as _;
use saga_benches::{Outcome, Report};

use crate::{measured::Measured, options::Options};

fn main() -> Outcome<()> {
    let options = Options::parse();
    let fsyncs = fsync::per_second(options.directory(), options.window())?;
    let mut report = Report::new(&["", "in flight", "orders/s", "p50 ms", "p99 ms", "commits/order"]);
    report.row("fsync of 4 KiB, per second", &[1.0, fsyncs], &[]);
    for in_flight in options.in_flight() {
        let mut rounds = Vec::new();
        for _ in 0..options.rounds() {
            rounds.push(ceiling::run(options.directory(), in_flight, options.window())?);
        }
        report.row(
            "ceiling: SQLite by hand",
            &Measured::median(&rounds).numbers(in_flight),
            &[],
        );
    }
    println!("{report}");
    Ok(())
}
