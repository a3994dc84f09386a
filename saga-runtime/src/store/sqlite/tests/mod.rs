//! What is particular to this backend; the guarantees of every store are tested by the conformance suite.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure is the test's verdict"
)]

use std::{
    collections::BTreeSet,
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
    Timestamp,
    clock::ManualClock,
    codec::Codec,
    dead_letter::{DeadLetter, DeadLetterFilter, DeadMessage, Reason},
    envelope::{Envelope, MessageId},
    limits::Limits,
    message::MessageKind,
    store::{
        Change, Claim, Failure, Found, InboxEntry, InstanceChange, InstanceFilter, InstanceId, InstanceRow,
        KnownMessage, KnownSaga, NewMessage, Park, Source, Tombstone, Wait,
    },
};

mod commits;
mod faults;
mod keys;
mod messages;
mod young;

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
        let known = messages.iter().map(|&name| KnownMessage {
            name: name.into(),
            version: 9,
            queue: "shop".into(),
            consumer: "Fulfilment".into(),
        });
        let saga = KnownSaga {
            name: "Fulfilment".into(),
            version: 3,
            states: BTreeSet::from(["Open".into()]),
        };
        let catalog = Catalog {
            messages: known.collect(),
            sagas: vec![saga],
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
