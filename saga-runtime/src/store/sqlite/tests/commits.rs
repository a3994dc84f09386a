//! How units share a transaction.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_share_a_transaction() {
    let store = Arc::new(Fixture::new().open().await);
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commits);
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let blocker = Arc::clone(&store);
    let blocked = tokio::spawn(async move {
        let hook = move |db: &mut Database| {
            begin.send(()).unwrap();
            held.recv().unwrap();
            let count = move || {
                counter.fetch_add(1, Ordering::Relaxed);
                false
            };
            db.connection.commit_hook(Some(count)).unwrap();
            Ok(())
        };
        blocker.writer.run(hook).await.unwrap();
    });
    begun.await.unwrap();
    let callers: Vec<_> = (0..20)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { apply(&store, put(&n.to_string(), None)).await })
        })
        .collect();
    while store.writer.waiting() < 20 {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    blocked.await.unwrap();
    for caller in callers {
        assert!(is_applied(&caller.await.unwrap()));
    }
    assert_eq!(commits.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_unit_that_conflicts_leaves_no_trace_while_others_apply() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    assert!(is_applied(&apply(&store, put("a", None)).await));
    let conflicting = Unit {
        out: vec![message("Lost")],
        ..put("a", Some(7))
    };
    let outcomes = store
        .commit(vec![
            put("b", None),
            conflicting,
            put("a", Some(1)),
            put("a", None),
        ])
        .await
        .unwrap();
    assert!(is_applied(&outcomes[0]) && is_applied(&outcomes[2]));
    assert_eq!(
        (&outcomes[1], &outcomes[3]),
        (&Outcome::Conflict, &Outcome::Conflict)
    );
    assert_eq!(find(&store, "a").await, Found::Live(row("a", 2)));
    assert_eq!(find(&store, "b").await, Found::Live(row("b", 1)));
    assert_eq!(number(&store, "SELECT count(*) FROM message").await, 0);
}

#[tokio::test]
async fn a_unit_the_database_refuses_is_rejected_and_the_rest_applies() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    sql(
        &store,
        "CREATE TEMP TRIGGER refuse_row BEFORE INSERT ON message WHEN new.queue = 'bad' \
         BEGIN SELECT raise(ABORT, 'no such goods'); END; \
         CREATE TEMP TRIGGER refuse_record BEFORE INSERT ON journal WHEN instr(new.records, x'626164') > 0 \
         BEGIN SELECT raise(ABORT, 'no such goods'); END",
    )
    .await;
    let refused = |key, claimed| Unit {
        out: vec![
            message("Good"),
            NewMessage {
                queue: "bad".into(),
                claimed,
                ..message("Bad")
            },
        ],
        ..put(key, None)
    };
    let outcomes = store
        .commit(vec![
            put("a", None),
            refused("b", false),
            refused("d", true),
            put("c", None),
        ])
        .await
        .unwrap();
    assert!(is_applied(&outcomes[0]) && is_applied(&outcomes[3]));
    for outcome in &outcomes[1..3] {
        assert!(matches!(outcome, Outcome::Rejected(why) if why.contains("no such goods")));
    }
    assert_eq!(find(&store, "d").await, Found::Absent);
    assert_eq!(find(&store, "b").await, Found::Absent);
    assert_eq!(find(&store, "c").await, Found::Live(row("c", 1)));
    assert_eq!(number(&store, "SELECT count(*) FROM message").await, 0);
    // What was remembered of the rolled back attempt is gone as well.
    assert!(is_applied(&apply(&store, put("b", None)).await));
}
