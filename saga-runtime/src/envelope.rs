//! What travels around a message: its identity, where it came from, whom its answer is for.

#[allow(deprecated)] // see [`digest`]
use std::hash::SipHasher;
use std::{collections::BTreeMap, fmt, hash::Hasher as _, str::FromStr, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{codec::Codec, message::MessageKind};

mod wire;

/// The identity of a message. The same message keeps it through every delivery and retry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl MessageId {
    /// A new, time-ordered id (UUIDv7).
    pub fn random() -> Self {
        Self(Uuid::now_v7())
    }
}

impl MessageId {
    /// The id of what `parent` leads to: the same on every attempt, and sorted near its parent.
    ///
    /// The time prefix is the parent's; the rest is a hash of the parent, who emits, and the position among all that it
    /// emits.
    pub(crate) fn derived(parent: Self, emitter: &str, incarnation: u64, position: u32) -> Self {
        let rest = digest(parent.0, emitter, incarnation, u64::from(position));
        Self::prefixed(*parent.0.as_bytes(), rest)
    }

    /// The id of a timer's firing: the same whoever fires it.
    pub(crate) fn of_timer(due: Timestamp, saga: &str, incarnation: u64, arming: u64) -> Self {
        let mut prefix = [0; 16];
        let ms = u64::try_from(due.as_millisecond()).unwrap_or(0);
        prefix[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
        Self::prefixed(prefix, digest(Uuid::NAMESPACE_OID, saga, incarnation, arming))
    }

    /// A number that tells the lives of one key apart: the id of the message that began this life, condensed.
    pub(crate) fn incarnation(self) -> u64 {
        let (high, low) = self.0.as_u64_pair();
        (high.rotate_left(32) ^ low) >> 1
    }

    fn prefixed(prefix: [u8; 16], rest: u128) -> Self {
        let mut bytes = rest.to_be_bytes();
        bytes[..6].copy_from_slice(&prefix[..6]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// 128 bits that every build makes of the same parts: SipHash-2-4, keyed by the parent, once more for the other half.
/// A tenth of the cost of the SHA-1 in a UUIDv5, and as good where nobody gains by a collision with himself.
#[allow(deprecated)] // what replaces it promises no algorithm
fn digest(parent: Uuid, emitter: &str, incarnation: u64, number: u64) -> u128 {
    let (high, low) = parent.as_u64_pair();
    let mut hasher = SipHasher::new_with_keys(high, low);
    hasher.write(&incarnation.to_le_bytes());
    hasher.write(&number.to_le_bytes());
    hasher.write(emitter.as_bytes());
    let first = hasher.finish();
    hasher.write(&first.to_le_bytes());
    u128::from(first) << 64 | u128::from(hasher.finish())
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self)
    }
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Identity; derived from the incoming message for everything a handler emits.
    pub id: MessageId,
    /// Command, reply or event.
    pub kind: MessageKind,
    /// The message's wire name.
    pub name: Arc<str>,
    /// The message's wire version.
    pub version: u32,
    /// How [`body`](Self::body) is written.
    pub content_type: Codec,
    /// When it was first sent, by the sender's clock; in microseconds.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created_at: Timestamp,
    /// The id of the message that began the conversation.
    pub conversation: MessageId,
    /// The message whose handling emitted this one.
    pub caused_by: Option<MessageId>,
    /// Where an answer to this command goes; `None` where nobody waits.
    pub reply_to: Option<Address>,
    /// For a reply: the id of the command it answers.
    pub in_reply_to: Option<MessageId>,
    /// For a reply to a saga: the very instance that asked.
    pub to: Option<InstanceAddress>,
    /// W3C trace context.
    pub traceparent: Option<Arc<str>>,
    /// Whatever else travels along, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The message itself.
    pub body: Bytes,
}

impl Envelope {
    /// The size of the caller's headers, names and values, in bytes.
    pub fn header_bytes(&self) -> usize {
        self.headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum()
    }
}

/// Where an answer goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The queue: `<endpoint>.replies` for a saga, `requester.<node>` for a caller of `Bus::request`.
    pub queue: Arc<str>,
    /// The saga instance that asked; `None` for a caller of `Bus::request`.
    pub instance: Option<InstanceAddress>,
}

/// One life of one saga instance. A key may be used again after its tombstone is gone; the incarnation tells the lives apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InstanceAddress {
    /// The saga's stored name.
    pub saga: Arc<str>,
    /// The correlation key as text.
    pub key: Arc<str>,
    /// Which life of this key.
    pub incarnation: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: MessageId = MessageId(Uuid::from_u128(0x0190_5f3a_7c00_7000_8000_0000_0000_0001));

    #[test]
    fn every_build_derives_the_same_id() {
        let id = MessageId::derived(PARENT, "Fulfilment", 7, 0).to_string();
        assert_eq!(id, "01905f3a-7c00-8241-afc4-a8332ccb90fa");
    }

    #[test]
    fn a_derived_id_depends_on_emitter_incarnation_and_position() {
        let ids = [
            MessageId::derived(PARENT, "Fulfilment", 7, 0),
            MessageId::derived(PARENT, "Fulfilment", 7, 1),
            MessageId::derived(PARENT, "Fulfilment", 8, 0),
            MessageId::derived(PARENT, "Refund", 7, 0),
        ];
        let different: std::collections::BTreeSet<_> = ids.into_iter().collect();
        assert_eq!(different.len(), ids.len());
    }

    #[test]
    fn a_derived_id_sorts_with_its_parent() {
        let id = MessageId::derived(PARENT, "Fulfilment", 7, 0);
        assert_eq!(id.0.as_bytes()[..6], PARENT.0.as_bytes()[..6]);
    }
}
