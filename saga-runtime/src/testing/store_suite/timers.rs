//! Timers are part of the instance: named when due, gone when their commit says so.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    samples::{finish, instance, instance_id, start, step, tombstone},
    *,
};
use crate::store::{InstanceId, InstanceRow};

fn due_at(key: &str, version: u64, due: Timestamp) -> InstanceRow {
    InstanceRow {
        due: Some(due),
        ..instance(key, version)
    }
}

async fn due<S: Store>(process: &Process<S>, limit: usize) -> Vec<(InstanceId, Timestamp)> {
    process
        .want(Want {
            timers: limit,
            ..Want::default()
        })
        .await
        .timers
}

pub async fn the_store_tells_its_time<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    assert_eq!(process.opened.now, bench.now());
    bench.advance_secs(60).await;
    assert_eq!(process.want(Want::default()).await.now, bench.now());
}

pub async fn a_timer_is_named_when_due_and_not_before<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let at = bench.after(60);
    process.apply(start(due_at("7", 1, at))).await;
    assert_eq!(due(&process, 9).await, []);
    bench.advance(Duration::from_millis(59_999)).await;
    assert_eq!(due(&process, 9).await, []);
    bench.advance(Duration::from_millis(1)).await;
    assert_eq!(due(&process, 9).await, [(instance_id("7"), at)]);
}

pub async fn a_timer_is_named_until_its_instance_changes<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(due_at("7", 1, bench.now()))).await;
    assert_eq!(due(&process, 9).await.len(), 1);
    assert_eq!(due(&process, 9).await.len(), 1);
    process.apply(step(instance("7", 2))).await;
    assert_eq!(due(&process, 9).await, []);
}

pub async fn timers_come_earliest_first_within_the_limit<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    for (key, seconds) in [("c", 3), ("a", 1), ("d", 4), ("b", 2)] {
        process.apply(start(due_at(key, 1, bench.after(seconds)))).await;
    }
    bench.advance_secs(10).await;
    let named: Vec<_> = due(&process, 3).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(named, ["a", "b", "c"].map(instance_id));
}

pub async fn the_next_timer_is_announced<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let (first, second) = (bench.after(1), bench.after(2));
    process.apply(start(due_at("a", 1, first))).await;
    process.apply(start(due_at("b", 1, second))).await;
    let next = |timers| {
        process.want(Want {
            timers,
            ..Want::default()
        })
    };
    assert_eq!(next(9).await.next_due, Some(first));
    bench.advance_secs(1).await;
    assert_eq!(next(9).await.next_due, Some(second));
    bench.advance_secs(1).await;
    assert_eq!(
        next(1).await.next_due,
        Some(second),
        "due, but not named within the limit"
    );
    assert_eq!(next(9).await.next_due, None);
}

pub async fn a_moved_timer_is_named_at_its_new_time_only<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(due_at("7", 1, bench.after(1)))).await;
    let later = bench.after(5);
    process.apply(step(due_at("7", 2, later))).await;
    bench.advance_secs(4).await;
    assert_eq!(due(&process, 9).await, []);
    bench.advance_secs(1).await;
    assert_eq!(due(&process, 9).await, [(instance_id("7"), later)]);
}

pub async fn a_finished_instance_has_no_timers<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(due_at("7", 1, bench.after(1)))).await;
    process.apply(finish(Some(1), tombstone("7", bench.now()))).await;
    bench.advance_secs(2).await;
    let taken = process
        .want(Want {
            timers: 9,
            ..Want::default()
        })
        .await;
    assert_eq!((taken.timers, taken.next_due), (vec![], None));
}

pub async fn a_lost_commit_moves_no_timer<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    let late = Unit {
        ..start(due_at("7", 1, bench.now()))
    };
    assert_eq!(process.attempt(late).await, Outcome::Conflict);
    assert_eq!(due(&process, 9).await, []);
}
