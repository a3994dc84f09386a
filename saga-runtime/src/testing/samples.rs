//! Messages and instances to test with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    codec::Codec,
    dead_letter::{DeadLetter, DeadMessage, Reason},
    envelope::{Address, Envelope, InstanceAddress, MessageId},
    message::MessageKind,
    store::{
        Catalog, Change, Failure, InboxEntry, InstanceChange, InstanceId, InstanceRow, KnownSaga, NewMessage,
        Park, Seq, Stored, Tombstone, Unit, Wait,
    },
};

/// A build that opens the instances that are made here.
pub(crate) fn catalog() -> Catalog {
    let (name, states) = ("Fulfilment".into(), BTreeSet::from(["AwaitingBill".into()]));
    Catalog {
        sagas: vec![KnownSaga {
            name,
            version: 4,
            states,
        }],
        ..Catalog::default()
    }
}

/// The time at which every test begins.
pub(crate) fn beginning() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// A command that carries something in every field.
pub(crate) fn envelope(name: &str) -> Arc<Envelope> {
    with_body(name, Bytes::from_static(br#"{"order_id":7}"#))
}

pub(crate) fn with_body(name: &str, body: Bytes) -> Arc<Envelope> {
    Arc::new(Envelope {
        id: MessageId::random(),
        kind: MessageKind::Command,
        name: name.into(),
        version: 2,
        content_type: Codec::Json,
        created_at: beginning(),
        conversation: MessageId::random(),
        caused_by: Some(MessageId::random()),
        reply_to: Some(Address {
            queue: "sales.replies".into(),
            instance: Some(InstanceAddress {
                saga: "Fulfilment".into(),
                key: "tenant/ünïcode 7".into(),
                incarnation: 3,
            }),
        }),
        in_reply_to: None,
        to: None,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        headers: BTreeMap::from([("tenant".to_owned(), "acme".to_owned())]),
        body,
    })
}

/// A message for `queue`, assigned to nobody yet.
pub(crate) fn message(queue: &str) -> NewMessage {
    carrying(envelope("BillOrder"), queue)
}

pub(crate) fn carrying(envelope: Arc<Envelope>, queue: &str) -> NewMessage {
    NewMessage {
        envelope,
        queue: queue.into(),
        consumer: None,
        claimed: false,
        wait: Wait::Ready,
        due: None,
        attempts: 0,
        history: Vec::new(),
        instance: None,
    }
}

/// Lets a claimed message be ready again at once.
pub(crate) fn park(stored: &Stored) -> Park {
    Park {
        seq: stored.seq,
        wait: Wait::Ready,
        due: None,
        attempts: stored.attempts,
        crashes: stored.crashes,
        history: stored.history.clone(),
        instance: None,
        keep: false,
    }
}

pub(crate) fn failure() -> Failure {
    Failure {
        at: beginning(),
        error: "the gateway was closed".into(),
    }
}

pub(crate) fn instance_id(key: &str) -> InstanceId {
    InstanceId {
        saga: "Fulfilment".into(),
        key: key.into(),
    }
}

pub(crate) fn instance(key: &str, version: u64) -> InstanceRow {
    InstanceRow {
        id: instance_id(key),
        incarnation: 1,
        version,
        state: "AwaitingBill".into(),
        saga_version: 4,
        content_type: Codec::Json,
        data: Bytes::from_static(b"{}"),
        book: Bytes::from_static(b"book \0 of the engine"),
        due: None,
        parked: None,
        created_at: beginning(),
        updated_at: beginning(),
    }
}

pub(crate) fn tombstone(key: &str, finished_at: Timestamp) -> Tombstone {
    Tombstone {
        id: instance_id(key),
        incarnation: 1,
        book: Bytes::from_static(b"answers \0 given"),
        created_at: beginning(),
        finished_at,
    }
}

pub(crate) fn entry(consumer: &str, id: MessageId) -> InboxEntry {
    InboxEntry {
        consumer: consumer.into(),
        id,
    }
}

pub(crate) fn dead_letter(name: &str, queue: &str, reason: Reason) -> DeadLetter {
    DeadLetter {
        message: DeadMessage::Envelope(envelope(name)),
        queue: queue.into(),
        consumer: Some("BillingDesk".into()),
        reason,
        detail: "Fulfilment took no BillOrder in AwaitingLabel".into(),
        history: vec![failure()],
        at: beginning(),
    }
}

/// The unit that creates an instance.
pub(crate) fn start(row: InstanceRow) -> Unit {
    changing(row.id.clone(), None, Change::Put(row))
}

/// The unit that takes an instance from the version before to `row`.
pub(crate) fn step(row: InstanceRow) -> Unit {
    changing(row.id.clone(), Some(row.version - 1), Change::Put(row))
}

/// The unit that finishes an instance.
pub(crate) fn finish(expect: Option<u64>, tombstone: Tombstone) -> Unit {
    changing(tombstone.id.clone(), expect, Change::Finish(tombstone))
}

pub(crate) fn changing(id: InstanceId, expect: Option<u64>, change: Change) -> Unit {
    Unit {
        instance: Some(InstanceChange { id, expect, change }),
        ..Unit::default()
    }
}

/// The unit that puts messages there.
pub(crate) fn put(messages: impl IntoIterator<Item = NewMessage>) -> Unit {
    Unit {
        out: messages.into_iter().collect(),
        ..Unit::default()
    }
}

/// The unit that finishes messages.
pub(crate) fn consume(rows: impl IntoIterator<Item = Seq>) -> Unit {
    Unit {
        consumed: rows.into_iter().collect(),
        ..Unit::default()
    }
}

/// The unit that parks a message.
pub(crate) fn parking(park: Park) -> Unit {
    Unit {
        park: vec![park],
        ..Unit::default()
    }
}

/// The unit that records an id.
pub(crate) fn recording(entry: InboxEntry) -> Unit {
    Unit {
        inbox: vec![entry],
        ..Unit::default()
    }
}

/// The unit that sets messages aside.
pub(crate) fn burying(dead: impl IntoIterator<Item = DeadLetter>) -> Unit {
    Unit {
        dead: dead.into_iter().collect(),
        ..Unit::default()
    }
}
