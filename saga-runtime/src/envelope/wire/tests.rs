//! Whatever is written is read again, and what cannot be read is named.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use jiff::Timestamp;
use proptest::{collection, option, prelude::*};
use uuid::Uuid;

use super::*;
use crate::envelope::MessageId;

fn id() -> impl Strategy<Value = MessageId> {
    any::<u128>().prop_map(|bits| MessageId(Uuid::from_u128(bits)))
}

fn text() -> impl Strategy<Value = Arc<str>> {
    ".{0,12}".prop_map(Arc::from)
}

fn time() -> impl Strategy<Value = Timestamp> {
    (-377_705_023_201..253_402_207_200_i64, 0..1_000_000_000_i32)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}

fn instance() -> impl Strategy<Value = InstanceAddress> {
    (text(), text(), any::<u64>()).prop_map(|(saga, key, incarnation)| InstanceAddress {
        saga,
        key,
        incarnation,
    })
}

fn headers() -> impl Strategy<Value = BTreeMap<String, String>> {
    let name = prop_oneof![
        "[a-z-]{1,8}",
        ".{0,8}",
        Just("saga-id".to_owned()),
        Just("content-type".to_owned()),
        Just("traceparent".to_owned()),
        Just("saga-header-x".to_owned()),
    ];
    collection::btree_map(name, "(.|\n|\r){0,12}", 0..5)
}

prop_compose! {
    fn envelopes()(
        (id, conversation, caused_by, in_reply_to) in (id(), id(), option::of(id()), option::of(id())),
        kind in prop_oneof![Just(MessageKind::Command), Just(MessageKind::Reply), Just(MessageKind::Event)],
        content_type in prop_oneof![Just(Codec::Json), Just(Codec::Postcard)],
        (name, version, created_at) in (text(), any::<u32>(), time()),
        reply_to in option::of((text(), option::of(instance()))),
        to in option::of(instance()),
        (traceparent, headers) in (option::of(text()), headers()),
        body in collection::vec(any::<u8>(), 0..32),
    ) -> Envelope {
        let caused_by = caused_by.or(in_reply_to);
        Envelope {
            id, kind, name, version, content_type, created_at, conversation, caused_by, in_reply_to, to,
            traceparent, headers,
            reply_to: reply_to.map(|(queue, instance)| Address { queue, instance }),
            body: body.into(),
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_again(envelope in envelopes()) {
        let (headers, body) = envelope.to_wire();
        for (name, value) in &headers {
            prop_assert!(name.bytes().all(|byte| is_plain(byte) || byte == b'%'), "{name:?}");
            prop_assert!(!value.chars().any(char::is_control), "{name}: {value:?}");
        }
        prop_assert_eq!(Envelope::from_wire(&headers, body).unwrap(), envelope);
    }

    #[test]
    fn reading_anything_never_panics(
        mut headers in collection::vec((any::<String>(), any::<String>()), 0..4),
        envelope in envelopes(),
        garbled in any::<prop::sample::Index>(),
        garbage in "[%a-f0-9é]{0,6}",
    ) {
        headers.extend(envelope.to_wire().0);
        let at = garbled.index(headers.len());
        headers[at].1 = garbage;
        let _ = Envelope::from_wire(&headers, Bytes::new());
    }
}

fn minimal() -> Vec<(String, String)> {
    [
        ("content-type", "application/json"),
        ("saga-id", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("saga-kind", "event"),
        ("saga-name", "OrderPlaced"),
        ("saga-created-at", "2026-01-01T00:00:00Z"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// What is said when a header has another value, or none.
fn complaint(name: &str, value: Option<&str>) -> String {
    let mut headers = minimal();
    headers.retain(|(other, _)| other != name);
    headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    let error = Envelope::from_wire(&headers, Bytes::new()).unwrap_err();
    assert!(error.is_undecodable());
    error.to_string()
}

#[test]
fn a_sender_that_is_no_bus_may_leave_out_what_has_a_default() {
    let envelope = Envelope::from_wire(&minimal(), Bytes::new()).unwrap();
    assert_eq!((envelope.version, envelope.conversation), (1, envelope.id));
}

#[test]
fn a_missing_header_is_named() {
    for (name, _) in minimal() {
        assert_eq!(complaint(&name, None), format!("the header `{name}` is missing"));
    }
}

#[test]
fn a_garbled_header_is_named_with_its_text() {
    let id = complaint("saga-id", Some("seven"));
    assert_eq!(id, r#"the header `saga-id` cannot be read: "seven""#);
    let kind = complaint("saga-kind", Some("query"));
    assert_eq!(kind, r#"the header `saga-kind` cannot be read: "query""#);
    let codec = complaint("content-type", Some("text/xml"));
    assert_eq!(codec, r#"the header `content-type` cannot be read: "text/xml""#);
    let name = complaint("saga-name", Some("100%"));
    assert_eq!(name, r#"the header `saga-name` cannot be read: "100%""#);
}

#[test]
fn half_an_address_is_refused() {
    for half in ["Order", "Order/7", "Order/7/one", "Order/7/1/1"] {
        let why = format!("the header `saga-to` cannot be read: {half:?}");
        assert_eq!(complaint("saga-to", Some(half)), why);
    }
    let nowhere = complaint("saga-reply-to", Some("Order/7/1"));
    assert_eq!(nowhere, "the header `saga-reply-to-queue` is missing");
}

#[test]
fn what_is_as_usual_is_not_written() {
    let first = Envelope::from_wire(&minimal(), Bytes::new()).unwrap();
    assert_eq!(first.to_wire().0.len(), minimal().len());
    let command = MessageId::random();
    let answer = Envelope {
        kind: MessageKind::Reply,
        in_reply_to: Some(command),
        caused_by: Some(command),
        ..first
    };
    let (headers, body) = answer.to_wire();
    assert_eq!(headers.len(), minimal().len() + 1);
    assert_eq!(Envelope::from_wire(&headers, body).unwrap(), answer);
}
