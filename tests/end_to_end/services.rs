//! Services: retried, bounded, and never in anybody's way.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use saga_runtime::{
    Bus, ServiceError,
    bus::ServiceOptions,
    clock::ManualClock,
    dead_letter::Reason,
    limits::Limits,
    retry::RetryPolicy,
    store::{Memory, Wait},
};
use tokio::sync::Semaphore;

use crate::{
    backends::on_each_backend,
    job::{Hands, Job, Record, StartReply, jobs, letters, start, until_dead, until_idle, until_in},
    order::eventually,
};

fn patient(immediate: u32, delayed: u32) -> RetryPolicy {
    RetryPolicy {
        immediate,
        delayed,
        jitter: 0.0,
        ..RetryPolicy::default()
    }
}

/// Hands that wait for a permit for each piece of work whose job begins with `slow`.
fn gated() -> (Hands, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let hands = Hands::that(move |job, _| {
        let gate = Arc::clone(&held);
        async move {
            if job.starts_with("slow") {
                gate.acquire().await.unwrap().forget();
            }
            Ok(true)
        }
    });
    (hands, gate)
}

on_each_backend! {
    async fn a_failure_is_tried_again_at_once_then_later_then_set_aside_with_its_history(backend) {
        let clock = ManualClock::default();
        let hands = Hands::that(async |_, _| Err(ServiceError::retryable("the line is busy")));
        let bus = jobs(backend.builder().await.clock(clock.clone()).retry(patient(1, 2)), &hands)
            .start().await.unwrap();
        bus.send(start("a")).await.unwrap();
        let delayed = async |tries| eventually("it waits for its next try", async || {
            let queues = bus.inspect().queues().await.unwrap();
            hands.tries() == tries && queues.iter().any(|queue| queue.wait == Wait::Retry)
        }).await;
        delayed(2).await;
        clock.advance(Duration::from_millis(1_000));
        delayed(3).await;
        clock.advance(Duration::from_millis(1_999));
        delayed(3).await;
        // The failure may have been written down a little later than it is seen here: its pause is counted from then.
        eventually("it is tried for the last time", async || {
            clock.advance(Duration::from_millis(1));
            hands.tries() == 4
        }).await;
        let letters = until_dead(&bus, 1).await;
        assert_eq!(letters[0].reason, Reason::RetriesExhausted);
        assert_eq!(letters[0].history.len(), 4);
        assert!(letters[0].history.iter().all(|failure| failure.error == "the line is busy"));
        let keys: std::collections::HashSet<_> = hands.tried.lock().unwrap().iter().cloned().collect();
        assert_eq!(keys.len(), 1, "every attempt has the same idempotency key");
        bus.shutdown().await.unwrap();
    }

    async fn a_permanent_failure_is_set_aside_at_once(backend) {
        let hands = Hands::that(async |_, _| Err(ServiceError::permanent("no such account")));
        let bus = jobs(backend.builder().await.retry(patient(5, 5)), &hands).start().await.unwrap();
        bus.send(start("a")).await.unwrap();
        let letters = until_dead(&bus, 1).await;
        assert_eq!((hands.tries(), letters[0].detail.as_str()), (1, "no such account"));
        bus.shutdown().await.unwrap();
    }

    async fn a_panic_is_tried_again_like_any_failure(backend) {
        let hands = Hands::that(async |_, attempt| { assert!(attempt > 0, "the first try"); Ok(true) });
        let bus = jobs(backend.builder().await.retry(patient(1, 0)), &hands).start().await.unwrap();
        assert!(matches!(bus.request(start("a")).await.unwrap(), StartReply::Finished(_)));
        assert_eq!(hands.tries(), 2);
        bus.shutdown().await.unwrap();
    }

    async fn a_service_may_have_a_policy_of_its_own(backend) {
        let hands = Hands::that(async |_, _| Err(ServiceError::retryable("busy")));
        let options = ServiceOptions::default().retry(patient(3, 0));
        let bus = backend.builder().await.retry(RetryPolicy::never())
            .saga::<Job>().saga::<Record>().service_with(hands.clone(), options)
            .start().await.unwrap();
        bus.send(start("a")).await.unwrap();
        until_dead(&bus, 1).await;
        assert_eq!(hands.tries(), 4);
        bus.shutdown().await.unwrap();
    }

    async fn an_event_reaches_every_saga_and_service_that_hears_it_once(backend) {
        let hands = Hands::willing();
        let bus = jobs(backend.builder().await, &hands).start().await.unwrap();
        for number in 0..20 {
            bus.request(start(&format!("a{number}"))).await.unwrap();
        }
        until_idle(&bus).await;
        assert_eq!(hands.heard(), 20);
        let records = bus.inspect().counts().await.unwrap();
        assert_eq!((records.len(), records[0].saga.as_str(), records[0].count), (1, "Record", 20));
        assert!(letters(&bus).await.is_empty());
        bus.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stands_still_does_not_fill_the_memory_or_stop_the_sagas() {
    let (hands, gate) = gated();
    let limits = Limits {
        prefetch: 60,
        ..Limits::default()
    };
    let bus = jobs(Bus::new(Memory::new()).limits(limits), &hands)
        .start()
        .await
        .unwrap();
    for number in 0..500 {
        bus.send(start(&format!("slow{number}"))).await.unwrap();
    }
    // The sagas go on: every job is under way although no work is done.
    eventually("all sagas have started", async || {
        let counts = bus.inspect().counts().await.unwrap();
        counts.iter().any(|count| count.count == 500)
    })
    .await;
    assert!(
        hands.tries() <= 20,
        "{} pieces of work are in hand",
        hands.tries()
    );
    gate.add_permits(500);
    until_idle(&bus).await;
    assert_eq!((hands.tries(), hands.heard()), (500, 500));
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_messages_for_a_service_that_stands_still_wait_in_the_store() {
    let gate = Arc::new(Semaphore::new(0));
    let in_hand = Arc::new(AtomicUsize::new(0));
    let hands = {
        let (gate, in_hand) = (Arc::clone(&gate), Arc::clone(&in_hand));
        Hands::that(move |_, _| {
            let (gate, in_hand) = (Arc::clone(&gate), Arc::clone(&in_hand));
            async move {
                in_hand.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                Ok(true)
            }
        })
    };
    let options = ServiceOptions::default().concurrency(1_000_000);
    let limits = Limits {
        prefetch: 256,
        ..Limits::default()
    };
    let bus = Bus::new(Memory::new())
        .limits(limits)
        .service_with(hands.clone(), options)
        .start()
        .await
        .unwrap();
    for number in 0..20_000 {
        let work = crate::job::Work {
            job: format!("slow{number}"),
            note: String::new(),
        };
        bus.send(work).await.unwrap();
    }
    let most = in_hand.load(Ordering::SeqCst);
    assert!((1..=512).contains(&most), "{most} in hand");
    gate.add_permits(20_000);
    until_idle(&bus).await;
    assert_eq!(hands.tries(), 20_000);
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_messages_than_allowed_are_handled_side_by_side() {
    let most = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let counted = Arc::clone(&most);
    let hands = Hands::that(move |_, _| {
        let counted = Arc::clone(&counted);
        async move {
            let now = counted.0.fetch_add(1, Ordering::SeqCst) + 1;
            counted.1.fetch_max(now, Ordering::SeqCst);
            tokio::task::yield_now().await;
            counted.0.fetch_sub(1, Ordering::SeqCst);
            Ok(true)
        }
    });
    let options = ServiceOptions::default().concurrency(3);
    let bus = Bus::new(Memory::new())
        .saga::<Job>()
        .saga::<Record>()
        .service_with(hands.clone(), options)
        .start()
        .await
        .unwrap();
    for number in 0..200 {
        bus.send(start(&format!("a{number}"))).await.unwrap();
    }
    until_idle(&bus).await;
    assert_eq!(hands.tries(), 200);
    assert!(most.1.load(Ordering::SeqCst) <= 3);
    until_in(&bus, "a0", "end").await;
}
