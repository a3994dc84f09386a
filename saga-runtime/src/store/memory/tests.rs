//! What is particular to this store: it forgets what would not fit.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use super::*;
use crate::{
    clock::ManualClock,
    envelope::MessageId,
    limits::Limits,
    store::{Change, Found, InboxEntry, InstanceChange, InstanceId, Tombstone},
};

fn id(key: &str) -> InstanceId {
    InstanceId {
        saga: "Fulfilment".into(),
        key: key.into(),
    }
}

fn finishing(key: &str, entry: &InboxEntry) -> Unit {
    let tombstone = Tombstone {
        id: id(key),
        incarnation: 1,
        book: bytes::Bytes::new(),
        created_at: Timestamp::UNIX_EPOCH,
        finished_at: Timestamp::UNIX_EPOCH,
    };
    Unit {
        instance: Some(InstanceChange {
            id: id(key),
            expect: None,
            change: Change::Finish(tombstone),
        }),
        inbox: vec![entry.clone()],
        ..Unit::default()
    }
}

#[tokio::test]
async fn tombstones_and_ids_past_the_bound_are_forgotten_oldest_first() {
    let store = Memory::new();
    let node = Node {
        id: MessageId::random(),
        clock: Arc::new(ManualClock::default()),
        limits: Limits {
            memory_tombstones: 2,
            ..Limits::default()
        },
    };
    store.open(&node, &Catalog::default()).await.unwrap();
    let entries = ["a", "b", "c"].map(|consumer| InboxEntry {
        consumer: consumer.into(),
        id: MessageId::random(),
    });
    for entry in &entries {
        let outcomes = store
            .commit(vec![finishing(&entry.consumer, entry)])
            .await
            .unwrap();
        assert!(matches!(outcomes[0], Outcome::Applied { .. }));
    }
    let want = Want {
        instances: ["a", "b", "c"].map(id).to_vec(),
        inbox: entries.to_vec(),
        ..Want::default()
    };
    let taken = store.take(want).await.unwrap();
    assert_eq!(taken.instances[0], Found::Absent);
    assert!(matches!(
        taken.instances[1..],
        [Found::Finished(_), Found::Finished(_)]
    ));
    assert_eq!(taken.known, [false, true, true]);
}

#[tokio::test]
async fn a_store_that_was_not_opened_says_so() {
    let error = Memory::new().take(Want::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Setup);
}

#[tokio::test]
async fn a_store_that_was_closed_says_so() {
    let store = Memory::new();
    let node = Node {
        id: MessageId::random(),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
    };
    store.open(&node, &Catalog::default()).await.unwrap();
    store.close().await.unwrap();
    let error = store.take(Want::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}
