//! Two processes on one database, each with as many orders in flight as one alone: this program starts itself twice.
//!
//! ```text
//! child   "open"  ─▶
//!                    ◀─ a line: all are open
//!         numbers ─▶
//!                    ◀─ the end of its input: all have told
//! ```

use std::{
    env,
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use saga_benches::Outcome;

use super::{
    Database,
    load::{Meter, Watched},
};
use crate::{
    library::{Backend, Shop},
    measured::Measured,
};

const PROCESSES: usize = 2;

/// Each process keeps `in_flight` orders going for `window`.
pub(super) fn run(database: &Database, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let url = database.url()?;
    let mut desks = (0..PROCESSES)
        .map(|_| Desk::open(&url, in_flight, window))
        .collect::<Outcome<Vec<_>>>()?;
    for desk in &mut desks {
        desk.heard()?;
    }
    let pids: Vec<u32> = desks.iter().map(|desk| desk.process.id()).collect();
    let watched = Watched {
        others: pids,
        ..Watched::default()
    };
    let meter = Meter::start(database, window, watched);
    for desk in &mut desks {
        desk.begin()?;
    }
    let told = desks.iter_mut().map(Desk::told).collect::<Outcome<Vec<_>>>()?;
    let measured = meter.complete(together(&told), window)?;
    desks.into_iter().try_for_each(Desk::close)?;
    Ok(measured)
}

/// The sum of the rates, and the latencies of the slower one.
fn together(each: &[[f64; 3]]) -> Measured {
    let slowest = |latency: fn(&[f64; 3]) -> f64| each.iter().map(latency).fold(f64::NAN, f64::max);
    Measured {
        orders_per_second: each.iter().map(|[rate, ..]| rate).sum(),
        p50_ms: slowest(|[_, p50, _]| *p50),
        p99_ms: slowest(|[.., p99]| *p99),
        commits_per_order: f64::NAN,
        load: None,
    }
}

/// One of the processes; it ends with this.
struct Desk {
    process: Child,
    to: Option<ChildStdin>,
    from: Lines<BufReader<ChildStdout>>,
}

impl Desk {
    fn open(url: &str, in_flight: usize, window: Duration) -> Outcome<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["serve", url, &in_flight.to_string()])
            .arg(window.as_secs_f64().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = process.stdin.take();
        let from = process.stdout.take().ok_or("a process without an output")?;
        Ok(Self {
            process,
            to,
            from: BufReader::new(from).lines(),
        })
    }

    fn heard(&mut self) -> Outcome<String> {
        Ok(self.from.next().ok_or("a process ended early")??)
    }

    fn begin(&mut self) -> Outcome<()> {
        let to = self.to.as_mut().ok_or("a process without an input")?;
        Ok(writeln!(to)?)
    }

    fn told(&mut self) -> Outcome<[f64; 3]> {
        let line = self.heard()?;
        let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        numbers
            .try_into()
            .map_err(|_| "a process told something else".into())
    }

    fn close(mut self) -> Outcome<()> {
        drop(self.to.take());
        let status = self.process.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("a process ended with {status}").into())
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // It has ended by itself, unless something went wrong.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What each of the processes does.
pub(crate) fn serve(url: &str, in_flight: usize, window: Duration) -> Outcome<()> {
    let shop = Shop::open(Backend::Postgres(url.to_owned()))?;
    let mut told = std::io::stdin().lines();
    println!("open");
    told.next().ok_or("nobody waits for this process")??;
    let measured = shop.measure(in_flight, window)?;
    println!(
        "{} {} {}",
        measured.orders_per_second, measured.p50_ms, measured.p99_ms
    );
    while told.next().is_some() {}
    shop.close()
}
