//! What lives in the journal: that it costs no rows, and that nothing of it is lost.

use super::*;
use crate::store::Seq;

fn held(name: &str) -> NewMessage {
    NewMessage {
        claimed: true,
        ..message(name)
    }
}

async fn born(store: &Sqlite, unit: Unit) -> Vec<Seq> {
    let Outcome::Applied { born } = apply(store, unit).await else {
        panic!("not applied");
    };
    born
}

fn consumes(seqs: Vec<Seq>) -> Unit {
    Unit {
        consumed: seqs,
        ..Unit::default()
    }
}

/// Rows of the tables as the writer sees them; looking through [`Inspect`] would settle first.
async fn rows(store: &Sqlite, table: &'static str) -> i64 {
    number(store, table).await
}

const MESSAGES: &str = "SELECT count(*) FROM message";
const INSTANCES: &str = "SELECT count(*) FROM instance";
const FINISHED: &str = "SELECT count(*) FROM finished";
const JOURNAL: &str = "SELECT count(*) FROM journal";

#[tokio::test]
async fn what_is_over_in_a_moment_gets_no_row_of_its_own() {
    let store = Fixture::new().open().await;
    let started = Unit {
        out: vec![held("BillOrder")],
        ..put("a", None)
    };
    let seqs = born(&store, started).await;
    assert!(is_applied(&apply(&store, consumes(seqs.clone())).await));
    assert_eq!(apply(&store, consumes(seqs)).await, Outcome::ClaimLost, "once");
    assert_eq!(find(&store, "a").await, Found::Live(row("a", 1)));
    assert_eq!(apply(&store, put("a", Some(9))).await, Outcome::Conflict);
    assert_eq!(
        (rows(&store, MESSAGES).await, rows(&store, INSTANCES).await),
        (0, 0)
    );
    assert!(is_applied(
        &apply(&store, finish("a", Timestamp::UNIX_EPOCH)).await
    ));
    assert_eq!(
        (rows(&store, INSTANCES).await, rows(&store, FINISHED).await),
        (0, 1)
    );
    assert_eq!(rows(&store, JOURNAL).await, 3);
    store.beat().await.unwrap();
    assert_eq!(rows(&store, JOURNAL).await, 0);
    assert!(matches!(find(&store, "a").await, Found::Finished(_)));
}

#[tokio::test]
async fn what_a_dead_process_left_in_the_journal_is_there_as_it_was() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let timer = Timestamp::UNIX_EPOCH + Duration::from_secs(60);
    let mut parked = row("b", 2);
    parked.due = Some(timer);
    parked.parked = Some("refused".into());
    let unit = Unit {
        instance: Some(InstanceChange {
            id: id("b"),
            expect: Some(1),
            change: Change::Put(parked.clone()),
        }),
        ..Unit::default()
    };
    let kept = NewMessage {
        attempts: 2,
        history: vec![Failure {
            at: Timestamp::new(5, 7).unwrap(),
            error: "refused".into(),
        }],
        ..held("BillOrder")
    };
    let started = Unit {
        out: vec![held("Done"), kept.clone()],
        ..put("a", None)
    };
    let seqs = born(&store, started).await;
    for unit in [put("b", None), unit, put("c", None), consumes(vec![seqs[0]])] {
        assert!(is_applied(&apply(&store, unit).await));
    }
    assert!(is_applied(
        &apply(&store, finish("c", Timestamp::UNIX_EPOCH)).await
    ));
    drop(store);

    let store = fixture.open().await;
    assert_eq!(find(&store, "a").await, Found::Live(row("a", 1)));
    assert_eq!(find(&store, "b").await, Found::Live(parked));
    assert!(matches!(find(&store, "c").await, Found::Finished(_)));
    let taken = store.take(claim()).await.unwrap();
    assert_eq!(taken.messages.len(), 1);
    let read = &taken.messages[0];
    assert_eq!(
        (read.seq, &read.envelope, read.suspect),
        (seqs[1], &kept.envelope, true)
    );
    assert_eq!((read.attempts, &read.history), (2, &kept.history));
    assert_eq!(taken.next_due, Some(timer));
    let next = born(
        &store,
        Unit {
            out: vec![held("Next")],
            ..Unit::default()
        },
    )
    .await;
    assert!(next[0] > seqs[1], "numbers are not given twice");
}

#[tokio::test]
async fn a_young_message_that_waits_gets_a_row_and_one_that_is_given_back_too() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let unit = Unit {
        out: vec![held("BillOrder"), held("CreateShippingLabel")],
        ..Unit::default()
    };
    let seqs = born(&store, unit).await;
    let park = Park {
        seq: seqs[0],
        wait: Wait::Retry,
        due: Some(Timestamp::UNIX_EPOCH + Duration::from_secs(5)),
        attempts: 1,
        crashes: 0,
        history: Vec::new(),
        instance: None,
        keep: false,
    };
    let parked = Unit {
        park: vec![park],
        ..Unit::default()
    };
    assert!(is_applied(&apply(&store, parked).await));
    assert_eq!(rows(&store, MESSAGES).await, 1);
    assert!(store.take(claim()).await.unwrap().messages.is_empty());
    fixture.clock.advance(Duration::from_secs(5));
    let taken = store.take(claim()).await.unwrap().messages;
    assert_eq!((taken.len(), taken[0].seq, taken[0].attempts), (1, seqs[0], 1));
    store.close().await.unwrap();

    let store = fixture.open().await;
    let taken = store.take(claim()).await.unwrap().messages;
    assert_eq!(taken.iter().map(|it| it.seq).collect::<Vec<_>>(), seqs);
    assert!(taken.iter().all(|it| !it.suspect));
}

#[tokio::test]
async fn a_long_journal_is_settled_and_what_settled_goes_on_in_its_table() {
    let store = Fixture::new().open().await;
    let seqs = born(
        &store,
        Unit {
            out: vec![held("Slow")],
            ..put("slow", None)
        },
    )
    .await;
    let mut longest = 0;
    for n in 0..400 {
        let key = n.to_string();
        assert!(is_applied(&apply(&store, put(&key, None)).await));
        assert!(is_applied(
            &apply(&store, finish(&key, Timestamp::UNIX_EPOCH)).await
        ));
        longest = longest.max(number(&store, "SELECT coalesce(sum(length(records)), 0) FROM journal").await);
    }
    assert!((10_000..20_000).contains(&longest), "{longest}");
    assert_eq!(
        (rows(&store, MESSAGES).await, rows(&store, FINISHED).await),
        (1, 400)
    );
    assert!(is_applied(&apply(&store, put("slow", Some(1))).await));
    assert_eq!(find(&store, "slow").await, Found::Live(row("slow", 2)));
    assert!(is_applied(&apply(&store, consumes(seqs)).await));
    assert_eq!(rows(&store, MESSAGES).await, 0);
}

#[tokio::test]
async fn a_commit_that_fails_takes_back_what_it_did_to_what_is_young() {
    let store = Fixture::new().open().await;
    let unit = Unit {
        out: vec![held("BillOrder")],
        ..put("a", None)
    };
    let seqs = born(&store, unit).await;
    sql(&store, "PRAGMA max_page_count = 1").await;
    let mut big = put("b", None);
    big.out.push(NewMessage {
        envelope: Arc::new(Envelope {
            body: vec![7; 100_000].into(),
            ..Envelope::clone(&envelope("Big"))
        }),
        ..held("Big")
    });
    let units = vec![put("a", Some(1)), consumes(seqs.clone()), big];
    assert_eq!(
        store.commit(units.clone()).await.unwrap_err().kind(),
        ErrorKind::Full
    );
    assert_eq!(find(&store, "a").await, Found::Live(row("a", 1)));
    assert_eq!(find(&store, "b").await, Found::Absent);
    sql(&store, "PRAGMA max_page_count = 10000").await;
    assert!(store.commit(units).await.unwrap().iter().all(is_applied));
    assert_eq!(find(&store, "a").await, Found::Live(row("a", 2)));
}

#[tokio::test]
async fn timers_of_young_and_settled_instances_are_named_together_in_order() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let at = |seconds| Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
    let armed = |key: &str, seconds| {
        let mut unit = put(key, None);
        if let Some(InstanceChange {
            change: Change::Put(row),
            ..
        }) = &mut unit.instance
        {
            row.due = Some(at(seconds));
        }
        unit
    };
    for (key, seconds) in [("second", 2), ("fourth", 4)] {
        apply(&store, armed(key, seconds)).await;
    }
    store.beat().await.unwrap();
    for (key, seconds) in [("third", 3), ("first", 1), ("fifth", 5)] {
        apply(&store, armed(key, seconds)).await;
    }
    fixture.clock.advance(Duration::from_secs(4));
    let want = |timers| Want {
        timers,
        ..Want::default()
    };
    let taken = store.take(want(3)).await.unwrap();
    let keys: Vec<&str> = taken.timers.iter().map(|(id, _)| &*id.key).collect();
    assert_eq!(
        (keys, taken.next_due),
        (vec!["first", "second", "third"], Some(at(4)))
    );
    let taken = store.take(want(9)).await.unwrap();
    assert_eq!((taken.timers.len(), taken.next_due), (4, Some(at(5))));
    assert!(is_applied(&apply(&store, finish("first", at(4))).await));
    assert_eq!(store.take(want(9)).await.unwrap().timers.len(), 3);
}

#[tokio::test]
async fn a_journal_that_does_not_read_is_called_corrupt_and_left_alone() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    apply(&store, put("a", None)).await;
    sql(
        &store,
        "UPDATE journal SET records = CAST(x'ff' || records AS BLOB)",
    )
    .await;
    drop(store);
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(
        error.to_string().contains("`journal.records` does not read"),
        "{error}"
    );
}
