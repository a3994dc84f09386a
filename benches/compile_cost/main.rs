//! What a large saga adds to `cargo check`: the macro, the code it writes and the checks in const evaluation.
//!
//! `cargo bench -p saga-benches --bench compile_cost`
//!
//! Two packages with the same messages and the same handlers, in one of them as a saga, in the other as plain methods,
//! are checked in turn, without incremental compilation; medians are compared.

mod package;
mod source;

use std::path::Path;

use clap::Parser as _;
use saga_benches::{Check, Outcome, Report, median};

use crate::{package::Package, source::Handlers};

/// Seconds a saga of this size may add.
const TARGET_SECONDS: f64 = 2.0;

#[derive(Debug, clap::Parser)]
#[command(about = "What a saga of 30 states and 60 handlers adds to `cargo check`")]
struct Options {
    /// How often each package is checked.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// A smoke test: each is checked once.
    #[arg(long)]
    quick: bool,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let options = Options::parse();
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_cost");
    let plain = Package::write(home.join("plain"), &source::library(Handlers::Plain))?;
    let saga = Package::write(home.join("saga"), &source::library(Handlers::OfASaga))?;
    let rounds = if options.quick || !options.bench {
        1
    } else {
        options.rounds
    };
    let (plain, saga) = in_turn(&plain, &saga, rounds)?;
    println!("{}", table(plain, saga));
    Ok(())
}

/// Median seconds of each, after a first check that also builds the dependencies.
fn in_turn(plain: &Package, saga: &Package, rounds: usize) -> Outcome<(f64, f64)> {
    let (mut of_plain, mut of_saga) = (Vec::new(), Vec::new());
    plain.check()?;
    saga.check()?;
    for _ in 0..rounds {
        of_plain.push(plain.check()?.as_secs_f64());
        of_saga.push(saga.check()?.as_secs_f64());
    }
    Ok((median(of_plain), median(of_saga)))
}

fn table(plain: f64, saga: f64) -> Report {
    let mut report = Report::new(&["30 states, 60 handlers, 20 commands", "cargo check s"]);
    report.row("messages and plain methods", &[plain], &[]);
    let added = Check::at_most(TARGET_SECONDS, saga - plain, "s added");
    report.row("messages and saga", &[saga], &[added]);
    report
}
