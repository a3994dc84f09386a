//! Receives from one queue: from its own stream, and from those of the events bound to it.
//!
//! ```text
//!   Source ──ask for n messages──▶ server        one request under way per source, within its share of the flow
//!   inbox  ◀──messages, ends of requests──       one subscription for all of them
//!     └─▶ at hand ──next──▶ bus ──settle──▶ acknowledgements
//! ```

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_nats::{Client, Message, StatusCode, Subject, Subscriber, jetstream::Context};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::join_all};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{
    ack::AckSubject,
    connection::{Connection, Link, PATIENCE},
    error::{Failure, Server},
    held::{Held, Parcel, keep_in_hand, lock},
    source::Source,
    topology::{Layout, consumer_info, stream_info},
};
use crate::{
    Error, ErrorKind,
    service::BoxFuture,
    transport::{Batch, Delivery, Flow, Receiver, Settle, flow::Unsettled},
};

/// Receives from one queue.
pub(super) struct NatsReceiver {
    client: Client,
    jetstream: Context,
    server: Server,
    link: watch::Receiver<Link>,
    sources: Vec<Source>,
    /// What the sources' requests are answered at: `<inbox>.<source>.<request>`.
    inbox: String,
    /// `None` only while it is dropped.
    incoming: Option<Subscriber>,
    at_hand: VecDeque<Delivery>,
    held: Arc<Mutex<Held>>,
    account: Unsettled,
    /// Ends with the connection: whether the queue is still this process' own must be asked again.
    is_owned: bool,
}

impl NatsReceiver {
    /// Begins to receive from a queue that exists.
    pub(super) async fn of(
        connection: &Connection,
        layout: &Layout,
        queue: &str,
        flow: Flow,
        is_owned: bool,
    ) -> Result<Self, Error> {
        let own = layout.receive_queue(connection, queue).await?;
        let mut consumers = vec![own];
        consumers.extend(bound_events(connection, layout, queue).await?);
        let share = Flow {
            messages: (flow.messages / consumers.len()).max(1),
            bytes: (flow.bytes / consumers.len()).max(1),
        };
        let sources = consumers.iter().map(|info| Source::new(info, share)).collect();
        let client = connection.client.clone();
        let inbox = client.new_inbox();
        let incoming = client.subscribe(format!("{inbox}.*.*")).await.map_err(|error| {
            connection.server.error(
                ErrorKind::Unavailable,
                &format!("receiving from `{queue}`"),
                error,
            )
        })?;
        let mut link = connection.link.clone();
        link.mark_unchanged();
        let held = Arc::default();
        keep_in_hand(client.clone(), &held);
        Ok(Self {
            client,
            jetstream: connection.jetstream.clone(),
            server: connection.server.clone(),
            link,
            sources,
            inbox,
            incoming: Some(incoming),
            at_hand: VecDeque::new(),
            held,
            account: Unsettled::within(flow),
            is_owned,
        })
    }

    /// Takes in what has arrived, without waiting.
    fn take_in(&mut self) -> Result<(), Error> {
        while let Some(arrived) = self
            .incoming
            .as_mut()
            .and_then(|incoming| incoming.next().now_or_never())
        {
            self.arrived(arrived)?;
        }
        Ok(())
    }

    fn arrived(&mut self, message: Option<Message>) -> Result<(), Error> {
        let message = message.ok_or_else(|| self.lost("the connection is closed"))?;
        match message.status {
            Some(status) => self.ended(&message, status),
            None => {
                self.deliver(message);
                Ok(())
            }
        }
    }

    /// The server ended a request for messages.
    fn ended(&mut self, message: &Message, status: StatusCode) -> Result<(), Error> {
        let mut of = message.subject.rsplit('.').map(str::parse);
        let (Some(Ok(number)), Some(Ok(source))) = (of.next(), of.next()) else {
            return Ok(());
        };
        let Some(source) = usize::try_from(source)
            .ok()
            .and_then(|at: usize| self.sources.get_mut(at))
        else {
            return Ok(());
        };
        let description = message.description.as_deref().unwrap_or_default();
        let ended = source.ended(number, status, description, Instant::now());
        let stream = &source.stream;
        ended.map_err(|why| {
            let operation = format!("receiving from stream `{stream}`");
            self.server.error(
                ErrorKind::Unavailable,
                &operation,
                format_args!("its consumer is gone: {why}"),
            )
        })
    }

    fn deliver(&mut self, message: Message) {
        let Some(reply) = message.reply.clone() else {
            return;
        };
        let Some(ack) = AckSubject::read(&reply) else {
            tracing::warn!(server = %self.server, subject = %message.subject, "something that is no delivery was ignored");
            return;
        };
        let place = self
            .sources
            .iter()
            .position(|source| source.stream == ack.stream && source.consumer == ack.consumer);
        let Some(at) = place else {
            return;
        };
        let bytes = message.payload.len();
        let parcel = Parcel {
            source: at,
            sequence: ack.sequence,
            reply: reply.clone(),
            bytes,
            since: Instant::now(),
        };
        self.sources[at].received(bytes);
        let Some(tag) = lock(&self.held).take(parcel) else {
            self.sources[at].settled(bytes);
            return;
        };
        self.at_hand.push_back(Delivery {
            tag,
            headers: headers(&message),
            body: message.payload,
            redelivered: ack.delivered.saturating_sub(1),
        });
    }

    /// Asks for as much as there is room for.
    async fn ask(&mut self) -> Result<(), Error> {
        if self.link.borrow().is_lost {
            return Ok(());
        }
        let now = Instant::now();
        for at in 0..self.sources.len() {
            let source = &mut self.sources[at];
            source.forget_lost_request(now);
            let Some(ask) = source.wants(now) else {
                continue;
            };
            let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", source.stream, source.consumer);
            let reply = format!("{}.{at}.{}", self.inbox, ask.number);
            let payload = Bytes::from(ask.payload.clone());
            let asked = self.client.publish_with_reply(subject, reply, payload).await;
            asked.map_err(|error| self.lost(&error.to_string()))?;
            self.sources[at].asked(&ask, now);
        }
        Ok(())
    }

    /// What may be delivered of what is at hand.
    fn batch(&mut self) -> Option<Batch> {
        let mut deliveries = Vec::new();
        while let Some(delivery) = self.at_hand.pop_front() {
            if !self.account.admit(delivery.body.len()) {
                self.at_hand.push_front(delivery);
                break;
            }
            deliveries.push(delivery);
        }
        (!deliveries.is_empty()).then_some(Batch { deliveries })
    }

    /// Waits until something has arrived, or there is something to ask.
    async fn wait(&mut self) -> Result<(), Error> {
        let Some(incoming) = &mut self.incoming else {
            return Err(self.lost("the receiver is closed"));
        };
        let again = self.sources.iter().filter_map(Source::looks_again_at).min();
        let look_again = async {
            match again {
                Some(again) => sleep_until(again).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            arrived = incoming.next() => self.arrived(arrived),
            changed = self.link.changed() => {
                // The server knows nothing of what was asked before.
                self.sources.iter_mut().for_each(Source::forget_request);
                changed.map_err(|_| self.lost("the connection is closed"))?;
                if self.is_owned { Err(self.lost("the connection was lost")) } else { Ok(()) }
            }
            () = look_again => Ok(()),
        }
    }

    /// Asks the server where each source stands: how far its stream reaches, then how far it is settled.
    async fn catch_up(&mut self) -> Result<bool, Error> {
        let mut has = true;
        for at in 0..self.sources.len() {
            let (stream, consumer) = (&self.sources[at].stream, &self.sources[at].consumer);
            let failed = |why: Failure| {
                let operation = format!("asking how far stream `{stream}` was received");
                self.server.failed(&operation, &why)
            };
            let last = if self.sources[at].has_no_goal() {
                let info = stream_info(&self.jetstream, stream).await.map_err(failed)?;
                Some(info.state.last_sequence)
            } else {
                None
            };
            let info = consumer_info(&self.jetstream, stream, consumer)
                .await
                .map_err(failed)?;
            let source = &mut self.sources[at];
            last.into_iter().for_each(|last| source.aims_at(last));
            has &= source.has_reached_goal(&info);
        }
        if has {
            self.sources.iter_mut().for_each(Source::forget_goal);
        }
        Ok(has)
    }

    fn lost(&self, why: &str) -> Error {
        self.server.error(ErrorKind::Unavailable, "receiving", why)
    }

    async fn answer(&self, reply: Subject, how: Settle) -> Result<(), Error> {
        let word: &[u8] = match how {
            Settle::Ack => b"+ACK",
            Settle::GiveBack => b"-NAK",
        };
        let answered = self.client.publish(reply, Bytes::from_static(word)).await;
        answered.map_err(|error| self.lost(&error.to_string()))
    }
}

impl Receiver for NatsReceiver {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>> {
        Box::pin(async move {
            loop {
                self.take_in()?;
                self.ask().await?;
                if let Some(batch) = self.batch() {
                    return Ok(batch);
                }
                self.wait().await?;
            }
        })
    }

    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let mut replies = Vec::with_capacity(batch.deliveries.len());
            for delivery in batch.deliveries {
                let Some(parcel) = lock(&self.held).let_go(delivery.tag) else {
                    continue;
                };
                self.account.settle(parcel.bytes);
                self.sources[parcel.source].settled(parcel.bytes);
                replies.push(parcel.reply);
            }
            let answering = async {
                for reply in replies {
                    self.answer(reply, how).await?;
                }
                Ok(())
            };
            let answered = timeout(PATIENCE, answering).await;
            answered.unwrap_or_else(|_| {
                Err(self.lost("acknowledging takes too long; what was not acknowledged comes again"))
            })
        })
    }

    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.catch_up())
    }
}

/// What is unsettled goes to the next receiver at once, not only when the server has waited for it in vain.
impl Drop for NatsReceiver {
    fn drop(&mut self) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        let replies = lock(&self.held).empty();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let leaving = Leaving {
                client: self.client.clone(),
                consumers: self
                    .sources
                    .iter()
                    .map(|source| (source.stream.clone(), source.consumer.clone()))
                    .collect(),
                incoming,
            };
            runtime.spawn(leaving.give_back(replies));
        }
    }
}

/// What is left of a receiver that was dropped.
struct Leaving {
    client: Client,
    /// Streams and their consumers.
    consumers: Vec<(String, String)>,
    incoming: Subscriber,
}

impl Leaving {
    /// Nothing that fails here is lost: the server waits for an acknowledgement in vain.
    async fn give_back(mut self, replies: Vec<Subject>) {
        let _ = self.incoming.drain().await;
        self.have_requests_forgotten().await;
        for reply in replies {
            self.refuse(reply).await;
        }
        while let Ok(Some(message)) = timeout(PATIENCE, self.incoming.next()).await {
            if let Some(reply) = message.reply {
                self.refuse(reply).await;
            }
        }
    }

    /// A server that is asked about a consumer drops the requests for messages that nobody is there to have answered. If
    /// it still had them, it would try to serve them with what is given back, and might keep that until it has waited
    /// for its acknowledgement (2.9).
    async fn have_requests_forgotten(&self) {
        let asked = self.consumers.iter().map(|(stream, consumer)| {
            let subject = format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}");
            self.client.request(subject, Bytes::new())
        });
        join_all(asked).await;
    }

    async fn refuse(&self, reply: Subject) {
        let _ = self.client.publish(reply, Bytes::from_static(b"-NAK")).await;
    }
}

/// The consumers through which events reach a queue, whoever bound them.
async fn bound_events(
    connection: &Connection,
    layout: &Layout,
    queue: &str,
) -> Result<Vec<async_nats::jetstream::consumer::Info>, Error> {
    let events = layout.names.event_streams();
    let mut names = connection.jetstream.stream_names();
    let mut streams = Vec::new();
    while let Some(name) = names.next().await {
        let name = name.map_err(|error| {
            connection
                .server
                .error(ErrorKind::Unavailable, "listing the streams", error)
        })?;
        if name.starts_with(&events) {
            streams.push(name);
        }
    }
    let consumer = layout.names.consumer(queue);
    let asked = streams
        .iter()
        .map(|stream| consumer_info(&connection.jetstream, stream, &consumer));
    let mut bound = Vec::new();
    for info in join_all(asked).await {
        match info {
            Ok(info) => bound.push(info),
            Err(why) if super::connection::is_absent(&why) => {}
            Err(why) => {
                return Err(connection
                    .server
                    .failed(&format!("receiving events for `{queue}`"), &why));
            }
        }
    }
    Ok(bound)
}

/// The sender's headers, without what the client and the server added for themselves.
pub(super) fn headers(message: &Message) -> Vec<(String, String)> {
    let headers = message.headers.iter().flat_map(|headers| headers.iter());
    let named = headers.map(|(name, values)| (name.to_string().to_ascii_lowercase(), values));
    let theirs = named.filter(|(name, _)| !name.starts_with("nats-"));
    theirs
        .flat_map(|(name, values)| values.iter().map(move |value| (name.clone(), value.to_string())))
        .collect()
}
