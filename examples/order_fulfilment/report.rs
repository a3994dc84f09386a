//! The closing table.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

use crate::{
    check::Check,
    input::Input,
    outcome::{OUTCOMES, Placed},
};

/// Prints what became of the orders, how long it took, and whether it all adds up.
pub fn print(input: &Input, placed: &Placed, check: &Check, dead_letters: u64) {
    println!("{}", outcomes(placed, check));
    println!("{}", totals(input, placed, check, dead_letters));
    for fault in &check.faults {
        println!("FAULT: {fault}");
    }
    if check.faults.is_empty() {
        println!("Every order ended exactly once, and the money adds up.");
    }
}

fn outcomes(placed: &Placed, check: &Check) -> Table {
    let mut table = table(&["outcome", "orders", "this run", "p50", "p90", "p99", "max"]);
    for outcome in OUTCOMES {
        let all = check.outcomes.get(outcome).copied().unwrap_or_default();
        if all > 0 {
            let times = placed
                .answers
                .iter()
                .filter(|answer| answer.outcome == outcome)
                .map(|answer| answer.took);
            table.add_row(row(outcome, all, times));
        }
    }
    let all = check.outcomes.values().sum();
    table.add_row(row("all", all, placed.answers.iter().map(|answer| answer.took)));
    table
}

fn row(name: &str, all: usize, times: impl Iterator<Item = Duration>) -> Vec<String> {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let mut cells = vec![name.to_owned(), all.to_string(), times.len().to_string()];
    cells.extend(
        [50, 90, 99, 100].map(|percent| match percentile(&times, percent) {
            Some(time) => format!("{:.1} ms", time.as_secs_f64() * 1_000.0),
            None => String::new(),
        }),
    );
    cells
}

/// The shortest of the sorted times that `percent` in a hundred do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

fn totals(input: &Input, placed: &Placed, check: &Check, dead_letters: u64) -> Table {
    let mut table = table(&["", "total"]);
    let answered = placed.answers.len();
    let mut add = |name: &str, value: String| {
        table.add_row(vec![name.to_owned(), value]);
    };
    add(
        "answered in this run",
        format!("{answered} in {:.2} s", placed.elapsed.as_secs_f64()),
    );
    add("throughput, without the last tenth", throughput(placed));
    add("answered in earlier runs", placed.earlier.to_string());
    add("malformed lines", input.malformed.len().to_string());
    add("compensations run", check.compensations.to_string());
    add("dead letters", dead_letters.to_string());
    add("charged", money(check.charged_cents));
    add("= shipped", money(check.shipped_cents));
    add("+ refunded", money(check.refunded_cents));
    table
}

/// How many orders ended per second. The last tenth is left out: it is the customers who wait for a late Billing.
fn throughput(placed: &Placed) -> String {
    let most = placed.answers.len() * 9 / 10;
    match most
        .checked_sub(1)
        .map(|last| placed.answers[last].at.as_secs_f64())
    {
        Some(seconds) => format!("{:.0} orders/s", most as f64 / seconds),
        None => String::new(),
    }
}

/// A table without rows; every column but the first is numbers.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn money(cents: u128) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
