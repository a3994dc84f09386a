//! NATS by itself: messages published and consumed by hand, as many on their way as orders are elsewhere.
//!
//! ```text
//!  publisher ──publish, `in_flight` unacknowledged──▶ stream ──pull──▶ consumer ──acknowledge──▶
//! ```

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::HeaderMap;
use async_nats::jetstream::{
    self, Context,
    consumer::{AckPolicy, pull},
    stream::{self, RetentionPolicy},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::FuturesUnordered};
use saga_benches::Outcome;
use saga_runtime::{envelope::Envelope, transport::Nats};
use uuid::Uuid;

use crate::{
    library::Backend,
    machine,
    measured::Measured,
    post::{self, MESSAGES},
};

/// Where the server is, unless `SAGA_NATS_URL` says otherwise.
const HERE: &str = "nats://127.0.0.1:4222";

fn address() -> String {
    std::env::var("SAGA_NATS_URL").unwrap_or_else(|_| HERE.to_owned())
}

/// Whether there is a server; if not, it is said.
pub(crate) fn answers() -> bool {
    let address = address();
    let place = address.rsplit(['/', '@']).next().unwrap_or(&address);
    let answers = std::net::TcpStream::connect(place).is_ok();
    if !answers {
        eprintln!("NATS is not measured: nobody answers at {place}; set SAGA_NATS_URL");
    }
    answers
}

/// Measures a shop whose messages go through NATS, and removes what it declared there.
pub(crate) fn before<T>(store: Backend, measure: impl FnOnce(Backend) -> Outcome<T>) -> Outcome<T> {
    let namespace = namespace();
    let measured = measure(Backend::Nats {
        namespace: namespace.clone(),
        store: Box::new(store),
    });
    let runtime = machine::beside_servers()?;
    runtime.block_on(remove(&namespace))?;
    measured
}

/// A namespace that nobody else has.
fn namespace() -> String {
    format!("bench_{}", &Uuid::new_v4().simple().to_string()[..12])
}

/// The library's connection.
pub(crate) async fn transport(namespace: &str) -> Outcome<Nats> {
    Ok(Nats::options(address()).namespace(namespace).connect().await?)
}

/// Removes the streams of a namespace.
async fn remove(namespace: &str) -> Outcome<()> {
    let server = connect().await?;
    let names: Vec<String> = server.stream_names().try_collect().await?;
    let prefix = format!("{namespace}-");
    for name in names.iter().filter(|name| name.starts_with(&prefix)) {
        server.delete_stream(name).await?;
    }
    Ok(())
}

async fn connect() -> Outcome<Context> {
    Ok(jetstream::new(async_nats::connect(address()).await?))
}

/// Keeps `in_flight` messages on their way for `window`; in orders, of [`MESSAGES`] each.
pub(crate) fn by_hand(in_flight: usize, window: Duration) -> Outcome<Measured> {
    let runtime = machine::beside_servers()?;
    let namespace = namespace();
    let consumed = runtime.block_on(async {
        let consumed = publish_and_consume(&namespace, in_flight, window).await;
        remove(&namespace).await?;
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

async fn publish_and_consume(namespace: &str, in_flight: usize, window: Duration) -> Outcome<u64> {
    let name = format!("{namespace}-raw");
    let stream = connect()
        .await?
        .create_stream(stream::Config {
            name: name.clone(),
            retention: RetentionPolicy::WorkQueue,
            ..stream::Config::default()
        })
        .await?;
    let consumer = stream
        .create_consumer(pull::Config {
            durable_name: Some("raw".to_owned()),
            ack_policy: AckPolicy::Explicit,
            max_ack_pending: -1,
            ..pull::Config::default()
        })
        .await?;
    let (consumed, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let consuming = tokio::spawn(consume(consumer, consumed.clone()));
    let publishing = tokio::spawn(publish(name, in_flight, is_over.clone()));
    tokio::time::sleep(window / 4).await;
    let before = consumed.load(Ordering::Relaxed);
    tokio::time::sleep(window).await;
    let after = consumed.load(Ordering::Relaxed);
    is_over.store(true, Ordering::Relaxed);
    publishing.await??;
    consuming.abort();
    Ok(after - before)
}

async fn publish(subject: String, in_flight: usize, is_over: Arc<AtomicBool>) -> Outcome<()> {
    let server = connect().await?;
    let mut messages = post::in_turn(post::of_an_order().map(|envelope| message(&envelope)));
    let mut under_way = FuturesUnordered::new();
    while !is_over.load(Ordering::Relaxed) {
        while under_way.len() < in_flight {
            let Some((headers, body)) = messages.next() else {
                break;
            };
            let sent = server
                .publish_with_headers(subject.clone(), headers, body)
                .await?;
            under_way.push(sent.into_future());
        }
        if let Some(stored) = under_way.next().await {
            stored?;
        }
    }
    Ok(())
}

fn message(envelope: &Envelope) -> (HeaderMap, Bytes) {
    let (headers, body) = envelope.to_wire();
    let mut map = HeaderMap::new();
    for (name, value) in &headers {
        map.append(name.as_str(), value.as_str());
    }
    (map, body)
}

async fn consume(consumer: jetstream::consumer::PullConsumer, consumed: Arc<AtomicU64>) -> Outcome<()> {
    let mut messages = consumer.stream().max_messages_per_batch(512).messages().await?;
    while let Some(message) = messages.next().await {
        message?.ack().await?;
        consumed.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
