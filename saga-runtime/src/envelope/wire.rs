//! The envelope between processes: headers as text, and the body as it is.
//!
//! | header | | where absent |
//! |---|---|---|
//! | `content-type` | how the body is written, as elsewhere | refused |
//! | `traceparent` | W3C trace context, as elsewhere | none |
//! | `saga-id`, `saga-kind`, `saga-name`, `saga-created-at` | what it is | refused |
//! | `saga-version` | its version | 1 |
//! | `saga-conversation` | the id of the message that everything began with | its own |
//! | `saga-in-reply-to` | the id of the command that it answers | none |
//! | `saga-caused-by` | the id of the message during whose handling it was sent | that of the command that it answers |
//! | `saga-reply-to-queue` | where its answer goes | nowhere |
//! | `saga-reply-to` | and to which instance: `saga/key/incarnation` | a caller's |
//! | `saga-to` | the instance that it answers: `saga/key/incarnation` | none |
//! | `saga-header-*` | a caller's header whose name or text could not stand as it is, percent-encoded | |
//! | any other | a caller's header | |
//!
//! What has a default is left out where it says nothing else: brokers look at each header of each message.

use std::{collections::BTreeMap, fmt::Display, str::FromStr, sync::Arc};

use bytes::Bytes;

use super::{Address, Envelope, InstanceAddress};
use crate::{codec::Codec, error::HandlerError, message::MessageKind};

const CONTENT_TYPE: &str = "content-type";
const TRACEPARENT: &str = "traceparent";
const OURS: &str = "saga-";
const ESCAPED: &str = "saga-header-";
const REPLY_TO_QUEUE: &str = "saga-reply-to-queue";
const REPLY_TO: &str = "saga-reply-to";

/// Between the parts of an instance's address.
const BETWEEN: char = '/';

impl Envelope {
    /// The headers, by lower-case name and in printable ASCII save for a caller's own, and the body.
    pub fn to_wire(&self) -> (Vec<(String, String)>, Bytes) {
        let mut wire = Writer::default();
        let caused_by = self.caused_by.filter(|_| self.caused_by != self.in_reply_to);
        wire.put(CONTENT_TYPE, self.content_type.content_type());
        wire.put("saga-id", self.id);
        wire.put("saga-kind", kind_name(self.kind));
        wire.put_text("saga-name", &self.name);
        wire.put_some("saga-version", (self.version != 1).then_some(self.version));
        wire.put("saga-created-at", self.created_at);
        wire.put_some(
            "saga-conversation",
            (self.conversation != self.id).then_some(self.conversation),
        );
        wire.put_some("saga-caused-by", caused_by);
        wire.put_some("saga-in-reply-to", self.in_reply_to);
        if let Some(address) = &self.reply_to {
            wire.put_text(REPLY_TO_QUEUE, &address.queue);
            wire.put_some(REPLY_TO, address.instance.as_ref().map(path));
        }
        wire.put_some("saga-to", self.to.as_ref().map(path));
        wire.put_some(TRACEPARENT, self.traceparent.as_deref().map(escape));
        for (name, value) in &self.headers {
            wire.put_header(name, value);
        }
        (wire.0, self.body.clone())
    }

    /// Reads what [`to_wire`](Self::to_wire) wrote; `Err` names the header that is missing or garbled.
    ///
    /// Whoever sends without being a bus may leave out all that is not refused where it is absent.
    pub fn from_wire(headers: &[(String, String)], body: Bytes) -> Result<Self, HandlerError> {
        let wire = Reader(headers);
        let id = wire.required("saga-id")?;
        let in_reply_to = wire.optional("saga-in-reply-to")?;
        Ok(Self {
            id,
            kind: wire.one_of("saga-kind", kind_of)?,
            name: wire.text("saga-name")?.ok_or_else(|| missing("saga-name"))?,
            version: wire.optional("saga-version")?.unwrap_or(1),
            content_type: wire.one_of(CONTENT_TYPE, Codec::from_content_type)?,
            created_at: wire.required("saga-created-at")?,
            conversation: wire.optional("saga-conversation")?.unwrap_or(id),
            caused_by: wire.optional("saga-caused-by")?.or(in_reply_to),
            in_reply_to,
            reply_to: wire.address()?,
            to: wire.instance("saga-to")?,
            traceparent: wire.text(TRACEPARENT)?,
            headers: wire.callers()?,
            body,
        })
    }
}

fn kind_name(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Command => "command",
        MessageKind::Reply => "reply",
        MessageKind::Event => "event",
    }
}

fn kind_of(name: &str) -> Option<MessageKind> {
    [MessageKind::Command, MessageKind::Reply, MessageKind::Event]
        .into_iter()
        .find(|&kind| kind_name(kind) == name)
}

#[derive(Default)]
struct Writer(Vec<(String, String)>);

impl Writer {
    fn put(&mut self, name: impl Into<String>, value: impl Display) {
        self.0.push((name.into(), value.to_string()));
    }

    fn put_text(&mut self, name: impl Into<String>, text: &str) {
        self.0.push((name.into(), escape(text)));
    }

    fn put_some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn put_header(&mut self, name: &str, value: &str) {
        if stands_as_it_is(name, value) {
            self.put(name, value);
        } else {
            self.put_text(format!("{ESCAPED}{}", escape_name(name)), value);
        }
    }
}

/// An instance as one word.
fn path(instance: &InstanceAddress) -> String {
    let part = |text| {
        percent(text, |byte| {
            byte.is_ascii_graphic() && byte != b'%' && char::from(byte) != BETWEEN
        })
    };
    let (saga, key) = (part(&instance.saga), part(&instance.key));
    format!("{saga}{BETWEEN}{key}{BETWEEN}{}", instance.incarnation)
}

/// Undoes [`path`].
fn instance_at(path: &str) -> Option<InstanceAddress> {
    let mut parts = path.split(BETWEEN);
    let instance = InstanceAddress {
        saga: unescape(parts.next()?)?.into(),
        key: unescape(parts.next()?)?.into(),
        incarnation: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(instance)
}

/// Whether a caller's header can travel under its own name and cannot be taken for one of ours.
fn stands_as_it_is(name: &str, value: &str) -> bool {
    let plain = !name.is_empty() && name.bytes().all(is_plain);
    plain && !is_ours(name) && !value.chars().any(char::is_control) && value.trim() == value
}

fn is_ours(name: &str) -> bool {
    name.starts_with(OURS) || matches!(name, CONTENT_TYPE | TRACEPARENT)
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.')
}

fn escape(text: &str) -> String {
    let inner = text.trim_matches(' ') == text;
    percent(text, |byte| {
        byte.is_ascii_graphic() && byte != b'%' || byte == b' ' && inner
    })
}

fn escape_name(name: &str) -> String {
    percent(name, is_plain)
}

fn percent(text: &str, stands: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stands(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02x}"));
        }
    }
    escaped
}

/// Undoes `escape`; `None` if it is garbled.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Headers as they came. There are few: looking through them is quicker than any map.
struct Reader<'a>(&'a [(String, String)]);

impl<'a> Reader<'a> {
    /// Of a header that came twice, the last.
    fn raw(&self, name: &str) -> Option<&'a str> {
        let mut found = self.0.iter().rev().filter(|(other, _)| other == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// What is a caller's own.
    fn callers(&self) -> Result<BTreeMap<String, String>, HandlerError> {
        let mut callers = BTreeMap::new();
        for (name, value) in self.0 {
            if let Some(escaped) = name.strip_prefix(ESCAPED) {
                let caller = unescape(escaped).ok_or_else(|| garbled(name, escaped))?;
                let text = unescape(value).ok_or_else(|| garbled(name, value))?;
                callers.insert(caller, text);
            } else if !is_ours(name) {
                callers.insert(name.clone(), value.clone());
            }
        }
        Ok(callers)
    }

    fn text(&self, name: &str) -> Result<Option<Arc<str>>, HandlerError> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let text = unescape(raw).ok_or_else(|| garbled(name, raw))?;
        Ok(Some(text.into()))
    }

    fn optional<T: FromStr>(&self, name: &str) -> Result<Option<T>, HandlerError> {
        let value = self.raw(name);
        value
            .map(|value| value.parse().map_err(|_| garbled(name, value)))
            .transpose()
    }

    fn required<T: FromStr>(&self, name: &str) -> Result<T, HandlerError> {
        self.optional(name)?.ok_or_else(|| missing(name))
    }

    /// A required header that one of our own tables reads.
    fn one_of<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, HandlerError> {
        let value = self.raw(name).ok_or_else(|| missing(name))?;
        read(value).ok_or_else(|| garbled(name, value))
    }

    fn address(&self) -> Result<Option<Address>, HandlerError> {
        let queue = self.text(REPLY_TO_QUEUE)?;
        let instance = self.instance(REPLY_TO)?;
        match (queue, instance) {
            (Some(queue), instance) => Ok(Some(Address { queue, instance })),
            (None, Some(_)) => Err(missing(REPLY_TO_QUEUE)),
            (None, None) => Ok(None),
        }
    }

    fn instance(&self, name: &str) -> Result<Option<InstanceAddress>, HandlerError> {
        let path = self.raw(name);
        path.map(|path| instance_at(path).ok_or_else(|| garbled(name, path)))
            .transpose()
    }
}

fn missing(name: &str) -> HandlerError {
    HandlerError::undecodable(format!("the header `{name}` is missing"))
}

/// The longest part of a garbled header that an error repeats, in characters.
const SHOWN: usize = 64;

fn garbled(name: &str, value: &str) -> HandlerError {
    let shown: String = value.chars().take(SHOWN).collect();
    HandlerError::undecodable(format!("the header `{name}` cannot be read: {shown:?}"))
}

#[cfg(test)]
mod tests;
