//! The envelope between processes: headers as text, and the body as it is.
//!
//! | header | |
//! |---|---|
//! | `content-type`, `traceparent` | as elsewhere |
//! | `saga-id`, `saga-kind`, `saga-name`, `saga-version`, `saga-created-at` | what it is |
//! | `saga-conversation`, `saga-caused-by`, `saga-in-reply-to` | where it came from |
//! | `saga-reply-to-queue`, `saga-reply-to-{saga,key,incarnation}` | where its answer goes |
//! | `saga-to-{saga,key,incarnation}` | whom it answers |
//! | `saga-header-*` | a caller's header whose name or text could not stand as it is, percent-encoded |
//! | any other | a caller's header |

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Display,
    str::FromStr,
    sync::Arc,
};

use bytes::Bytes;

use super::{Address, Envelope, InstanceAddress};
use crate::{codec::Codec, error::HandlerError, message::MessageKind};

const CONTENT_TYPE: &str = "content-type";
const TRACEPARENT: &str = "traceparent";
const OURS: &str = "saga-";
const ESCAPED: &str = "saga-header-";

impl Envelope {
    /// The headers, by lower-case name and in printable ASCII save for a caller's own, and the body.
    pub fn to_wire(&self) -> (Vec<(String, String)>, Bytes) {
        let mut wire = Writer::default();
        wire.put(CONTENT_TYPE, self.content_type.content_type());
        wire.put("saga-id", self.id);
        wire.put("saga-kind", kind_name(self.kind));
        wire.put_text("saga-name", &self.name);
        wire.put("saga-version", self.version);
        wire.put("saga-created-at", self.created_at);
        wire.put("saga-conversation", self.conversation);
        wire.put_some("saga-caused-by", self.caused_by);
        wire.put_some("saga-in-reply-to", self.in_reply_to);
        if let Some(address) = &self.reply_to {
            wire.put_text("saga-reply-to-queue", &address.queue);
            wire.put_instance("saga-reply-to", address.instance.as_ref());
        }
        wire.put_instance("saga-to", self.to.as_ref());
        wire.put_some(TRACEPARENT, self.traceparent.as_deref().map(escape));
        for (name, value) in &self.headers {
            wire.put_header(name, value);
        }
        (wire.0, self.body.clone())
    }

    /// Reads what [`to_wire`](Self::to_wire) wrote; `Err` names the header that is missing or garbled.
    ///
    /// Senders that are no bus may leave out `saga-version` (taken as 1) and `saga-conversation` (it begins one).
    pub fn from_wire(headers: Vec<(String, String)>, body: Bytes) -> Result<Self, HandlerError> {
        let wire = Reader::new(headers)?;
        let id = wire.required("saga-id")?;
        Ok(Self {
            id,
            kind: wire.one_of("saga-kind", kind_of)?,
            name: wire.text("saga-name")?.ok_or_else(|| missing("saga-name"))?,
            version: wire.optional("saga-version")?.unwrap_or(1),
            content_type: wire.one_of(CONTENT_TYPE, Codec::from_content_type)?,
            created_at: wire.required("saga-created-at")?,
            conversation: wire.optional("saga-conversation")?.unwrap_or(id),
            caused_by: wire.optional("saga-caused-by")?,
            in_reply_to: wire.optional("saga-in-reply-to")?,
            reply_to: wire.address()?,
            to: wire.instance("saga-to")?,
            traceparent: wire.text(TRACEPARENT)?,
            headers: wire.callers,
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
        self.put(name, escape(text));
    }

    fn put_some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn put_instance(&mut self, prefix: &str, instance: Option<&InstanceAddress>) {
        if let Some(instance) = instance {
            self.put_text(format!("{prefix}-saga"), &instance.saga);
            self.put_text(format!("{prefix}-key"), &instance.key);
            self.put(format!("{prefix}-incarnation"), instance.incarnation);
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

/// Whether a caller's header can travel under its own name and cannot be taken for one of ours.
fn stands_as_it_is(name: &str, value: &str) -> bool {
    let reserved = name.starts_with(OURS) || matches!(name, CONTENT_TYPE | TRACEPARENT);
    let plain = !name.is_empty() && name.bytes().all(is_plain);
    plain && !reserved && !value.chars().any(char::is_control) && value.trim() == value
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

/// Our headers, and the caller's apart from them.
struct Reader {
    ours: HashMap<String, String>,
    callers: BTreeMap<String, String>,
}

impl Reader {
    fn new(headers: Vec<(String, String)>) -> Result<Self, HandlerError> {
        let mut reader = Self {
            ours: HashMap::with_capacity(headers.len()),
            callers: BTreeMap::new(),
        };
        for (name, value) in headers {
            if let Some(escaped) = name.strip_prefix(ESCAPED) {
                let caller = unescape(escaped).ok_or_else(|| garbled(&name, escaped))?;
                let text = unescape(&value).ok_or_else(|| garbled(&name, &value))?;
                reader.callers.insert(caller, text);
            } else if name.starts_with(OURS) || matches!(name.as_str(), CONTENT_TYPE | TRACEPARENT) {
                reader.ours.insert(name, value);
            } else {
                reader.callers.insert(name, value);
            }
        }
        Ok(reader)
    }

    fn raw(&self, name: &str) -> Option<&str> {
        self.ours.get(name).map(String::as_str)
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
        let queue = self.text("saga-reply-to-queue")?;
        let instance = self.instance("saga-reply-to")?;
        match (queue, instance) {
            (Some(queue), instance) => Ok(Some(Address { queue, instance })),
            (None, Some(_)) => Err(missing("saga-reply-to-queue")),
            (None, None) => Ok(None),
        }
    }

    /// All three headers of an instance, or none of them.
    fn instance(&self, prefix: &str) -> Result<Option<InstanceAddress>, HandlerError> {
        let names = ["saga", "key", "incarnation"].map(|part| format!("{prefix}-{part}"));
        if names.iter().all(|name| self.raw(name).is_none()) {
            return Ok(None);
        }
        let [saga, key, incarnation] = &names;
        Ok(Some(InstanceAddress {
            saga: self.text(saga)?.ok_or_else(|| missing(saga))?,
            key: self.text(key)?.ok_or_else(|| missing(key))?,
            incarnation: self.required(incarnation)?,
        }))
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
