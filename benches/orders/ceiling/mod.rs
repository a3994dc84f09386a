//! The order process by hand on SQLite: the same rows, the same durability, no library and no serialisation.
//!
//! ```text
//!  shop (customers, saga and services: no work at all) ──steps──▶ writer: whatever waits, one transaction
//!       ◀──────────────────────────────────── steps committed ────────┘
//! ```
//!
//! It keeps every row's position in memory and has no index but the row number: nothing that must survive a restart
//! can be faster.

mod tables;

use std::{
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use saga_benches::Outcome;
use tables::{Order, Tables};

use crate::{
    commits,
    measured::{Measured, Stopwatch},
};

/// Keeps `in_flight` orders going for `window`.
pub(crate) fn run(directory: &Path, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let home = tempfile::tempdir_in(directory)?;
    let database = home.path().join("ceiling.db");
    let tables = Tables::create(&database)?;
    thread::scope(|threads| {
        let (to_writer, waiting) = channel();
        let (committed, to_shop) = channel();
        let writer = threads.spawn(move || write(tables, &waiting, &committed));
        let measured = shop(&database, in_flight, window, &to_writer, &to_shop);
        drop(to_writer);
        writer.join().map_err(|_| "the writer panicked")??;
        measured
    })
}

/// Commits whatever waits, one step of each order, until nobody sends any more.
fn write(mut tables: Tables, waiting: &Receiver<Vec<Order>>, committed: &Sender<Vec<Order>>) -> Outcome<()> {
    while let Ok(mut group) = waiting.recv() {
        group.extend(waiting.try_iter().flatten());
        tables.commit(&mut group)?;
        // A shop that has closed wants no more answers.
        let _ = committed.send(group);
    }
    Ok(())
}

/// Hands every order back for its next step, and a new one for each that has ended.
fn shop(
    database: &Path,
    in_flight: usize,
    window: Duration,
    to_writer: &Sender<Vec<Order>>,
    to_shop: &Receiver<Vec<Order>>,
) -> Outcome<Measured> {
    let mut stopwatch = Stopwatch::start(window)?;
    let mut commits_before = None;
    to_writer.send((0..in_flight).map(|_| Order::new()).collect())?;
    loop {
        let mut orders = to_shop.recv().map_err(|_| "the writer failed")?;
        let now = Instant::now();
        if commits_before.is_none() && stopwatch.is_open(now) {
            commits_before = Some(commits::so_far(database)?);
        }
        if !stopwatch.is_running(now) {
            let after = commits::so_far(database)?;
            let commits = after.wrapping_sub(commits_before.unwrap_or(after));
            return Ok(stopwatch.stop(f64::from(commits)));
        }
        for order in orders.iter_mut().filter(|order| order.has_ended()) {
            stopwatch.ended(order.begun, now);
            *order = Order::new();
        }
        to_writer.send(orders)?;
    }
}
