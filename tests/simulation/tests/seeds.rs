//! Fixed seeds hold; and a seed is one run, however often it is run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test reports by panicking")]

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use saga_simulation::run::{Report, run};

/// Orders of each run: few, so that builds without optimisation get through many seeds.
const ORDERS: u32 = 12;

fn hold(report: &Report) {
    let violations = report.findings.violations.join("\n  ");
    assert!(
        violations.is_empty(),
        "seed {}:\n  {violations}\nreplay: cargo run --release -p saga-simulation -- --orders {ORDERS} --replay {}",
        report.seed,
        report.seed
    );
}

#[test]
fn fixed_seeds_hold() {
    let next = AtomicU64::new(1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > 120 {
                        return;
                    }
                    hold(&run(seed, ORDERS, false).unwrap());
                }
            });
        }
    });
}

#[test]
fn a_seed_run_twice_gives_the_same_trace() {
    for seed in 1..=20 {
        let (once, again) = (
            run(seed, ORDERS, false).unwrap(),
            run(seed, ORDERS, false).unwrap(),
        );
        assert_eq!(once, again, "seed {seed}");
    }
    let (one, other) = (run(1, ORDERS, false).unwrap(), run(2, ORDERS, false).unwrap());
    assert_ne!(one.findings.hash, other.findings.hash);
}

#[test]
fn another_process_gives_the_same_trace() {
    let replay = |seed: u64| {
        let output = Command::new(env!("CARGO_BIN_EXE_saga-simulation"))
            .args(["--orders", "12", "--replay", &seed.to_string()])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for seed in 1..=4 {
        let told = replay(seed);
        assert!(told.lines().count() > 100, "{told}");
        let here = run(seed, ORDERS, false).unwrap();
        assert!(
            told.contains(&format!("trace {:016x}", here.findings.hash)),
            "seed {seed}"
        );
        assert!(told == replay(seed), "seed {seed}");
    }
}
