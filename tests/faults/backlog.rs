//! A hundred thousand messages wait before the first worker starts.

use std::time::{Duration, Instant};

use saga_tests::watch::{eventually_within, letters, most_memory_mib, until_idle};
use tokio::task::JoinSet;

use crate::{
    crew::{Member, Part},
    effects::Effects,
    ground::Ground,
    order::VoidLabel,
    rush,
};

const MESSAGES: usize = 100_000;

/// Messages sent at once.
const AT_ONCE: usize = 5_000;

/// Of the process that works it off, in a debug build: what it holds of the backlog is bounded by `Limits::prefetch`.
const MOST_MEMORY_MIB: u64 = 200;

const PATIENCE: Duration = Duration::from_secs(400);

async fn is_worked_off(ground: Ground) {
    let effects = Effects::create(&ground.schema).await;
    // The queues come to be with whoever serves them.
    let mut first = Member::start(&ground, Part::Work);
    assert!(first.has_opened());
    first.ends();
    let begun = Instant::now();
    let bus = ground.bus().await.start().await.unwrap();
    for lot in 0..MESSAGES / AT_ONCE {
        let mut sending = JoinSet::new();
        for number in lot * AT_ONCE..(lot + 1) * AT_ONCE {
            let (bus, label) = (bus.clone(), format!("A-{number}"));
            sending.spawn(async move { bus.send(VoidLabel { label }).await.unwrap() });
        }
        sending.join_all().await;
    }
    assert_eq!(effects.orders().await, 0);
    let waiting = begun.elapsed();
    let worker = Member::start(&ground, Part::Work);
    eventually_within(PATIENCE, "everything is done", async || {
        effects.count().await >= MESSAGES
    })
    .await;
    until_idle(&bus).await;
    let done = (effects.count().await, effects.orders().await);
    assert_eq!(done, (MESSAGES, MESSAGES), "each once");
    assert!(letters(&bus).await.is_empty());
    let memory = worker.most_memory_mib();
    println!(
        "sent in {waiting:?}, done after {:?}, {memory} MiB",
        begun.elapsed()
    );
    assert!(memory <= MOST_MEMORY_MIB, "{memory} MiB");
    assert!(most_memory_mib(std::process::id()).unwrap() <= rush::MOST_MEMORY_MIB);
    worker.ends();
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_postgres_it_is_worked_off_in_bounded_memory() {
    if let Some(ground) = Ground::tables() {
        is_worked_off(ground).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_nats_it_is_worked_off_in_bounded_memory() {
    if let Some(ground) = Ground::nats() {
        is_worked_off(ground).await;
    }
}
