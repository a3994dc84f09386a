//! A unit is applied wholly or not at all, whatever becomes of the others.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    samples::{burying, consume, dead_letter, entry, instance, message, put, recording, start, step},
    *,
};
use crate::{
    dead_letter::{DeadLetterFilter, Reason},
    store::Join,
};

/// A unit that does one of everything.
fn full(row: crate::store::InstanceRow, consumed: Seq, id: MessageId) -> Unit {
    Unit {
        consumed: vec![consumed],
        inbox: vec![entry("Fulfilment", id)],
        out: vec![message("billing")],
        dead: vec![dead_letter("BillOrder", "sales", Reason::Unexpected)],
        ..start(row)
    }
}

async fn dead_letters<S: Store>(process: &Process<S>) -> usize {
    let all = DeadLetterFilter::default();
    process.inspect().dead_letters(all).await.unwrap().len()
}

async fn knows<S: Store>(process: &Process<S>, id: MessageId) -> bool {
    let want = Want {
        inbox: vec![entry("Fulfilment", id)],
        ..Want::default()
    };
    process.want(want).await.known == [true]
}

pub async fn a_unit_is_applied_wholly<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([message("sales")])).await;
    let taken = process.claim_one("sales").await;
    let id = MessageId::random();
    let born = process.apply(full(instance("7", 1), taken.seq, id)).await;

    assert_eq!(process.find("7").await, Found::Live(instance("7", 1)));
    assert_eq!(process.claim_one("billing").await.seq, born[0]);
    assert_eq!(dead_letters(&process).await, 1);
    assert!(knows(&process, id).await);
    assert_eq!(process.attempt(consume([taken.seq])).await, Outcome::ClaimLost);
}

pub async fn a_unit_whose_gate_fails_changes_nothing<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    process.apply(put([message("sales")])).await;
    let taken = process.claim_one("sales").await;
    let id = MessageId::random();
    let late = full(instance("7", 9), taken.seq, id);
    assert_eq!(process.attempt(late).await, Outcome::Conflict);

    assert_eq!(process.find("7").await, Found::Live(instance("7", 1)));
    process.assert_nothing_ready("billing").await;
    assert_eq!(dead_letters(&process).await, 0);
    assert!(!knows(&process, id).await);
    process.apply(consume([taken.seq])).await;
}

pub async fn a_lost_claim_keeps_the_whole_unit_from_being_applied<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let unclaimed = process.apply(put([message("sales")])).await[0];
    let id = MessageId::random();
    let unit = full(instance("7", 1), unclaimed, id);
    assert_eq!(process.attempt(unit).await, Outcome::ClaimLost);

    assert_eq!(process.find("7").await, Found::Absent);
    process.assert_nothing_ready("billing").await;
    assert!(!knows(&process, id).await);
    assert_eq!(process.claim_one("sales").await.seq, unclaimed);
}

pub async fn one_lost_claim_among_many_releases_none_of_them<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(put([message("sales")])).await;
    let mine = process.claim_one("sales").await.seq;
    let other = process.apply(put([message("sales")])).await[0];
    assert_eq!(process.attempt(consume([mine, other])).await, Outcome::ClaimLost);
    process.apply(consume([mine])).await;
}

pub async fn a_duplicate_keeps_the_whole_unit_from_being_applied<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let id = MessageId::random();
    process.apply(recording(entry("Fulfilment", id))).await;
    process.apply(put([message("sales")])).await;
    let taken = process.claim_one("sales").await;
    let unit = full(instance("7", 1), taken.seq, id);
    assert_eq!(process.attempt(unit).await, Outcome::Duplicate);

    assert_eq!(process.find("7").await, Found::Absent);
    process.assert_nothing_ready("billing").await;
    process.apply(consume([taken.seq])).await;
}

pub async fn units_of_one_commit_succeed_and_fail_independently<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("taken", 1))).await;
    let outcomes = process.commit(vec![
        Unit {
            out: vec![message("billing")],
            ..start(instance("first", 1))
        },
        Unit {
            out: vec![message("warehouse")],
            ..start(instance("taken", 1))
        },
        consume([Seq::MAX]),
        start(instance("last", 1)),
    ]);
    let outcomes = outcomes.await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Applied { born } if born.len() == 1));
    assert_eq!(outcomes[1], Outcome::Conflict);
    assert_eq!(outcomes[2], Outcome::ClaimLost);
    assert!(matches!(outcomes[3], Outcome::Applied { .. }));

    assert_eq!(process.claim("billing").await.len(), 1);
    process.assert_nothing_ready("warehouse").await;
    assert_eq!(process.find("first").await, Found::Live(instance("first", 1)));
    assert_eq!(process.find("last").await, Found::Live(instance("last", 1)));
}

pub async fn a_unit_rests_on_what_the_units_before_it_did<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let steps = vec![
        start(instance("7", 1)),
        step(instance("7", 2)),
        step(instance("7", 2)),
    ];
    let outcomes = process.commit(steps).await.unwrap();
    assert!(matches!(outcomes[0], Outcome::Applied { .. }));
    assert!(matches!(outcomes[1], Outcome::Applied { .. }));
    assert_eq!(outcomes[2], Outcome::Conflict);
}

pub async fn rows_born_are_named_in_order_and_ascend<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let queues = ["a", "b", "a", "c"];
    let born = process.apply(put(queues.map(message))).await;
    assert!(born.is_sorted() && born.len() == queues.len());
    let of_a: Vec<Seq> = process.claim("a").await.iter().map(|stored| stored.seq).collect();
    assert_eq!(of_a, [born[0], born[2]]);
}

pub async fn content_that_is_refused_harms_no_other_unit<F: StoreFixture>(bench: Bench<F>) {
    let Some(refused) = bench.fixture.refused() else {
        return super::super::skip("this store refuses nothing for its content");
    };
    let process = bench.start().await;
    let units = vec![start(instance("first", 1)), refused, start(instance("last", 1))];
    let outcomes = process.commit(units).await.unwrap();
    assert!(matches!(outcomes[0], Outcome::Applied { .. }));
    assert!(
        matches!(outcomes[1], Outcome::Rejected(_)),
        "got {:?}",
        outcomes[1]
    );
    assert!(matches!(outcomes[2], Outcome::Applied { .. }));
    assert_eq!(process.find("last").await, Found::Live(instance("last", 1)));
}

pub async fn work_made_for_another_store_is_refused_in_words<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let foreign = Unit {
        join: vec![Join::new("elsewhere", ())],
        ..put([message("a")])
    };
    let outcomes = process.commit(vec![foreign, put([message("b")])]).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("a transaction of `elsewhere`")));
    assert!(matches!(outcomes[1], Outcome::Applied { .. }));
    assert!(process.claim("a").await.is_empty());
}

pub async fn a_commit_of_nothing_has_no_outcomes<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    assert_eq!(process.commit(Vec::new()).await.unwrap(), []);
    assert!(process.apply(Unit::default()).await.is_empty());
}

pub async fn a_large_batch_is_applied<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let units = (0..2_000).map(|n| Unit {
        out: vec![message("billing")],
        ..start(instance(&n.to_string(), 1))
    });
    let outcomes = process.commit(units.collect()).await.unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Applied { .. }))
    );
    assert_eq!(process.claim("billing").await.len(), 2_000);
    assert_eq!(process.find("1999").await, Found::Live(instance("1999", 1)));
}

pub async fn of_concurrent_commits_for_one_version_one_wins<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    process.apply(start(instance("7", 1))).await;
    let racers = (0..20).map(|_| {
        process.attempt(Unit {
            out: vec![message("billing")],
            ..step(instance("7", 2))
        })
    });
    let outcomes = futures_util::future::join_all(racers).await;
    let won = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::Applied { .. }));
    assert_eq!(won.count(), 1);
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == Outcome::Conflict)
            .count(),
        19
    );
    assert_eq!(process.claim("billing").await.len(), 1);
}

pub async fn concurrent_commits_are_all_applied<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let commits = (0..100).map(|_| process.apply(put([message("billing")])));
    let mut born = futures_util::future::join_all(commits).await.concat();
    born.sort_unstable();
    born.dedup();
    assert_eq!(born.len(), 100);
    assert_eq!(process.claim("billing").await.len(), 100);
}

pub async fn dead_letters_of_one_unit_are_all_kept<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let letter = || dead_letter("BillOrder", "billing", Reason::Undecodable);
    process.apply(burying([letter(), letter(), letter()])).await;
    assert_eq!(dead_letters(&process).await, 3);
}
