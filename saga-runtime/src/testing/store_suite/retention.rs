//! Ids and tombstones are kept for the retention, then collected.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    samples::{entry, finish, recording, tombstone},
    *,
};
use crate::store::InboxEntry;

const HOUR: u64 = 3_600;

async fn known<S: Store>(process: &Process<S>, inbox: Vec<InboxEntry>) -> Vec<bool> {
    process
        .want(Want {
            inbox,
            ..Want::default()
        })
        .await
        .known
}

pub async fn an_id_recorded_twice_is_a_duplicate<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let id = MessageId::random();
    process.apply(recording(entry("BillingDesk", id))).await;
    let again = process.attempt(recording(entry("BillingDesk", id))).await;
    assert_eq!(again, Outcome::Duplicate);
}

pub async fn of_two_units_with_one_id_in_one_commit_the_first_wins<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let unit = recording(entry("BillingDesk", MessageId::random()));
    let outcomes = process.commit(vec![unit.clone(), unit]).await.unwrap();
    assert!(matches!(outcomes[0], Outcome::Applied { .. }));
    assert_eq!(outcomes[1], Outcome::Duplicate);
}

pub async fn each_consumer_has_its_own_record_of_an_id<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let id = MessageId::random();
    process.apply(recording(entry("BillingDesk", id))).await;
    process.apply(recording(entry("Audit", id))).await;
    let asked = vec![entry("Other", id), entry("Audit", id), entry("BillingDesk", id)];
    assert_eq!(known(&process, asked).await, [false, true, true]);
}

pub async fn ids_are_known_within_the_retention_and_collected_after<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let recorded = entry("BillingDesk", MessageId::random());
    process.apply(recording(recorded.clone())).await;
    bench.advance_secs(23 * HOUR).await;
    assert_eq!(process.beat_through().await.collected, 0);
    assert_eq!(known(&process, vec![recorded.clone()]).await, [true]);
    bench.advance_secs(2 * HOUR).await;
    assert_eq!(process.beat_through().await.collected, 1);
    assert_eq!(known(&process, vec![recorded.clone()]).await, [false]);
    process.apply(recording(recorded)).await;
}

pub async fn tombstones_are_found_within_the_retention_and_collected_after<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let end = tombstone("7", bench.now());
    process.apply(finish(None, end.clone())).await;
    bench.advance_secs(23 * HOUR).await;
    assert_eq!(process.beat_through().await.collected, 0);
    assert_eq!(process.find("7").await, Found::Finished(end));
    bench.advance_secs(2 * HOUR).await;
    assert_eq!(process.beat_through().await.collected, 1);
    assert_eq!(process.find("7").await, Found::Absent);
}

pub async fn collecting_takes_the_old_and_leaves_the_young<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let finishing = |key: &str| finish(None, tombstone(key, bench.now()));
    let old = (0..2_500).map(|n| finishing(&format!("old {n}"))).collect();
    process.commit(old).await.unwrap();
    bench.advance_secs(20 * HOUR).await;
    process.apply(finish(None, tombstone("young", bench.now()))).await;
    bench.advance_secs(5 * HOUR).await;
    assert_eq!(process.beat_through().await.collected, 2_500);
    assert!(matches!(process.find("young").await, Found::Finished(_)));
}
