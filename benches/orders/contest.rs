//! Who is measured against whom, and what is expected of them.

use saga_benches::{Check, Outcome, Report, median};

use crate::{
    ceiling, fsync,
    library::{self, Backend},
    measured::Measured,
    options::Options,
    resident, store_alone, stored,
};

/// The disk by itself.
pub(crate) fn disk(options: &Options, report: &mut Report) -> Outcome<()> {
    let mut rounds = Vec::new();
    for _ in 0..options.rounds() {
        rounds.push(fsync::per_second(options.directory(), options.window() / 4)?);
    }
    report.row("disk: fsyncs of 4 KiB a second", &[1.0, median(rounds)], &[]);
    Ok(())
}

/// Ceiling, SQLite and memory in turn, at each number of orders in flight.
pub(crate) fn throughput(options: &Options, report: &mut Report) -> Outcome<()> {
    for in_flight in options.in_flight() {
        let (directory, window) = (options.directory(), options.window());
        let (mut by_hand, mut store, mut sqlite, mut memory) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..options.rounds() {
            by_hand.push(ceiling::run(directory, in_flight, window)?);
            store.push(store_alone::run(directory, in_flight, window)?);
            sqlite.push(library::run_in(directory, in_flight, window)?);
            memory.push(library::run(Backend::Memory, in_flight, window)?);
        }
        let by_hand = Measured::median(&by_hand);
        let store = Measured::median(&store);
        let sqlite = Measured::median(&sqlite);
        let memory = Measured::median(&memory);
        report.row("ceiling: SQLite by hand", &by_hand.numbers(in_flight), &[]);
        report.row("its store alone", &store.numbers(in_flight), &[]);
        report.row(
            "sqlite, full sync",
            &sqlite.numbers(in_flight),
            &of_sqlite(in_flight, &sqlite, &by_hand),
        );
        report.row(
            "memory",
            &memory.numbers(in_flight),
            &of_memory(in_flight, &memory),
        );
    }
    Ok(())
}

fn of_sqlite(in_flight: usize, sqlite: &Measured, ceiling: &Measured) -> Vec<Check> {
    let share = sqlite.orders_per_second / ceiling.orders_per_second;
    let throughput = Check::at_least(0.4, share, "× ceiling");
    let latency = Check::at_most(1.5, sqlite.p50_ms / ceiling.p50_ms, "× ceiling's p50");
    let commits = Check::at_most(0.1, sqlite.commits_per_order, "commits/order");
    match in_flight {
        1 => vec![latency],
        256.. => vec![throughput, commits],
        _ => vec![throughput],
    }
}

fn of_memory(in_flight: usize, memory: &Measured) -> Vec<Check> {
    match in_flight {
        256.. => vec![Check::at_least(70_000.0, memory.orders_per_second, "orders/s")],
        _ => vec![],
    }
}

/// Memory held after many orders, and throughput with many instances stored: finished ones and live ones.
pub(crate) fn scale(options: &Options, report: &mut Report) -> Outcome<()> {
    let home = tempfile::tempdir_in(options.directory())?;
    let (finished, live) = (home.path().join("finished.db"), home.path().join("live.db"));
    memory_held("memory", &Backend::Memory, options, report)?;
    memory_held("sqlite", &Backend::Sqlite(finished.clone()), options, report)?;
    stored::fill(&live, options.many())?;

    let (mut few, mut with_finished, mut with_live) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds() {
        few.push(stored::with_few(options.directory(), options.window())?);
        with_finished.push(stored::with(&finished, options.window())?);
        with_live.push(stored::with(&live, options.window())?);
    }
    let few = Measured::median(&few);
    report.row(
        &format!("sqlite, {} live instances", stored::FEW),
        &few.numbers(stored::IN_FLIGHT),
        &[],
    );
    for (what, rounds) in [("finished", with_finished), ("live", with_live)] {
        let many = Measured::median(&rounds);
        let share = many.orders_per_second / few.orders_per_second;
        let check = Check::at_least(0.8, share, &format!("× that with {}", stored::FEW));
        report.row(
            &format!("sqlite, {} {what} instances", options.many()),
            &many.numbers(stored::IN_FLIGHT),
            &[check],
        );
    }
    Ok(())
}

fn memory_held(what: &str, backend: &Backend, options: &Options, report: &mut Report) -> Outcome<()> {
    let (some, many) = (options.many() / 10, options.many());
    let [after_some, after_many] = resident::after(backend, [some, many])?;
    let held = Check::at_most(150.0, after_some, "MB resident");
    let growth = Check::at_most(
        1.25,
        after_many / after_some,
        format!("× that, {after_many:.0} MB"),
    );
    report.row(&format!("{what}, after {some} orders"), &[], &[held]);
    report.row(&format!("{what}, after {many} orders"), &[], &[growth]);
    Ok(())
}
