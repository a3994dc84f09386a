//! How values stand in the columns of a database: times as microseconds, enums as small numbers, an envelope's head as
//! one blob.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    codec::Codec,
    dead_letter::DeadLetter,
    envelope::{Address, Envelope, InstanceAddress, MessageId},
    message::MessageKind,
    store::{Failure, Wait},
};

/// What does not read as it was written, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    #[error("{what} does not read: {why}")]
    Unreadable { what: &'static str, why: String },
    #[error("a value cannot be written: {0}")]
    Unwritable(#[from] postcard::Error),
}

type Result<T> = std::result::Result<T, RowError>;

/// A stored value that does not read.
pub(super) fn unreadable(what: &'static str, why: impl std::fmt::Display) -> RowError {
    RowError::Unreadable {
        what,
        why: why.to_string(),
    }
}

/// A point in time, in whole microseconds since 1970.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A deadline, rounded up so that it is never early.
pub(super) fn micros_up(time: Timestamp) -> i64 {
    let micros = time.as_microsecond();
    let beyond = time.subsec_nanosecond() % 1_000 != 0 && time.subsec_nanosecond() > 0;
    micros.saturating_add(i64::from(beyond))
}

/// The time that [`micros`] wrote.
pub(super) fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// The number of a reason to wait.
pub(super) fn wait_code(wait: Wait) -> i64 {
    match wait {
        Wait::Ready => 0,
        Wait::Retry => 1,
        Wait::Absent => 2,
        Wait::Unknown => 3,
        // As in `free_place!`.
        Wait::Relay => 4,
    }
}

/// The reason to wait with this number.
pub(super) fn wait_of(code: i64) -> Result<Wait> {
    [Wait::Ready, Wait::Retry, Wait::Absent, Wait::Unknown, Wait::Relay]
        .into_iter()
        .find(|wait| wait_code(*wait) == code)
        .ok_or_else(|| unreadable("`message.wait`", code))
}

/// The number of a codec.
pub(super) fn codec_code(codec: Codec) -> i64 {
    match codec {
        Codec::Json => 0,
        Codec::Postcard => 1,
    }
}

/// The codec with this number.
pub(super) fn codec_of(code: i64) -> Result<Codec> {
    [Codec::Json, Codec::Postcard]
        .into_iter()
        .find(|codec| codec_code(*codec) == code)
        .ok_or_else(|| unreadable("`instance.content_type`", code))
}

/// An envelope without its body, to be written. Reads back as [`Head`].
#[derive(Serialize)]
struct HeadRef<'a> {
    id: MessageId,
    kind: MessageKind,
    name: &'a str,
    version: u32,
    content_type: Codec,
    created_at: i64,
    conversation: MessageId,
    caused_by: Option<MessageId>,
    reply_to: &'a Option<Address>,
    in_reply_to: Option<MessageId>,
    to: &'a Option<InstanceAddress>,
    traceparent: &'a Option<Arc<str>>,
    headers: &'a BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Head {
    id: MessageId,
    kind: MessageKind,
    name: Arc<str>,
    version: u32,
    content_type: Codec,
    created_at: i64,
    conversation: MessageId,
    caused_by: Option<MessageId>,
    reply_to: Option<Address>,
    in_reply_to: Option<MessageId>,
    to: Option<InstanceAddress>,
    traceparent: Option<Arc<str>>,
    headers: BTreeMap<String, String>,
}

/// Writes all of an envelope but its body over what `buffer` held.
pub(super) fn write_head(envelope: &Envelope, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    let head = HeadRef {
        id: envelope.id,
        kind: envelope.kind,
        name: &envelope.name,
        version: envelope.version,
        content_type: envelope.content_type,
        // As a number: a tenth of the cost of the text that a timestamp is to serde.
        created_at: micros(envelope.created_at),
        conversation: envelope.conversation,
        caused_by: envelope.caused_by,
        reply_to: &envelope.reply_to,
        in_reply_to: envelope.in_reply_to,
        to: &envelope.to,
        traceparent: &envelope.traceparent,
        headers: &envelope.headers,
    };
    *buffer = postcard::to_extend(&head, std::mem::take(buffer))?;
    Ok(())
}

/// Puts an envelope together again.
pub(super) fn read_envelope(head: &[u8], body: &[u8]) -> Result<Envelope> {
    let head: Head = postcard::from_bytes(head).map_err(|error| unreadable("`message.head`", error))?;
    Ok(Envelope {
        id: head.id,
        kind: head.kind,
        name: head.name,
        version: head.version,
        content_type: head.content_type,
        created_at: time(head.created_at),
        conversation: head.conversation,
        caused_by: head.caused_by,
        reply_to: head.reply_to,
        in_reply_to: head.in_reply_to,
        to: head.to,
        traceparent: head.traceparent,
        headers: head.headers,
        body: Bytes::copy_from_slice(body),
    })
}

/// Writes what went wrong so far; nothing for nothing.
pub(super) fn write_history(history: &[Failure]) -> Result<Option<Vec<u8>>> {
    if history.is_empty() {
        return Ok(None);
    }
    Ok(Some(postcard::to_stdvec(history)?))
}

/// Reads what [`write_history`] wrote.
pub(super) fn read_history(blob: Option<&[u8]>) -> Result<Vec<Failure>> {
    let Some(blob) = blob else {
        return Ok(Vec::new());
    };
    postcard::from_bytes(blob).map_err(|error| unreadable("`message.history`", error))
}

/// Writes a letter.
pub(super) fn write_letter(letter: &DeadLetter) -> Result<Vec<u8>> {
    Ok(postcard::to_stdvec(letter)?)
}

/// Reads what [`write_letter`] wrote.
pub(super) fn read_letter(blob: &[u8]) -> Result<DeadLetter> {
    postcard::from_bytes(blob).map_err(|error| unreadable("`dead_letter.letter`", error))
}
