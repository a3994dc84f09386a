//! What is particular to this backend; the guarantees of every store are tested by the conformance suite.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure is the test's verdict"
)]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;

use super::*;
use crate::{
    ErrorKind, Timestamp,
    clock::ManualClock,
    codec::Codec,
    dead_letter::{DeadLetter, DeadLetterFilter, DeadMessage, Reason},
    envelope::{Envelope, MessageId},
    limits::Limits,
    message::MessageKind,
    store::{
        Change, Claim, Failure, Found, InboxEntry, InstanceChange, InstanceFilter, InstanceId, InstanceRow,
        NewMessage, Park, Source, Tombstone, Wait,
    },
};

/// A store in a directory that goes with it.
struct Fixture {
    directory: tempfile::TempDir,
    clock: ManualClock,
}

impl Fixture {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            clock: ManualClock::default(),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("test.db")
    }

    async fn open(&self) -> Sqlite {
        self.open_knowing(&[]).await
    }

    async fn open_knowing(&self, messages: &[&str]) -> Sqlite {
        let store = Sqlite::open(self.path()).await.unwrap();
        let node = Node {
            id: MessageId::random(),
            clock: Arc::new(self.clock.clone()),
            limits: Limits::default(),
        };
        let catalog = Catalog {
            messages: messages.iter().map(|name| (*name).into()).collect(),
            ..Catalog::default()
        };
        Store::open(&store, &node, &catalog).await.unwrap();
        store
    }
}

fn id(key: &str) -> InstanceId {
    InstanceId {
        saga: "Fulfilment".into(),
        key: key.into(),
    }
}

fn row(key: &str, version: u64) -> InstanceRow {
    InstanceRow {
        id: id(key),
        incarnation: 1,
        version,
        state: "Open".into(),
        saga_version: 3,
        content_type: Codec::Postcard,
        data: Bytes::from_static(b"data"),
        book: Bytes::from_static(b"book"),
        due: None,
        parked: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn put(key: &str, expect: Option<u64>) -> Unit {
    Unit {
        instance: Some(InstanceChange {
            id: id(key),
            expect,
            change: Change::Put(row(key, expect.unwrap_or(0) + 1)),
        }),
        ..Unit::default()
    }
}

fn finish(key: &str, at: Timestamp) -> Unit {
    let tombstone = Tombstone {
        id: id(key),
        incarnation: 1,
        book: Bytes::from_static(b"end"),
        created_at: Timestamp::UNIX_EPOCH,
        finished_at: at,
    };
    Unit {
        instance: Some(InstanceChange {
            id: id(key),
            expect: Some(1),
            change: Change::Finish(tombstone),
        }),
        ..Unit::default()
    }
}

fn envelope(name: &str) -> Arc<Envelope> {
    Arc::new(Envelope {
        id: MessageId::random(),
        kind: MessageKind::Command,
        name: name.into(),
        version: 2,
        content_type: Codec::Json,
        created_at: Timestamp::new(1_234_567, 891_234_000).unwrap(),
        conversation: MessageId::random(),
        caused_by: None,
        reply_to: None,
        in_reply_to: None,
        to: None,
        traceparent: Some("00-1-2-01".into()),
        headers: [("tenant".to_owned(), "7".to_owned())].into(),
        body: Bytes::from_static(b"{}"),
    })
}

fn message(name: &str) -> NewMessage {
    NewMessage {
        envelope: envelope(name),
        queue: "shop".into(),
        consumer: Some("Fulfilment".into()),
        claimed: false,
        wait: Wait::Ready,
        due: None,
        attempts: 0,
        history: Vec::new(),
        instance: None,
    }
}

fn sends(message: NewMessage) -> Unit {
    Unit {
        out: vec![message],
        ..Unit::default()
    }
}

fn claim() -> Want {
    Want {
        claims: vec![Claim {
            queue: "shop".into(),
            consumer: Some("Fulfilment".into()),
            limit: 10,
        }],
        max_bytes: 1_000,
        ..Want::default()
    }
}

async fn apply(store: &Sqlite, unit: Unit) -> Outcome {
    store.commit(vec![unit]).await.unwrap().remove(0)
}

async fn find(store: &Sqlite, key: &str) -> Found {
    store.inspect().instance(id(key)).await.unwrap()
}

fn is_applied(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied { .. })
}

async fn sql(store: &Sqlite, text: &'static str) {
    store
        .writer
        .run(move |db| {
            db.connection.execute_batch(text).unwrap();
            Ok(())
        })
        .await
        .unwrap();
}

async fn number(store: &Sqlite, text: &'static str) -> i64 {
    store
        .read("count", move |connection| {
            connection.query_row(text, [], |row| row.get(0))
        })
        .await
        .unwrap()
}

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
        "CREATE TEMP TRIGGER refuse BEFORE INSERT ON message WHEN new.queue = 'bad' \
         BEGIN SELECT raise(ABORT, 'no such goods'); END",
    )
    .await;
    let refused = Unit {
        out: vec![
            message("Good"),
            NewMessage {
                queue: "bad".into(),
                claimed: true,
                ..message("Bad")
            },
        ],
        ..put("b", None)
    };
    let outcomes = store
        .commit(vec![put("a", None), refused, put("c", None)])
        .await
        .unwrap();
    assert!(is_applied(&outcomes[0]) && is_applied(&outcomes[2]));
    assert!(matches!(&outcomes[1], Outcome::Rejected(why) if why.contains("no such goods")));
    assert_eq!(find(&store, "b").await, Found::Absent);
    assert_eq!(find(&store, "c").await, Found::Live(row("c", 1)));
    assert_eq!(number(&store, "SELECT count(*) FROM message").await, 0);
    // What was remembered of the rolled back attempt is gone as well.
    assert!(is_applied(&apply(&store, put("b", None)).await));
}

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
async fn a_file_that_is_no_database_is_called_corrupt_with_its_path() {
    let fixture = Fixture::new();
    std::fs::write(fixture.path(), vec![b'x'; 10_000]).unwrap();
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("test.db"), "{error}");
}

#[tokio::test]
async fn a_page_overwritten_behind_our_back_is_an_error_and_no_panic() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let units = (0..500).map(|n| put(&n.to_string(), None)).collect();
    store.commit(units).await.unwrap();
    store.close().await.unwrap();
    let mut bytes = std::fs::read(fixture.path()).unwrap();
    bytes[4_096 * 2..].fill(0x5a);
    std::fs::write(fixture.path(), bytes).unwrap();
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[tokio::test]
async fn tables_of_a_newer_build_are_left_alone() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    sql(&store, "PRAGMA user_version = 99").await;
    drop(store);
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let error = Sqlite::open(Path::new("/nowhere/at/all.db")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Setup);
    assert!(error.to_string().contains("/nowhere/at/all.db"), "{error}");
}

#[tokio::test]
async fn a_second_holder_of_the_file_is_told_until_the_first_lets_go() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let error = Sqlite::open(fixture.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.to_string().contains("test.db.lock"), "{error}");
    store.close().await.unwrap();
    assert_eq!(store.beat().await.unwrap_err().kind(), ErrorKind::Closed);
    fixture.open().await;
}

#[tokio::test]
async fn a_full_disk_is_an_error_that_applies_nothing_and_passes() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    sql(&store, "PRAGMA max_page_count = 20").await;
    let big = |key: &str| {
        let mut unit = put(key, None);
        if let Some(InstanceChange {
            change: Change::Put(row),
            ..
        }) = &mut unit.instance
        {
            row.data = vec![7; 100_000].into();
        }
        unit
    };
    let error = store.commit(vec![put("a", None), big("b")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert!(error.is_retryable());
    assert_eq!(find(&store, "a").await, Found::Absent);
    sql(&store, "PRAGMA max_page_count = 1000").await;
    assert!(
        store
            .commit(vec![put("a", None), big("b")])
            .await
            .unwrap()
            .iter()
            .all(is_applied)
    );
}

#[tokio::test]
async fn a_file_another_program_writes_to_is_unavailable_for_the_time() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    sql(&store, "PRAGMA busy_timeout = 0").await;
    let other = Connection::open(fixture.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit(vec![put("a", None)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    other.execute_batch("ROLLBACK").unwrap();
    assert!(is_applied(&apply(&store, put("a", None)).await));
}

#[tokio::test]
async fn what_a_dead_process_had_claimed_is_suspect_and_what_a_closed_one_gave_back_is_not() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    apply(&store, sends(message("PlaceOrder"))).await;
    assert_eq!(store.take(claim()).await.unwrap().messages.len(), 1);
    assert!(store.take(claim()).await.unwrap().messages.is_empty());
    store.close().await.unwrap();

    let store = fixture.open().await;
    assert!(!store.take(claim()).await.unwrap().messages[0].suspect);
    drop(store);

    let store = fixture.open().await;
    let taken = store.take(claim()).await.unwrap();
    assert!(taken.messages[0].suspect);
    let counted = Park {
        seq: taken.messages[0].seq,
        wait: Wait::Ready,
        due: None,
        attempts: 0,
        crashes: 1,
        history: Vec::new(),
        instance: None,
        keep: true,
    };
    let unit = Unit {
        park: vec![counted],
        ..Unit::default()
    };
    assert!(is_applied(&apply(&store, unit).await));
    drop(store);

    let store = fixture.open().await;
    let taken = store.take(claim()).await.unwrap();
    assert_eq!((taken.messages[0].suspect, taken.messages[0].crashes), (true, 1));
}

#[tokio::test]
async fn a_message_reads_back_as_it_was_written() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let sent = NewMessage {
        attempts: 2,
        history: vec![Failure {
            at: Timestamp::new(5, 7).unwrap(),
            error: "refused".into(),
        }],
        ..message("PlaceOrder")
    };
    let Outcome::Applied { born } = apply(&store, sends(sent.clone())).await else {
        panic!("not applied");
    };
    let taken = store.take(claim()).await.unwrap();
    let read = &taken.messages[0];
    assert_eq!(read.seq, born[0]);
    assert_eq!(read.envelope, sent.envelope);
    assert_eq!((&read.queue, &read.consumer), (&sent.queue, &sent.consumer));
    assert_eq!((read.attempts, &read.history), (2, &sent.history));
    let source = Source {
        queue: "shop".into(),
        consumer: "Fulfilment".into(),
    };
    let oldest = Want {
        oldest: vec![source],
        ..Want::default()
    };
    let oldest = store.take(oldest).await.unwrap().oldest;
    assert_eq!(oldest, [Some(Timestamp::UNIX_EPOCH)], "claimed ones count");
}

#[tokio::test]
async fn a_type_that_was_unknown_is_ready_when_a_build_knows_it() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let later = Timestamp::UNIX_EPOCH + Duration::from_secs(600);
    for name in ["New", "Newer"] {
        let waiting = NewMessage {
            wait: Wait::Unknown,
            due: Some(later),
            ..message(name)
        };
        apply(&store, sends(waiting)).await;
    }
    let taken = store.take(claim()).await.unwrap();
    assert!(taken.messages.is_empty());
    assert_eq!(taken.next_due, Some(later));
    store.close().await.unwrap();

    let store = fixture.open_knowing(&["New"]).await;
    let names = |taken: &Taken| -> Vec<String> {
        taken
            .messages
            .iter()
            .map(|message| message.envelope.name.to_string())
            .collect()
    };
    assert_eq!(names(&store.take(claim()).await.unwrap()), ["New"]);
    fixture.clock.advance(Duration::from_secs(600));
    assert_eq!(
        names(&store.take(claim()).await.unwrap()),
        ["Newer"],
        "its wait is over"
    );
}

#[tokio::test]
async fn the_commit_that_creates_an_instance_releases_its_waiting_messages_and_wakes() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let waiting = || NewMessage {
        wait: Wait::Absent,
        due: Some(Timestamp::UNIX_EPOCH + Duration::from_secs(60)),
        instance: Some(id("a")),
        ..message("Paid")
    };
    apply(&store, sends(waiting())).await;
    assert!(store.take(claim()).await.unwrap().messages.is_empty());
    let woken = store.woken();
    apply(&store, put("a", None)).await;
    woken.await;
    assert_eq!(store.take(claim()).await.unwrap().messages.len(), 1);
    // And one that comes too late to be released need not wait.
    apply(&store, sends(waiting())).await;
    assert_eq!(store.take(claim()).await.unwrap().messages.len(), 1);
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
async fn a_dead_letter_is_replayed_under_its_own_id_and_raw_bytes_stay() {
    let fixture = Fixture::new();
    let store = fixture.open().await;
    let letter = |message| DeadLetter {
        message,
        queue: "shop".into(),
        consumer: Some("Fulfilment".into()),
        reason: Reason::HandlerFailed,
        detail: "it failed".into(),
        history: Vec::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    let envelope = envelope("PlaceOrder");
    let raw = DeadMessage::Raw {
        headers: vec![],
        body: Bytes::from_static(b"?"),
    };
    let unit = Unit {
        dead: vec![letter(DeadMessage::Envelope(Arc::clone(&envelope))), letter(raw)],
        ..Unit::default()
    };
    apply(&store, unit).await;
    let filter = DeadLetterFilter {
        reason: Some(Reason::HandlerFailed),
        ..DeadLetterFilter::default()
    };
    let ids = store.inspect().dead_letters(filter).await.unwrap();
    let ids = ids.iter().map(|stored| stored.id).collect();
    assert_eq!(store.inspect().replay(ids).await.unwrap(), 1);
    assert_eq!(store.take(claim()).await.unwrap().messages[0].envelope, envelope);
    assert_eq!(store.inspect().dead_letter_counts().await.unwrap()[""], 1);
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
