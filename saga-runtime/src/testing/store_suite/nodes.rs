//! What becomes of a node's claims when it dies, leaves, or is only slow.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    samples::{consume, dead_letter, entry, finish, instance, message, park, parking, put, start, tombstone},
    *,
};
use crate::{
    dead_letter::Reason,
    store::{Durability, InstanceRow, NewMessage, Park, Subscription},
};

fn subscribed(event: &str, queue: &str) -> Catalog {
    Catalog {
        subscriptions: vec![subscription(event, queue)],
        ..Catalog::default()
    }
}

fn subscription(event: &str, queue: &str) -> Subscription {
    Subscription {
        event: event.into(),
        queue: queue.into(),
    }
}

/// Whether the store serves one process at a time, said aloud.
fn is_alone<S: Store>(process: &Process<S>) -> bool {
    let alone = !process.caps().shared;
    if alone {
        super::super::skip("this store serves one process at a time");
    }
    alone
}

pub async fn claims_of_a_dead_node_are_adopted_and_suspect<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    first.apply(put([message("billing"), message("sales")])).await;
    let taken = first.claim_one("billing").await;
    let second = bench.restart(first).await;
    let adopted = second.claim_one("billing").await;
    assert_eq!(
        adopted,
        Stored {
            suspect: true,
            ..taken
        }
    );
    assert!(!second.claim_one("sales").await.suspect, "nobody had claimed it");
    second.apply(consume([adopted.seq])).await;
}

pub async fn messages_born_claimed_are_adopted_too<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    first
        .apply(put([NewMessage {
            claimed: true,
            ..message("billing")
        }]))
        .await;
    let second = bench.restart(first).await;
    assert!(second.claim_one("billing").await.suspect);
}

pub async fn a_crash_counted_beforehand_is_remembered<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    first.apply(put([message("billing")])).await;
    let taken = first.claim_one("billing").await;
    first
        .apply(parking(Park {
            crashes: 1,
            keep: true,
            ..park(&taken)
        }))
        .await;
    let second = bench.restart(first).await;
    let adopted = second.claim_one("billing").await;
    assert_eq!((adopted.crashes, adopted.suspect), (1, true));
}

pub async fn a_message_is_suspect_until_it_is_parked<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    first.apply(put([message("billing")])).await;
    first.claim_one("billing").await;
    let second = bench.restart(first).await;
    let adopted = second.claim_one("billing").await;
    second.apply(parking(park(&adopted))).await;
    assert!(!second.claim_one("billing").await.suspect);
}

pub async fn a_living_node_adopts_what_a_dead_one_had_claimed<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    if is_alone(&first) {
        return;
    }
    first.apply(put([message("billing")])).await;
    first.claim_one("billing").await;
    let second = bench.start().await;
    bench.advance(LEASE / 2).await;
    assert_eq!(second.beat().await.unwrap().adopted, 0);
    bench.kill(first).await;
    assert_eq!(second.beat().await.unwrap().adopted, 1);
    assert!(second.claim_one("billing").await.suspect);
}

pub async fn a_node_that_beats_keeps_its_claims<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    if is_alone(&first) {
        return;
    }
    let second = bench.start().await;
    first.apply(put([message("billing")])).await;
    let taken = first.claim_one("billing").await;
    for _ in 0..10 {
        bench.advance(LEASE / 3).await;
        first.beat().await.unwrap();
        assert_eq!(second.beat().await.unwrap().adopted, 0);
    }
    second.assert_nothing_ready("billing").await;
    first.apply(consume([taken.seq])).await;
}

pub async fn a_node_that_was_taken_for_dead_cannot_finish_its_work<F: StoreFixture>(bench: Bench<F>) {
    let slow = bench.start().await;
    if is_alone(&slow) {
        return;
    }
    let other = bench.start().await;
    slow.apply(put([message("billing")])).await;
    let taken = slow.claim_one("billing").await;
    bench.advance(LEASE * 2).await;
    other.beat().await.unwrap();
    assert_eq!(slow.attempt(consume([taken.seq])).await, Outcome::ClaimLost);
    let again = other.claim_one("billing").await;
    assert_eq!(slow.attempt(consume([taken.seq])).await, Outcome::ClaimLost);
    other.apply(consume([again.seq])).await;
}

pub async fn what_a_node_claims_after_it_was_taken_for_dead_is_adopted_too<F: StoreFixture>(bench: Bench<F>) {
    let slow = bench.start().await;
    if is_alone(&slow) {
        return;
    }
    let other = bench.start().await;
    bench.advance(LEASE * 2).await;
    other.beat().await.unwrap();
    let claimed = NewMessage {
        claimed: true,
        ..message("billing")
    };
    slow.apply(put([claimed, message("sales")])).await;
    slow.claim_one("sales").await;
    bench.advance(LEASE * 2).await;
    assert_eq!(other.beat().await.unwrap().adopted, 2);
    other.claim_one("billing").await;
    other.claim_one("sales").await;
}

pub async fn a_message_from_another_node_wakes<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    if is_alone(&first) {
        return;
    }
    let second = bench.start().await;
    first.apply(put([message("billing")])).await;
    let patience = Duration::from_secs(60);
    let woken = tokio::time::timeout(patience, second.woken()).await;
    assert!(woken.is_ok(), "not woken within {patience:?}");
    second.claim_one("billing").await;
}

pub async fn closing_gives_back_all_claims_without_suspicion<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    first.apply(put([message("billing")])).await;
    let taken = first.claim_one("billing").await;
    first.close().await.unwrap();
    drop(first);
    assert_eq!(bench.start().await.claim_one("billing").await, taken);
}

pub async fn opening_again_with_the_same_node_keeps_its_claims<F: StoreFixture>(bench: Bench<F>) {
    let store = bench.fixture.connect().await;
    let node = bench.node();
    let opened = store
        .open(&node, &subscribed("OrderPlaced", "audit"))
        .await
        .unwrap();
    let process = Process { store, opened };
    process.apply(put([message("billing")])).await;
    let taken = process.claim_one("billing").await;
    let opened = process
        .open(&node, &subscribed("OrderBilled", "audit"))
        .await
        .unwrap();
    assert_eq!(opened.subscriptions.len(), 2);
    process.assert_nothing_ready("billing").await;
    process.apply(consume([taken.seq])).await;
}

pub async fn subscriptions_of_all_builds_are_merged_and_removable<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start_with(&subscribed("OrderPlaced", "audit")).await;
    assert_eq!(first.opened.subscriptions, [subscription("OrderPlaced", "audit")]);
    bench.kill(first).await;
    let second = bench.start_with(&subscribed("OrderPlaced", "mail")).await;
    let mut all = second.opened.subscriptions.clone();
    all.sort();
    assert_eq!(
        all,
        [
            subscription("OrderPlaced", "audit"),
            subscription("OrderPlaced", "mail")
        ]
    );

    let inspect = second.inspect();
    assert!(
        inspect
            .unsubscribe(subscription("OrderPlaced", "audit"))
            .await
            .unwrap()
    );
    assert!(
        !inspect
            .unsubscribe(subscription("OrderPlaced", "audit"))
            .await
            .unwrap()
    );
    let third = bench.restart(second).await;
    assert_eq!(third.opened.subscriptions, [subscription("OrderPlaced", "mail")]);
}

pub async fn a_killed_process_leaves_everything_it_committed<F: StoreFixture>(bench: Bench<F>) {
    let first = bench.start().await;
    if first.caps().durability == Durability::None {
        return super::super::skip("this store promises nothing beyond its process");
    }
    let (id, due) = (entry("BillingDesk", MessageId::random()), bench.after(3));
    let row = InstanceRow {
        due: Some(due),
        ..instance("7", 1)
    };
    let everything = Unit {
        inbox: vec![id.clone()],
        out: vec![message("billing")],
        dead: vec![dead_letter("BillOrder", "billing", Reason::Unexpected)],
        ..start(row.clone())
    };
    let born = first.apply(everything).await;
    let end = tombstone("8", bench.now());
    first.apply(finish(None, end.clone())).await;

    let second = bench.restart(first).await;
    assert_eq!(second.claim_one("billing").await.seq, born[0]);
    assert_eq!(second.find("7").await, Found::Live(row));
    assert_eq!(second.find("8").await, Found::Finished(end));
    let taken = second
        .want(Want {
            inbox: vec![id],
            timers: 9,
            ..Want::default()
        })
        .await;
    assert_eq!((taken.known, taken.timers.len()), (vec![true], 1));
    let letters = second.inspect().dead_letters(Default::default()).await.unwrap();
    assert_eq!(letters.len(), 1);
    let next = second.apply(put([message("billing")])).await;
    assert!(next > born, "rows go on ascending");
}
