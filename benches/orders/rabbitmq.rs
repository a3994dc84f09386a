//! RabbitMQ by itself: messages published and consumed by hand, as many on their way as orders are elsewhere.
//!
//! ```text
//!  publisher ──publish, `in_flight` unconfirmed──▶ quorum queue ──push──▶ consumer ──acknowledge all that came──▶
//! ```

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
        ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use saga_benches::Outcome;
use saga_runtime::{envelope::Envelope, transport::RabbitMq};
use uuid::Uuid;

use crate::{
    library::{Backend, Shop},
    machine,
    measured::Measured,
    post::{self, MESSAGES},
};

/// Where the server is, unless `SAGA_RABBITMQ_URL` says otherwise.
const HERE: &str = "amqp://guest:guest@127.0.0.1:5672";

/// As many as the library has unsettled.
const PREFETCH: u16 = 512;

/// On disk before it is confirmed.
const PERSISTENT: u8 = 2;

/// What the shop declares.
const QUEUES: [&str; 4] = ["sales", "sales.replies", "billing", "warehouse"];

fn address() -> String {
    std::env::var("SAGA_RABBITMQ_URL").unwrap_or_else(|_| HERE.to_owned())
}

/// Whether there is a server; if not, it is said.
pub(crate) fn answers() -> bool {
    let address = address();
    let place = address.rsplit(['/', '@']).next().unwrap_or(&address);
    let answers = std::net::TcpStream::connect(place).is_ok();
    if !answers {
        eprintln!("RabbitMQ is not measured: nobody answers at {place}; set SAGA_RABBITMQ_URL");
    }
    answers
}

/// Measures a shop whose messages go through RabbitMQ, and removes what it declared there.
pub(crate) fn before<T>(store: Backend, measure: impl FnOnce(Backend) -> Outcome<T>) -> Outcome<T> {
    let prefix = prefix();
    let measured = measure(Backend::RabbitMq {
        prefix: prefix.clone(),
        store: Box::new(store),
    });
    let runtime = machine::beside_servers()?;
    runtime.block_on(remove(&prefix))?;
    measured
}

/// Keeps `in_flight` callers sending to a queue through the library for `window`, each one message at a time.
pub(crate) fn only_sent(in_flight: usize, window: Duration) -> Outcome<Measured> {
    before(Backend::Memory, |backend| {
        let shop = Shop::closed(&backend, &QUEUES)?;
        let sent = shop.send(in_flight, window)?;
        shop.close()?;
        Ok(Measured {
            orders_per_second: sent.orders_per_second / MESSAGES,
            ..sent
        })
    })
}

/// A prefix that nobody else has.
fn prefix() -> String {
    format!("bench.{}.", &Uuid::new_v4().simple().to_string()[..12])
}

/// The library's connection.
pub(crate) async fn transport(prefix: &str) -> Outcome<RabbitMq> {
    Ok(RabbitMq::options(address()).prefix(prefix).connect().await?)
}

/// Removes what the shop declared under a prefix.
async fn remove(prefix: &str) -> Outcome<()> {
    let channel = connect().await?;
    for queue in QUEUES {
        delete(&channel, format!("{prefix}{queue}")).await?;
        delete(&channel, format!("{prefix}{queue}.dead")).await?;
    }
    let exchange = format!("{prefix}saga.events").into();
    Ok(channel
        .exchange_delete(exchange, ExchangeDeleteOptions::default())
        .await?)
}

async fn delete(channel: &Channel, queue: String) -> Outcome<()> {
    let deleting = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
    deleting.await?;
    Ok(())
}

/// A channel, and a connection with it.
async fn connect() -> Outcome<Channel> {
    let connection = Connection::connect(&address(), ConnectionProperties::default()).await?;
    Ok(connection.create_channel().await?)
}

/// Keeps `in_flight` messages on their way for `window`; in orders, of [`MESSAGES`] each.
pub(crate) fn by_hand(in_flight: usize, window: Duration) -> Outcome<Measured> {
    let runtime = machine::beside_servers()?;
    let queue = format!("{}raw", prefix());
    let consumed = runtime.block_on(async {
        let consumed = publish_and_consume(&queue, in_flight, window).await;
        delete(&connect().await?, queue).await?;
        consumed
    })?;
    Ok(Measured {
        orders_per_second: consumed as f64 / window.as_secs_f64() / MESSAGES,
        p50_ms: f64::NAN,
        p99_ms: f64::NAN,
        commits_per_order: f64::NAN,
        load: None,
    })
}

async fn publish_and_consume(queue: &str, in_flight: usize, window: Duration) -> Outcome<u64> {
    let consumer = connect().await?;
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let mut quorum = FieldTable::default();
    quorum.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    consumer.queue_declare(queue.into(), durable, quorum).await?;
    let (consumed, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let consuming = tokio::spawn(consume(consumer, queue.to_owned(), consumed.clone()));
    let publishing = tokio::spawn(publish(queue.to_owned(), in_flight, is_over.clone()));
    tokio::time::sleep(window / 4).await;
    let before = consumed.load(Ordering::Relaxed);
    tokio::time::sleep(window).await;
    let after = consumed.load(Ordering::Relaxed);
    is_over.store(true, Ordering::Relaxed);
    publishing.await??;
    consuming.abort();
    Ok(after - before)
}

async fn publish(queue: String, in_flight: usize, is_over: Arc<AtomicBool>) -> Outcome<()> {
    let channel = connect().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut messages = post::in_turn(post::of_an_order().map(|envelope| message(&envelope)));
    let mut under_way = FuturesUnordered::new();
    while !is_over.load(Ordering::Relaxed) {
        while under_way.len() < in_flight {
            under_way.extend(
                messages
                    .next()
                    .map(|message| publish_one(&channel, &queue, message)),
            );
        }
        if let Some(confirmed) = under_way.next().await {
            confirmed?;
        }
    }
    Ok(())
}

/// As AMQP carries it: the id, the name and the content type are properties, the rest is headers.
fn message(envelope: &Envelope) -> (BasicProperties, Bytes) {
    let (headers, body) = envelope.to_wire();
    let mut table = FieldTable::default();
    for (name, value) in headers {
        if !["saga-id", "saga-name", "content-type"].contains(&name.as_str()) {
            table.insert(name.into(), AMQPValue::LongString(value.into()));
        }
    }
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(envelope.id.to_string().into())
        .with_type(envelope.name.to_string().into())
        .with_content_type(envelope.content_type.content_type().into())
        .with_headers(table);
    (properties, body)
}

async fn publish_one(
    channel: &Channel,
    queue: &str,
    (properties, body): (BasicProperties, Bytes),
) -> lapin::Result<()> {
    let mandatory = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let publishing = channel.basic_publish("".into(), queue.into(), mandatory, &body, properties);
    publishing.await?.await.map(drop)
}

async fn consume(channel: Channel, queue: String, consumed: Arc<AtomicU64>) -> Outcome<()> {
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let consuming = channel.basic_consume(queue.into(), "raw".into(), options, FieldTable::default());
    let mut messages = consuming.await?;
    while let Some(message) = messages.next().await {
        let (mut last, mut count) = (message?.delivery_tag, 1);
        while let Some(Some(message)) = messages.next().now_or_never() {
            (last, count) = (message?.delivery_tag, count + 1);
        }
        channel
            .basic_ack(last, BasicAckOptions { multiple: true })
            .await?;
        consumed.fetch_add(count, Ordering::Relaxed);
    }
    Ok(())
}
