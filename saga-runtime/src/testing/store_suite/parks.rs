//! What goes back to waiting comes back: when due, or when what it waits for is there.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    samples::{
        changing, consume, failure, finish, instance, instance_id, message, park, parking, put, start, step,
        tombstone,
    },
    *,
};
use crate::store::{Change, NewMessage, Park, Wait};

async fn claimed<F: StoreFixture>(process: &Process<F::Store>) -> Stored {
    process.apply(put([message("billing")])).await;
    process.claim_one("billing").await
}

fn absent(key: &str, due: Timestamp) -> NewMessage {
    NewMessage {
        wait: Wait::Absent,
        due: Some(due),
        instance: Some(instance_id(key)),
        ..message("billing")
    }
}

pub async fn a_retry_comes_back_when_due_and_not_before<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let taken = claimed::<F>(&process).await;
    let retry = Park {
        wait: Wait::Retry,
        due: Some(bench.after(5)),
        ..park(&taken)
    };
    process.apply(parking(retry)).await;
    process.assert_nothing_ready("billing").await;
    bench.advance_secs(4).await;
    process.assert_nothing_ready("billing").await;
    bench.advance_secs(1).await;
    let again = process.claim_one("billing").await;
    assert_eq!((again.seq, again.wait), (taken.seq, Wait::Retry));
    assert_eq!(again.accepted_at, taken.accepted_at);
}

pub async fn a_park_without_a_time_is_ready_at_once<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let taken = claimed::<F>(&process).await;
    process.apply(parking(park(&taken))).await;
    assert_eq!(process.claim_one("billing").await, taken);
}

pub async fn a_park_keeps_count_and_history<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let taken = claimed::<F>(&process).await;
    let parked = Park {
        attempts: 3,
        crashes: 1,
        history: vec![failure(), failure()],
        ..park(&taken)
    };
    process.apply(parking(parked)).await;
    let again = process.claim_one("billing").await;
    assert_eq!((again.attempts, again.crashes, again.history.len()), (3, 1, 2));
    assert_eq!(again.history[0], failure());
}

pub async fn a_park_that_keeps_its_claim_only_counts<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let taken = claimed::<F>(&process).await;
    let counted = Park {
        crashes: 1,
        keep: true,
        ..park(&taken)
    };
    process.apply(parking(counted)).await;
    process.assert_nothing_ready("billing").await;
    process.apply(consume([taken.seq])).await;
}

pub async fn what_is_not_claimed_cannot_be_parked<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let taken = claimed::<F>(&process).await;
    process.apply(parking(park(&taken))).await;
    let late = Park {
        attempts: 9,
        ..park(&taken)
    };
    assert_eq!(process.attempt(parking(late)).await, Outcome::ClaimLost);
    assert_eq!(process.claim_one("billing").await.attempts, 0);
}

pub async fn a_message_put_with_a_time_waits_for_it<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let later = NewMessage {
        wait: Wait::Retry,
        due: Some(bench.after(5)),
        ..message("billing")
    };
    process.apply(put([later])).await;
    process.assert_nothing_ready("billing").await;
    bench.advance_secs(5).await;
    process.claim_one("billing").await;
}

pub async fn the_commit_that_creates_an_instance_releases_what_waited_for_it<F: StoreFixture>(
    bench: Bench<F>,
) {
    let process = bench.start().await;
    process
        .apply(put([absent("7", bench.after(60)), absent("8", bench.after(60))]))
        .await;
    let taken = claimed::<F>(&process).await;
    let parked = Park {
        wait: Wait::Absent,
        due: Some(bench.after(60)),
        instance: Some(instance_id("7")),
        ..park(&taken)
    };
    process.apply(parking(parked)).await;
    process.assert_nothing_ready("billing").await;
    process.apply(start(instance("7", 1))).await;
    let released = process.claim("billing").await;
    assert_eq!(released.len(), 2, "both that waited for 7, not the one for 8");
    assert!(released.iter().all(|stored| stored.wait == Wait::Absent));
}

pub async fn an_instance_that_starts_and_ends_at_once_releases_too<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([absent("7", bench.after(60))])).await;
    process.apply(finish(None, tombstone("7", bench.now()))).await;
    process.claim_one("billing").await;
}

pub async fn only_the_creating_commit_releases<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([absent("7", bench.after(60))])).await;
    process
        .apply(changing(instance_id("7"), None, Change::Keep))
        .await;
    assert_eq!(process.attempt(step(instance("7", 2))).await, Outcome::Conflict);
    process.assert_nothing_ready("billing").await;
}

pub async fn what_waits_for_an_instance_comes_back_when_its_wait_is_over<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([absent("7", bench.after(60))])).await;
    bench.advance_secs(60).await;
    assert_eq!(process.claim_one("billing").await.wait, Wait::Absent);
}

pub async fn a_released_message_does_not_wait_again_after_a_crash<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([absent("7", bench.after(600))])).await;
    process.apply(start(instance("7", 1))).await;
    process.claim_one("billing").await;
    bench.restart(process).await.claim_one("billing").await;
}

pub async fn the_next_waiting_message_is_announced<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    assert_eq!(process.want(Want::default()).await.next_due, None);
    let due = bench.after(5);
    process
        .apply(put([absent("7", bench.after(60)), absent("8", due)]))
        .await;
    assert_eq!(process.want(Want::default()).await.next_due, Some(due));
}
