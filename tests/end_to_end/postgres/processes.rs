//! Several processes on one schema share the work, and take over that of one that dies.

use std::sync::{Arc, atomic::Ordering};

use saga_runtime::{Bus, clock::ManualClock, store::LEASE};
use tokio::sync::Semaphore;

use crate::{
    backends::Backend,
    job::{Hands, jobs, letters, start, until_idle, until_in},
    order::{World, eventually, order, shop},
    servers::Schema,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_orders_of_a_third() {
    let Some(schema) = Schema::new() else { return };
    let (one, two) = (World::default(), World::default());
    let first = shop(Bus::new(schema.connect().await), &one)
        .start()
        .await
        .unwrap();
    let second = shop(Bus::new(schema.connect().await), &two)
        .start()
        .await
        .unwrap();
    let outside = Bus::new(schema.connect().await).start().await.unwrap();
    for number in 0..400 {
        outside.send(order(&format!("order {number}"))).await.unwrap();
    }
    let labelled = |world: &World| world.labelled.load(Ordering::SeqCst);
    eventually("all orders are through", async || {
        labelled(&one) + labelled(&two) == 400
    })
    .await;
    assert!(
        labelled(&one) > 0 && labelled(&two) > 0,
        "{} and {}",
        labelled(&one),
        labelled(&two)
    );
    for bus in [&first, &second] {
        assert!(bus.inspect().dead_letter_counts().await.unwrap().is_empty());
    }
    outside.shutdown().await.unwrap();
    first.shutdown().await.unwrap();
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_work_of_a_process_that_dies_is_taken_over_when_its_lease_is_over() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let clock = ManualClock::default();
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let stuck = Hands::that(move |_, _| {
        let held = Arc::clone(&held);
        async move {
            held.acquire().await.unwrap().forget();
            Ok(true)
        }
    });
    let dying = jobs(backend.builder().await.clock(clock.clone()), &stuck)
        .start()
        .await
        .unwrap();
    for number in 0..20 {
        dying.send(start(&format!("a{number}"))).await.unwrap();
    }
    eventually("some are in hand", async || stuck.tries() > 0).await;
    let willing = Hands::willing();
    let other = jobs(backend.builder().await.clock(clock.clone()), &willing)
        .start()
        .await
        .unwrap();
    drop(dying);
    eventually("its lease is over and its work is done", async || {
        clock.advance(LEASE / 20);
        willing.heard() == 20
    })
    .await;
    for number in 0..20 {
        until_in(&other, &format!("a{number}"), "end").await;
    }
    until_idle(&other).await;
    assert!(letters(&other).await.is_empty());
    other.shutdown().await.unwrap();
}
