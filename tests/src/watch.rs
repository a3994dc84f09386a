//! Waiting for what is to come, and looking at what has come of it.

use std::{fs, io, time::Duration};

use saga_runtime::{
    Bus,
    dead_letter::{DeadLetter, DeadLetterFilter},
    system::System,
};

/// The longest pause between two looks: what is awaited for long is not looked at often.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// Waits for a condition that other tasks bring about; bounded, so that a failure is told and does not hang.
///
/// # Panics
/// If it does not come to hold within a minute.
pub async fn eventually<F: Future<Output = bool>>(what: &str, holds: impl FnMut() -> F) {
    eventually_within(Duration::from_secs(60), what, holds).await;
}

/// As [`eventually`], with another bound.
///
/// # Panics
/// If it does not come to hold within it.
pub async fn eventually_within<F: Future<Output = bool>>(
    bound: Duration,
    what: &str,
    mut holds: impl FnMut() -> F,
) {
    let patience = tokio::time::timeout(bound, async {
        let mut pause = Duration::from_millis(2);
        while !holds().await {
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    });
    assert!(patience.await.is_ok(), "never happened within {bound:?}: {what}");
}

/// All dead letters.
///
/// # Panics
/// If the store cannot be read.
#[allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]
pub async fn letters<Sys: System>(bus: &Bus<Sys>) -> Vec<DeadLetter> {
    let filter = DeadLetterFilter {
        limit: 10_000,
        ..DeadLetterFilter::default()
    };
    let stored = bus
        .inspect()
        .dead_letters(filter)
        .await
        .expect("the store answers");
    stored.into_iter().map(|stored| stored.letter).collect()
}

/// Waits until nothing is queued or waiting in the store.
///
/// # Panics
/// If that does not come to be within a minute.
pub async fn until_idle<Sys: System>(bus: &Bus<Sys>) {
    eventually("the queues are empty", async || {
        bus.inspect().queues().await.is_ok_and(|queues| queues.is_empty())
    })
    .await;
}

/// The most memory that a process ever had in use, in MiB.
///
/// # Errors
/// If there is no such process, or the system does not say.
pub fn most_memory_mib(process: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map(|kib| kib >> 10)
        .ok_or_else(|| io::Error::other("the status does not say"))
}
