//! A message as AMQP carries it: the envelope's headers as the message's, save for those that AMQP has properties for.
//!
//! | property | header |
//! |---|---|
//! | `message_id` | `saga-id` |
//! | `type` | `saga-name`, if it has no more than 255 bytes |
//! | `content_type` | `content-type` |
//!
//! Whoever sends without being a bus may use either; where both are there, the header is meant, but for the content type.

use bytes::Bytes;
use lapin::{
    BasicProperties,
    message::Delivery as Carried,
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::{
    envelope::Envelope,
    transport::{Delivery, Sent},
};

const CONTENT_TYPE: &str = "content-type";
const ID: &str = "saga-id";
const NAME: &str = "saga-name";

/// How often a quorum queue has delivered it before.
const DELIVERIES: &str = "x-delivery-count";

/// What the server adds on the way begins so.
const SERVERS: [&str; 4] = ["x-death", "x-first-death-", "x-last-death-", DELIVERIES];

/// On disk before it is confirmed.
const PERSISTENT: u8 = 2;

/// What a frame holds besides headers: its own head, and the properties, none of them longer than a short string.
const BESIDES_HEADERS: usize = 1 << 10;

/// The properties of a message; `Err` if they cannot be written. All of them travel in one frame.
pub(super) fn properties(
    envelope: &Envelope,
    headers: Vec<(String, String)>,
    frame: usize,
) -> Result<BasicProperties, Sent> {
    let refused = |why: String| Sent::Refused(format!("the headers of `{}` {why}", envelope.name));
    let mut table = FieldTable::default();
    let mut properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(envelope.id.to_string().into());
    let mut bytes = BESIDES_HEADERS;
    for (name, value) in headers {
        bytes += name.len() + value.len() + 6;
        match name.as_str() {
            ID => continue,
            CONTENT_TYPE => {
                properties = properties.with_content_type(value.into());
                continue;
            }
            NAME if value.len() <= usize::from(u8::MAX) => {
                properties = properties.with_type(value.into());
                continue;
            }
            _ => {}
        }
        let name = ShortString::try_new(name).map_err(|_| {
            refused("have a name of more than 255 bytes; RabbitMQ carries shorter ones only".into())
        })?;
        table.insert(name, AMQPValue::LongString(value.into()));
    }
    if bytes > frame {
        return Err(refused(format!(
            "have {bytes} bytes; this server carries {frame} (`frame_max` in its configuration)"
        )));
    }
    Ok(properties.with_headers(table))
}

/// A delivery as the seam knows it, whoever sent it.
pub(super) fn delivery(tag: u64, carried: Carried) -> Delivery {
    let before = u32::from(carried.redelivered);
    Delivery {
        tag,
        redelivered: before.max(deliveries(&carried.properties)),
        headers: headers(&carried.properties),
        body: Bytes::from(carried.data),
    }
}

/// How often it was delivered before, as far as the server counts that.
fn deliveries(properties: &BasicProperties) -> u32 {
    let table = properties.headers().as_ref().map(FieldTable::inner);
    table.and_then(|table| table.get(DELIVERIES)).map_or(0, count)
}

fn headers(properties: &BasicProperties) -> Vec<(String, String)> {
    let table = properties.headers().as_ref().map(FieldTable::inner);
    let table = table
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str().to_lowercase(), value));
    let mut headers: Vec<(String, String)> = table
        .filter(|(name, _)| !SERVERS.iter().any(|servers| name.starts_with(servers)))
        .map(|(name, value)| (name, text(value)))
        .collect();
    if properties.content_type().is_some() {
        headers.retain(|(name, _)| name != CONTENT_TYPE);
    }
    for (name, property) in [
        (CONTENT_TYPE, properties.content_type()),
        (ID, properties.message_id()),
        (NAME, properties.kind()),
    ] {
        if let Some(property) = property
            && headers.iter().all(|(other, _)| other != name)
        {
            headers.push((name.to_owned(), property.to_string()));
        }
    }
    headers
}

fn count(value: &AMQPValue) -> u32 {
    text(value).parse().unwrap_or(u32::MAX)
}

/// A header of any type as text: others than us send numbers, lists and bytes.
fn text(value: &AMQPValue) -> String {
    match value {
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        AMQPValue::ShortString(text) => text.to_string(),
        AMQPValue::Boolean(value) => value.to_string(),
        AMQPValue::ShortShortInt(number) => number.to_string(),
        AMQPValue::ShortShortUInt(number) => number.to_string(),
        AMQPValue::ShortInt(number) => number.to_string(),
        AMQPValue::ShortUInt(number) => number.to_string(),
        AMQPValue::LongInt(number) => number.to_string(),
        AMQPValue::LongUInt(number) => number.to_string(),
        AMQPValue::LongLongInt(number) => number.to_string(),
        AMQPValue::Float(number) => number.to_string(),
        AMQPValue::Double(number) => number.to_string(),
        AMQPValue::Timestamp(seconds) => seconds.to_string(),
        AMQPValue::Void => String::new(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::{codec::Codec, envelope::MessageId, message::MessageKind};

    fn named(name: &str) -> Envelope {
        let id = MessageId::random();
        Envelope {
            id,
            kind: MessageKind::Event,
            name: name.into(),
            version: 1,
            content_type: Codec::Json,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            conversation: id,
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: None,
            traceparent: None,
            headers: [("tenant".to_owned(), "north".to_owned())].into(),
            body: Bytes::new(),
        }
    }

    fn written(envelope: &Envelope) -> BasicProperties {
        properties(envelope, envelope.to_wire().0, usize::MAX).unwrap()
    }

    fn read(properties: &BasicProperties) -> Envelope {
        Envelope::from_wire(&headers(properties), Bytes::new()).unwrap()
    }

    #[test]
    fn what_amqp_has_properties_for_is_no_header() {
        let envelope = named("OrderPlaced");
        let properties = written(&envelope);
        let table = properties.headers().as_ref().unwrap();
        let names: Vec<&str> = table.inner().keys().map(ShortString::as_str).collect();
        assert_eq!(names, ["saga-created-at", "saga-kind", "tenant"]);
        assert_eq!(read(&properties), envelope);
    }

    #[test]
    fn a_name_too_long_for_a_property_is_a_header() {
        // Three bytes each once they are percent-encoded.
        let envelope = named(&"\n".repeat(100));
        let properties = written(&envelope);
        assert_eq!(properties.kind(), &None);
        assert_eq!(read(&properties), envelope);
    }

    #[test]
    fn where_a_header_and_a_property_differ_the_header_is_meant() {
        let envelope = named("OrderPlaced");
        let mut table = FieldTable::default();
        for (name, value) in envelope.to_wire().0 {
            table.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        let properties = BasicProperties::default()
            .with_headers(table)
            .with_message_id("7".into())
            .with_type("order.placed".into());
        assert_eq!(read(&properties), envelope);
    }

    #[test]
    fn what_the_server_counts_is_no_header() {
        let mut table = FieldTable::default();
        table.insert(DELIVERIES.into(), AMQPValue::LongLongInt(3));
        table.insert(
            "x-first-death-queue".into(),
            AMQPValue::LongString("billing".into()),
        );
        let properties = BasicProperties::default().with_headers(table);
        assert_eq!(deliveries(&properties), 3);
        assert_eq!(headers(&properties), []);
    }
}
