//! The journal's records: what each commit did to what is [young](super::young).
//!
//! A journal written by one build is read by the next, so a record only ever gains variants at the end.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};

use super::young::YoungMessage;
use crate::{
    codec::Codec,
    store::{
        Failure, InstanceId, InstanceRow, NewMessage, Seq, Wait,
        row::{RowError, micros, micros_up, read_envelope, time, unreadable, write_head},
    },
};

/// What happened. The same for what is written, which borrows, and for what is read, which owns.
#[derive(Serialize, Deserialize)]
pub(super) enum Entry<Message, Instance, Id> {
    /// A message came to be, held by this process.
    Born(Message),
    /// It was dealt with, or has a row of its own now.
    Gone(Seq),
    /// An instance started or advanced.
    Put(Instance),
    /// It ended.
    Ended(Id),
}

/// An entry as it is read.
pub(super) type Record = Entry<MessageRecord, InstanceRecord, InstanceId>;

/// An entry as it is written.
type RecordRef<'a> = Entry<MessageRef<'a>, InstanceRef<'a>, &'a InstanceId>;

#[derive(Serialize)]
pub(super) struct MessageRef<'a> {
    seq: Seq,
    queue: &'a str,
    consumer: Option<&'a str>,
    wait: Wait,
    accepted_at: i64,
    attempts: u32,
    history: &'a [Failure],
    head: Blob<'a>,
    body: Blob<'a>,
}

/// Reads what [`MessageRef`] wrote.
#[derive(Deserialize)]
pub(super) struct MessageRecord {
    pub(super) seq: Seq,
    queue: Arc<str>,
    consumer: Option<Arc<str>>,
    wait: Wait,
    accepted_at: i64,
    attempts: u32,
    history: Vec<Failure>,
    head: Bytes,
    body: Bytes,
}

#[derive(Serialize)]
pub(super) struct InstanceRef<'a> {
    id: &'a InstanceId,
    incarnation: u64,
    version: u64,
    state: &'a str,
    saga_version: u32,
    content_type: Codec,
    data: Blob<'a>,
    book: Blob<'a>,
    due: Option<i64>,
    parked: Option<&'a str>,
    created_at: i64,
    updated_at: i64,
}

/// Reads what [`InstanceRef`] wrote.
#[derive(Deserialize)]
pub(super) struct InstanceRecord {
    id: InstanceId,
    incarnation: u64,
    version: u64,
    state: Arc<str>,
    saga_version: u32,
    content_type: Codec,
    data: Bytes,
    book: Bytes,
    due: Option<i64>,
    parked: Option<Arc<str>>,
    created_at: i64,
    updated_at: i64,
}

/// Bytes that are written as such, not one by one.
struct Blob<'a>(&'a [u8]);

impl Serialize for Blob<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// The records of one transaction, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    head: Vec<u8>,
}

impl Records {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(super) fn born(&mut self, seq: Seq, young: &YoungMessage) -> Result<(), RowError> {
        let mut head = std::mem::take(&mut self.head);
        write_head(&young.message.envelope, &mut head)?;
        let message = &young.message;
        let written = self.write(&Entry::Born(MessageRef {
            seq,
            queue: &message.queue,
            consumer: message.consumer.as_deref(),
            wait: message.wait,
            accepted_at: young.accepted_at,
            attempts: message.attempts,
            history: &message.history,
            head: Blob(&head),
            body: Blob(&message.envelope.body),
        }));
        self.head = head;
        written
    }

    pub(super) fn gone(&mut self, seq: Seq) -> Result<(), RowError> {
        self.write(&Entry::Gone(seq))
    }

    pub(super) fn put(&mut self, row: &InstanceRow) -> Result<(), RowError> {
        self.write(&Entry::Put(InstanceRef {
            id: &row.id,
            incarnation: row.incarnation,
            version: row.version,
            state: &row.state,
            saga_version: row.saga_version,
            content_type: row.content_type,
            data: Blob(&row.data),
            book: Blob(&row.book),
            due: row.due.map(micros_up),
            parked: row.parked.as_deref(),
            created_at: micros(row.created_at),
            updated_at: micros(row.updated_at),
        }))
    }

    pub(super) fn ended(&mut self, id: &InstanceId) -> Result<(), RowError> {
        self.write(&Entry::Ended(id))
    }

    fn write(&mut self, record: &RecordRef<'_>) -> Result<(), RowError> {
        self.bytes = postcard::to_extend(record, std::mem::take(&mut self.bytes))?;
        Ok(())
    }
}

impl Record {
    /// Reads the first record off `bytes`.
    pub(super) fn read(bytes: &mut &[u8]) -> Result<Self, RowError> {
        let (record, rest) =
            postcard::take_from_bytes(bytes).map_err(|error| unreadable("`journal.records`", error))?;
        *bytes = rest;
        Ok(record)
    }
}

impl MessageRecord {
    pub(super) fn into_young(self) -> Result<YoungMessage, RowError> {
        Ok(YoungMessage {
            message: NewMessage {
                envelope: Arc::new(read_envelope(&self.head, &self.body)?),
                queue: self.queue,
                consumer: self.consumer,
                claimed: true,
                wait: self.wait,
                due: None,
                attempts: self.attempts,
                history: self.history,
                instance: None,
            },
            accepted_at: self.accepted_at,
        })
    }
}

impl InstanceRecord {
    pub(super) fn into_row(self) -> InstanceRow {
        InstanceRow {
            id: self.id,
            incarnation: self.incarnation,
            version: self.version,
            state: self.state,
            saga_version: self.saga_version,
            content_type: self.content_type,
            data: self.data,
            book: self.book,
            due: self.due.map(time),
            parked: self.parked,
            created_at: time(self.created_at),
            updated_at: time(self.updated_at),
        }
    }
}
