//! The command line: many seeds on every core, or one seed told in full.

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use clap::Parser;
use saga_simulation::{
    fault::Fault,
    run::{Report, run},
};

/// Runs the real runtime through seeded faults and says what it found.
#[derive(Debug, Parser)]
struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Orders placed in each run.
    #[arg(long, default_value_t = 40)]
    orders: u32,
    /// Threads; by default one for each core.
    #[arg(long)]
    threads: Option<usize>,
    /// Replays this seed alone and prints all that happens.
    #[arg(long)]
    replay: Option<u64>,
    /// Runs each seed twice, and takes two runs that differ for a violation.
    #[arg(long)]
    twice: bool,
    /// Goes on after a violation, to count them.
    #[arg(long)]
    keep_going: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(seed) = options.replay {
        return replay(seed, options.orders);
    }
    let began = Instant::now();
    let sum = Sum::default();
    let next = AtomicU64::new(options.from);
    let end = options.from + options.seeds;
    let threads = options
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(4, usize::from));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&options, &next, end, &sum));
        }
    });
    sum.print(began.elapsed().as_secs_f64());
    if sum.failed.load(Ordering::Relaxed) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn replay(seed: u64, orders: u32) -> ExitCode {
    match run(seed, orders, true) {
        Ok(report) if report.findings.violations.is_empty() => {
            println!("seed {seed}: no violation; trace {:016x}", report.findings.hash);
            ExitCode::SUCCESS
        }
        Ok(report) => {
            tell(&report);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn work(options: &Options, next: &AtomicU64, end: u64, sum: &Sum) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        let stop = sum.failed.load(Ordering::Relaxed) > 0 && !options.keep_going;
        if seed >= end || stop {
            return;
        }
        match run_as_asked(seed, options) {
            Ok(report) => sum.add(&report),
            Err(error) => {
                eprintln!("seed {seed}: {error}");
                sum.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn run_as_asked(seed: u64, options: &Options) -> std::io::Result<Report> {
    let mut report = run(seed, options.orders, false)?;
    if options.twice && run(seed, options.orders, false)? != report {
        let text =
            "run again, it came out otherwise: something is left to chance, or to the order of a hash map";
        report.findings.violations.push(text.to_owned());
    }
    Ok(report)
}

fn tell(report: &Report) {
    println!(
        "seed {}: {} violations",
        report.seed,
        report.findings.violations.len()
    );
    for violation in &report.findings.violations {
        println!("  {violation}");
    }
    println!(
        "  replay: cargo run --release -p saga-simulation -- --orders {} --replay {}",
        report.orders, report.seed
    );
}

/// What all runs come to.
#[derive(Debug, Default)]
struct Sum {
    runs: AtomicU64,
    orders: AtomicU64,
    messages: AtomicU64,
    commits: AtomicU64,
    virtual_seconds: AtomicU64,
    faults: Mutex<[u64; Fault::COUNT]>,
    failed: AtomicU64,
}

impl Sum {
    fn add(&self, report: &Report) {
        let findings = &report.findings;
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.orders.fetch_add(u64::from(report.orders), Ordering::Relaxed);
        self.messages.fetch_add(findings.messages, Ordering::Relaxed);
        self.commits.fetch_add(findings.commits, Ordering::Relaxed);
        self.virtual_seconds
            .fetch_add(report.virtual_time.as_secs(), Ordering::Relaxed);
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        for (sum, count) in faults.iter_mut().zip(report.faults) {
            *sum += count;
        }
        drop(faults);
        if !findings.violations.is_empty() {
            self.failed.fetch_add(1, Ordering::Relaxed);
            tell(report);
        }
    }

    fn print(&self, seconds: f64) {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let faults = *self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        println!(
            "{} runs, {} orders, {} messages in {} commits, {} faults, {} h of virtual time in {seconds:.1} s ({:.0} orders/s)",
            of(&self.runs),
            of(&self.orders),
            of(&self.messages),
            of(&self.commits),
            faults.iter().sum::<u64>(),
            of(&self.virtual_seconds) / 3_600,
            of(&self.orders) as f64 / seconds,
        );
        for (fault, count) in Fault::ALL.iter().zip(faults) {
            println!("  {count:>10}  {}", fault.name());
        }
        println!("{} runs with violations", of(&self.failed));
    }
}
