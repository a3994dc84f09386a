//! The version is the gate of every change to an instance.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    samples::{changing, finish, instance, instance_id, message, start, step, tombstone},
    *,
};
use crate::store::{Change, InstanceRow};

pub async fn an_instance_is_found_as_it_was_put<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let row = InstanceRow {
        data: bytes::Bytes::from_static(b"\xff\0 any bytes"),
        due: Some(bench.after(60)),
        parked: Some("RefundOrder was refused".into()),
        updated_at: bench.after(1),
        ..instance("tenant/ünïcode \u{0} 7", 1)
    };
    process.apply(start(row.clone())).await;
    assert_eq!(process.find(&row.id.key).await, Found::Live(row));
}

pub async fn what_was_never_started_is_absent<F: StoreFixture>(bench: Bench<F>) {
    assert_eq!(bench.start().await.find("7").await, Found::Absent);
}

pub async fn instances_are_answered_in_the_order_asked<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("a", 1))).await;
    process.apply(start(instance("b", 1))).await;
    let instances = ["b", "none", "a", "b"].map(instance_id).to_vec();
    let found = process
        .want(Want {
            instances,
            ..Want::default()
        })
        .await
        .instances;
    let live = |key| Found::Live(instance(key, 1));
    assert_eq!(found, [live("b"), Found::Absent, live("a"), live("b")]);
}

pub async fn the_same_key_of_two_sagas_is_two_instances<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    let mut other = instance("7", 1);
    other.id.saga = "Travel".into();
    process.apply(start(other)).await;
    assert_eq!(process.find("7").await, Found::Live(instance("7", 1)));
}

pub async fn second_commit_with_the_same_version_loses<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    process.apply(step(instance("7", 2))).await;
    assert_eq!(process.attempt(step(instance("7", 2))).await, Outcome::Conflict);
    process.apply(step(instance("7", 3))).await;
}

pub async fn a_start_loses_against_a_live_instance<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    assert_eq!(process.attempt(start(instance("7", 1))).await, Outcome::Conflict);
}

pub async fn a_start_loses_against_a_tombstone_within_the_retention<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    process.apply(finish(Some(1), tombstone("7", bench.now()))).await;
    assert_eq!(process.attempt(start(instance("7", 1))).await, Outcome::Conflict);
}

pub async fn after_the_retention_a_key_may_start_a_new_life<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    process.apply(finish(Some(1), tombstone("7", bench.now()))).await;
    bench.advance_secs(25 * 3_600).await;
    assert_eq!(process.find("7").await, Found::Absent);
    let again = InstanceRow {
        incarnation: 2,
        ..instance("7", 1)
    };
    process.apply(start(again.clone())).await;
    process.beat_through().await;
    assert_eq!(process.find("7").await, Found::Live(again));
    let end = crate::store::Tombstone {
        incarnation: 2,
        ..tombstone("7", bench.now())
    };
    process.apply(finish(Some(1), end.clone())).await;
    assert_eq!(process.find("7").await, Found::Finished(end));
}

pub async fn a_step_loses_where_there_is_no_live_instance<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    assert_eq!(process.attempt(step(instance("7", 2))).await, Outcome::Conflict);
    process.apply(finish(None, tombstone("7", bench.now()))).await;
    assert_eq!(process.attempt(step(instance("7", 2))).await, Outcome::Conflict);
}

pub async fn only_looking_at_an_instance_is_gated_too<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    let look = |expect| Unit {
        out: vec![message("billing")],
        ..changing(instance_id("7"), expect, Change::Keep)
    };
    assert_eq!(process.attempt(look(None)).await, Outcome::Conflict);
    assert_eq!(process.attempt(look(Some(2))).await, Outcome::Conflict);
    process.apply(look(Some(1))).await;
    assert_eq!(process.find("7").await, Found::Live(instance("7", 1)));
    assert_eq!(process.claim("billing").await.len(), 1);
}

pub async fn that_there_is_no_instance_can_be_the_gate<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process
        .apply(changing(instance_id("7"), None, Change::Keep))
        .await;
    assert_eq!(process.find("7").await, Found::Absent);
}

pub async fn a_finished_instance_leaves_its_tombstone<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    let end = tombstone("7", bench.after(1));
    process.apply(finish(Some(1), end.clone())).await;
    assert_eq!(process.find("7").await, Found::Finished(end));
}

pub async fn an_instance_may_start_and_finish_in_one_step<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let end = tombstone("7", bench.now());
    process.apply(finish(None, end.clone())).await;
    assert_eq!(process.find("7").await, Found::Finished(end.clone()));
    assert_eq!(process.attempt(finish(None, end)).await, Outcome::Conflict);
}
