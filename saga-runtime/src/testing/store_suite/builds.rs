//! Builds of several ages on one store: each is given what it can read, and what it cannot waits for one that can.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    bench::claim,
    samples::{carrying, catalog, envelope, instance, instance_id, message, park, parking, put, start},
    *,
};
use crate::store::{InstanceRow, KnownMessage, NewMessage, Park, Wait};

/// A build that takes `name` in `billing` up to a version; the samples' messages are of version 2.
fn taking(name: &str, version: u32) -> Catalog {
    let known = KnownMessage {
        name: name.into(),
        version,
        queue: "billing".into(),
        consumer: "BillingDesk".into(),
    };
    Catalog {
        messages: vec![known],
        ..catalog()
    }
}

/// A build that opens the samples' instances, which are of version 4, and those of a later version of their saga.
fn opening(version: u32) -> Catalog {
    let mut catalog = taking("BillOrder", 2);
    for saga in &mut catalog.sagas {
        saga.version = version;
    }
    catalog
}

fn waiting(until: Timestamp) -> NewMessage {
    NewMessage {
        wait: Wait::Unknown,
        due: Some(until),
        ..message("billing")
    }
}

pub async fn an_unknown_type_waits_for_a_build_that_knows_it<F: StoreFixture>(bench: Bench<F>) {
    let old = bench.start_with(&taking("BillOrder", 2)).await;
    let unknown = NewMessage {
        wait: Wait::Unknown,
        due: Some(bench.after(600)),
        ..carrying(envelope("BillOrderLater"), "billing")
    };
    old.apply(put([unknown])).await;
    old.beat().await.unwrap();
    old.assert_nothing_ready("billing").await;
    bench.kill(old).await;
    let new = bench.start_with(&taking("BillOrderLater", 2)).await;
    assert_eq!(new.claim_one("billing").await.wait, Wait::Unknown);
}

pub async fn a_newer_version_waits_for_a_build_that_knows_it<F: StoreFixture>(bench: Bench<F>) {
    let old = bench.start_with(&taking("BillOrder", 1)).await;
    old.apply(put([waiting(bench.after(600))])).await;
    old.beat().await.unwrap();
    old.assert_nothing_ready("billing").await;
    bench.kill(old).await;
    let new = bench.start_with(&taking("BillOrder", 3)).await;
    assert_eq!(
        new.claim_one("billing").await.envelope.version,
        2,
        "a later version reads it"
    );
}

pub async fn what_is_taken_elsewhere_is_not_known_here<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start_with(&taking("BillOrder", 2)).await;
    let elsewhere = NewMessage {
        queue: "accounts".into(),
        ..waiting(bench.after(600))
    };
    let by_another = NewMessage {
        consumer: Some("Ledger".into()),
        ..waiting(bench.after(600))
    };
    process.apply(put([elsewhere, by_another])).await;
    process.beat().await.unwrap();
    process.assert_nothing_ready("accounts").await;
    let claims = vec![claim("billing", Some("Ledger"), 9)];
    let want = Want {
        claims,
        max_bytes: usize::MAX >> 1,
        ..Want::default()
    };
    assert_eq!(process.want(want).await.messages, []);
}

pub async fn an_unknown_type_comes_back_when_its_wait_is_over<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([waiting(bench.after(600))])).await;
    process.assert_nothing_ready("billing").await;
    bench.advance_secs(600).await;
    process.claim_one("billing").await;
}

pub async fn of_two_living_nodes_only_the_one_that_knows_it_gets_it<F: StoreFixture>(bench: Bench<F>) {
    let old = bench.start_with(&taking("BillOrder", 1)).await;
    if !old.caps().shared {
        return super::super::skip("this store serves one process at a time");
    }
    let new = bench.start_with(&taking("BillOrder", 2)).await;
    old.apply(put([message("billing")])).await;
    let taken = old.claim_one("billing").await;
    let parked = Park {
        wait: Wait::Unknown,
        due: Some(bench.after(600)),
        ..park(&taken)
    };
    old.apply(parking(parked)).await;
    new.beat().await.unwrap();
    old.beat().await.unwrap();
    old.assert_nothing_ready("billing").await;
    assert_eq!(new.claim_one("billing").await.seq, taken.seq);
}

pub async fn what_needs_a_newer_instance_waits_for_a_build_that_opens_it<F: StoreFixture>(bench: Bench<F>) {
    let old = bench.start_with(&opening(4)).await;
    let newer = InstanceRow {
        saga_version: 5,
        ..instance("7", 1)
    };
    old.apply(start(newer)).await;
    old.apply(start(instance("8", 1))).await;
    old.apply(put([message("billing")])).await;
    let taken = old.claim_one("billing").await;
    let parked = Park {
        wait: Wait::Unknown,
        due: Some(bench.after(600)),
        instance: Some(instance_id("7")),
        ..park(&taken)
    };
    let other = NewMessage {
        instance: Some(instance_id("8")),
        ..waiting(bench.after(600))
    };
    old.apply(parking(parked)).await;
    let born = old.apply(put([other])).await;
    old.beat().await.unwrap();
    assert_eq!(old.claim_one("billing").await.seq, born[0], "the one for 8");
    bench.kill(old).await;
    let new = bench.start_with(&opening(5)).await;
    let mut seqs = Vec::from_iter(new.claim("billing").await.iter().map(|stored| stored.seq));
    seqs.retain(|&seq| seq != born[0]);
    assert_eq!(seqs, [taken.seq]);
}

pub async fn a_timer_is_named_only_to_a_build_that_opens_its_instance<F: StoreFixture>(bench: Bench<F>) {
    let old = bench.start_with(&opening(4)).await;
    let due = |key: &str, state: &str, saga_version| InstanceRow {
        state: state.into(),
        saga_version,
        due: Some(bench.now()),
        ..instance(key, 1)
    };
    for row in [
        due("a newer version", "AwaitingBill", 5),
        due("another state", "Insuring", 4),
        due("as known", "AwaitingBill", 4),
    ] {
        old.apply(start(row)).await;
    }
    let want = Want {
        timers: 1,
        ..Want::default()
    };
    let named = old.want(want.clone()).await;
    assert_eq!(named.timers, [(instance_id("as known"), bench.now())]);
    assert_eq!(named.next_due, None);
    bench.kill(old).await;
    let new = bench.start_with(&opening(5)).await;
    let all = Want { timers: 9, ..want };
    assert_eq!(new.want(all).await.timers.len(), 2);
}
