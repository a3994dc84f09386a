//! What sagas add to `cargo check`: the macro, the code it writes, and the rules in const evaluation.
//!
//! `cargo bench -p saga-benches --bench compile_cost`
//!
//! Each row is a package that is checked in two ways in turn, without incremental compilation: with the rules, and with
//! macros built without them (`--cfg saga_without_rules`); the first row also as plain methods, without a saga. What is
//! shown is the median of each, and of the differences between neighbours in time.

mod crowded;
mod large;
mod package;
mod source;

use std::path::Path;

use clap::Parser as _;
use saga_benches::{Check, Outcome, Report, median};

use crate::package::{Package, Rules};

/// Seconds that a saga of 30 states and 60 handlers may add to its messages and methods, rules and all.
const SAGA_SECONDS: f64 = 2.0;
/// Seconds of it that the rules may take.
const RULES_SECONDS: f64 = 1.0;
/// Seconds that the rules may take over a system of 20 such sagas.
const SYSTEM_SECONDS: f64 = 5.0;

#[derive(Debug, clap::Parser)]
#[command(about = "What sagas and their rules add to `cargo check`")]
struct Options {
    /// How often each package is checked.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// A smoke test: each is checked once.
    #[arg(long)]
    quick: bool,
    /// Only the rows whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A row of the table.
struct Row {
    what: &'static str,
    source: String,
    rules_seconds: f64,
}

fn rows() -> [Row; 3] {
    [
        Row {
            what: "a saga of 30 states, 60 handlers, 20 commands",
            source: source::saga(),
            rules_seconds: RULES_SECONDS,
        },
        Row {
            what: "a saga of 3,840 configurations",
            source: source::crowded(),
            rules_seconds: RULES_SECONDS,
        },
        Row {
            what: "a system of 20 sagas of 30 states, 60 handlers, 20 commands",
            source: source::system(),
            rules_seconds: SYSTEM_SECONDS,
        },
    ]
}

fn main() -> Outcome<()> {
    let options = Options::parse();
    let rounds = if options.quick || !options.bench {
        1
    } else {
        options.rounds
    };
    let mut report = Report::new(&["cargo check s", "no saga", "without rules", "with rules"]);
    for (number, row) in rows().iter().enumerate() {
        if row.what.contains(&options.only) {
            let plain = (number == 0).then(source::methods);
            measure(&mut report, row, plain, rounds)?;
        }
    }
    println!("{report}");
    Ok(())
}

fn measure(report: &mut Report, row: &Row, plain: Option<String>, rounds: usize) -> Outcome<()> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_cost");
    let plain = plain
        .map(|plain| Package::write(home.join("plain"), &plain))
        .transpose()?;
    let saga = Package::write(home.join("saga"), &row.source)?;
    let contenders = [
        plain.as_ref().map(|plain| (plain, Rules::Asked)),
        Some((&saga, Rules::LeftOut)),
        Some((&saga, Rules::Asked)),
    ];
    let [plain, without, with] = in_turn(contenders, rounds)?;
    let rules = Check::at_most(
        row.rules_seconds,
        median(differences(&with, &without)),
        "s for the rules",
    );
    let mut checks = vec![rules];
    if !plain.is_empty() {
        let added = median(differences(&with, &plain));
        checks.push(Check::at_most(SAGA_SECONDS, added, "s for the saga"));
    }
    report.row(row.what, &[plain, without, with].map(median), &checks);
    Ok(())
}

/// The seconds of each contender, after a first check that also builds the dependencies.
fn in_turn(contenders: [Option<(&Package, Rules)>; 3], rounds: usize) -> Outcome<[Vec<f64>; 3]> {
    let mut seconds = [const { Vec::new() }; 3];
    for (package, rules) in contenders.into_iter().flatten() {
        package.check(rules)?;
    }
    for _ in 0..rounds {
        for (contender, seconds) in contenders.iter().zip(&mut seconds) {
            if let Some((package, rules)) = contender {
                seconds.push(package.check(*rules)?.as_secs_f64());
            }
        }
    }
    Ok(seconds)
}

fn differences(more: &[f64], less: &[f64]) -> Vec<f64> {
    more.iter().zip(less).map(|(more, less)| more - less).collect()
}
