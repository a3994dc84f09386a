//! How instances are found, timed and forgotten.

use super::*;

#[tokio::test]
async fn instances_are_found_while_and_after_the_key_index_is_written_and_after_a_restart() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let keys: Vec<String> = (0..2_000).map(|n| format!("order-{n}")).collect();
    for chunk in keys.chunks(50) {
        let units = chunk.iter().map(|key| put(key, None)).collect();
        assert!(store.commit(units).await.unwrap().iter().all(is_applied));
        assert!(matches!(find(&store, &chunk[0]).await, Found::Live(_)));
        assert!(matches!(find(&store, "order-0").await, Found::Live(_)));
    }
    for key in keys.iter().step_by(2) {
        assert!(is_applied(
            &apply(&store, finish(key, Timestamp::UNIX_EPOCH)).await
        ));
    }
    let indexed = number(&store, "SELECT count(*) FROM key_index").await;
    assert!(indexed > 1_500, "{indexed} of 2000");
    assert!(number(&store, "SELECT value FROM meta WHERE name = 'indexed_up_to'").await > 1_000);
    drop(store);

    let store = fixture.open().await;
    for (n, key) in keys.iter().enumerate() {
        let found = find(&store, key).await;
        assert_eq!(matches!(found, Found::Finished(_)), n % 2 == 0, "{key}");
        assert_eq!(matches!(found, Found::Live(_)), n % 2 == 1, "{key}");
        assert_eq!(apply(&store, put(key, None)).await, Outcome::Conflict);
    }
}

#[tokio::test]
async fn a_hash_shared_by_two_keys_finds_the_right_one() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    apply(&store, put("a", None)).await;
    store
        .write("share a hash", |db| {
            let hash = db.keys.hash_of(&id("b"));
            db.connection
                .execute("INSERT INTO key_index SELECT ?, n FROM instance", [hash])
        })
        .await
        .unwrap();
    assert_eq!(find(&store, "b").await, Found::Absent);
    assert_eq!(apply(&store, put("b", Some(1))).await, Outcome::Conflict);
    assert!(is_applied(&apply(&store, put("b", None)).await));
    assert_eq!(find(&store, "a").await, Found::Live(row("a", 1)));
    assert_eq!(find(&store, "b").await, Found::Live(row("b", 1)));
}

#[tokio::test]
async fn a_key_can_be_used_again_before_its_old_tombstone_is_collected_but_past_its_retention() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    apply(&store, put("a", None)).await;
    apply(&store, finish("a", Timestamp::UNIX_EPOCH)).await;
    assert_eq!(apply(&store, put("a", None)).await, Outcome::Conflict);
    fixture.clock.advance(Duration::from_secs(24 * 3_600 + 1));
    assert!(is_applied(&apply(&store, put("a", None)).await));
    assert_eq!(number(&store, "SELECT count(*) FROM finished").await, 0);
}

#[tokio::test]
async fn garbage_goes_in_bounded_chunks_once_its_retention_is_over() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let keys: Vec<String> = (0..1_500).map(|n| n.to_string()).collect();
    store
        .commit(keys.iter().map(|key| put(key, None)).collect())
        .await
        .unwrap();
    store
        .commit(
            keys.iter()
                .map(|key| finish(key, Timestamp::UNIX_EPOCH))
                .collect(),
        )
        .await
        .unwrap();
    let entry = InboxEntry {
        consumer: "Billing".into(),
        id: MessageId::random(),
    };
    let recorded = Unit {
        inbox: vec![entry],
        ..Unit::default()
    };
    assert!(is_applied(&apply(&store, recorded.clone()).await));
    assert_eq!(apply(&store, recorded.clone()).await, Outcome::Duplicate);
    assert_eq!(store.beat().await.unwrap(), Beat::default());

    fixture.clock.advance(Duration::from_secs(24 * 3_600 + 1));
    assert_eq!(find(&store, "7").await, Found::Absent, "past its retention");
    let first = store.beat().await.unwrap();
    assert_eq!((first.collected, first.more), (1_001, true));
    let second = store.beat().await.unwrap();
    assert_eq!((second.collected, second.more), (500, false));
    assert_eq!(number(&store, "SELECT count(*) FROM key_index").await, 0);
    assert!(is_applied(&apply(&store, recorded).await));
    assert!(is_applied(&apply(&store, put("7", None)).await));
}

#[tokio::test]
async fn timers_are_named_when_due_and_listed_before() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let at = |seconds| Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
    for (key, seconds) in [("late", 30), ("early", 10), ("next", 20)] {
        let mut unit = put(key, None);
        if let Some(InstanceChange {
            change: Change::Put(row),
            ..
        }) = &mut unit.instance
        {
            row.due = Some(at(seconds));
        }
        apply(&store, unit).await;
    }
    let filter = InstanceFilter {
        with_timer: true,
        ..InstanceFilter::default()
    };
    let listed = store.inspect().instances(filter).await.unwrap();
    let keys: Vec<&str> = listed.iter().map(|row| &*row.id.key).collect();
    assert_eq!(keys, ["early", "next", "late"]);
    fixture.clock.advance(Duration::from_secs(20));
    let want = |timers| Want {
        timers,
        ..Want::default()
    };
    let taken = store.take(want(8)).await.unwrap();
    assert_eq!(taken.timers, [(id("early"), at(10)), (id("next"), at(20))]);
    assert_eq!(taken.next_due, Some(at(30)));
    assert_eq!(store.take(want(1)).await.unwrap().next_due, Some(at(20)));
}
