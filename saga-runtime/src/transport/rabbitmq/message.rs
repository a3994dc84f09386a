//! A message as AMQP carries it: the envelope's headers as the message's, its content type and id as properties too.

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
        if name == CONTENT_TYPE {
            properties = properties.with_content_type(value.into());
            continue;
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
    let mut headers = Vec::new();
    let mut redelivered = u32::from(carried.redelivered);
    let table = carried.properties.headers().as_ref();
    for (name, value) in table.map(FieldTable::inner).into_iter().flatten() {
        let name = name.as_str().to_lowercase();
        if name == DELIVERIES {
            redelivered = redelivered.max(count(value));
        } else if !SERVERS.iter().any(|servers| name.starts_with(servers)) {
            headers.push((name, text(value)));
        }
    }
    if let Some(content_type) = carried.properties.content_type() {
        headers.retain(|(name, _)| name != CONTENT_TYPE);
        headers.push((CONTENT_TYPE.to_owned(), content_type.to_string()));
    }
    Delivery {
        tag,
        headers,
        body: Bytes::from(carried.data),
        redelivered,
    }
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
