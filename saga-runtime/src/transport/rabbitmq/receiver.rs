//! Receives from a queue, and from where the server puts what it would not deliver again.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use lapin::{
    Channel, Consumer,
    message::Delivery as Carried,
    options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};

use super::{link::Link, message, options::Server};
use crate::{
    Error, ErrorKind,
    service::BoxFuture,
    transport::{Batch, Delivery, Flow, Receiver, Settle, flow::Unsettled},
};

/// How often the server is asked whether a queue is empty. It says so of its own accord only by silence.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How many given-up messages are in memory at a time.
const GIVEN_UP: u16 = 16;

/// Receives from one queue. Dropping it closes its channels, and what is unsettled goes back to the queue.
pub(super) struct RabbitReceiver {
    server: Arc<Server>,
    name: ShortString,
    lanes: Vec<Lane>,
    account: Unsettled,
    /// Received, not handed out yet; with the lane each came by.
    ready: VecDeque<(usize, Carried)>,
    last_tag: u64,
    asked: Option<Instant>,
}

/// One consumer on a channel of its own, so that what it acknowledges in one go is its own.
struct Lane {
    channel: Channel,
    consumer: Consumer,
    /// Handed out: our tag, the channel's, and the size of the body. Ascending.
    unsettled: VecDeque<(u64, u64, usize)>,
}

impl RabbitReceiver {
    pub(super) async fn subscribe(
        link: &Link,
        queue: &str,
        flow: Flow,
        is_ephemeral: bool,
    ) -> Result<Self, Error> {
        let names = &link.server.names;
        let name = names.queue(queue)?;
        let prefetch = u16::try_from(flow.messages.max(1)).unwrap_or(u16::MAX);
        let mut lanes = vec![Lane::open(link, &name, prefetch).await?];
        if !is_ephemeral {
            lanes.push(Lane::open(link, &names.dead(queue)?, GIVEN_UP.min(prefetch)).await?);
        }
        Ok(Self {
            server: Arc::clone(&link.server),
            name,
            lanes,
            account: Unsettled::within(flow),
            ready: VecDeque::new(),
            last_tag: 0,
            asked: None,
        })
    }

    /// Takes in what has arrived.
    fn pull(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        for index in 0..self.lanes.len() {
            while let Poll::Ready(received) = self.lanes[index].consumer.poll_next_unpin(cx) {
                match received {
                    Some(Ok(carried)) => self.ready.push_back((index, carried)),
                    Some(Err(error)) => return Err(self.lost(&error)),
                    None => return Err(self.cancelled()),
                }
            }
        }
        Ok(())
    }

    fn arrived(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.pull(cx) {
            Ok(()) if self.ready.is_empty() => Poll::Pending,
            pulled => Poll::Ready(pulled),
        }
    }

    fn lost(&self, error: &lapin::Error) -> Error {
        self.server
            .failed(&format!("for what comes in `{}`", self.name), error)
    }

    fn cancelled(&self) -> Error {
        let text = format!(
            "{} no longer delivers from `{}`: the queue was deleted",
            self.server.place(),
            self.name
        );
        Error::new(ErrorKind::Unavailable, text)
    }

    /// Whether nothing waits in the queue behind what has arrived. `false` where that is not known.
    async fn is_drained(&mut self) -> Result<bool, Error> {
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK_EVERY) {
            return Ok(false);
        }
        self.asked = Some(Instant::now());
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let channel = self.lanes[0].channel.clone();
        let asking = channel.queue_declare(self.name.clone(), passive, FieldTable::default());
        let queue = self.server.answered(asking).await;
        let waiting = queue.map_err(|error| self.lost(&error))?.message_count();
        // What was on its way when the question was asked has come before the answer.
        poll_fn(|cx| Poll::Ready(self.pull(cx))).await?;
        Ok(waiting == 0)
    }

    async fn next_batch(&mut self) -> Result<Batch, Error> {
        poll_fn(|cx| self.arrived(cx)).await?;
        let is_drained = self.is_drained().await?;
        let deliveries = self.hand_out();
        if deliveries.is_empty() {
            // Only settling makes room, and whoever settles has let go of this future.
            std::future::pending::<()>().await;
        }
        Ok(Batch {
            deliveries,
            drained: is_drained && self.ready.is_empty(),
        })
    }

    fn hand_out(&mut self) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(self.ready.len());
        while let Some((index, carried)) = self.ready.pop_front() {
            if !self.account.admit(carried.data.len()) {
                self.ready.push_front((index, carried));
                break;
            }
            self.last_tag += 1;
            let entry = (self.last_tag, carried.delivery_tag, carried.data.len());
            self.lanes[index].unsettled.push_back(entry);
            deliveries.push(message::delivery(self.last_tag, carried));
        }
        deliveries
    }
}

impl Receiver for RabbitReceiver {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>> {
        Box::pin(self.next_batch())
    }

    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let mut tags: Vec<u64> = batch.deliveries.iter().map(|delivery| delivery.tag).collect();
            tags.sort_unstable();
            for lane in &mut self.lanes {
                let settling = lane.settle(&tags, how, &mut self.account);
                let settled = self.server.answered(settling).await;
                let what = match how {
                    Settle::Ack => "to forget what was handled",
                    Settle::GiveBack => "to take back what was not handled",
                };
                settled.map_err(|error| self.server.failed(what, &error))?;
            }
            Ok(())
        })
    }
}

impl Lane {
    async fn open(link: &Link, queue: &ShortString, prefetch: u16) -> Result<Self, Error> {
        let what = format!("to deliver from `{queue}`");
        let server = &link.server;
        let channel = link.channel().await?;
        let consuming = async {
            channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
            let options = BasicConsumeOptions::default();
            let tag = ShortString::default();
            channel
                .basic_consume(queue.clone(), tag, options, FieldTable::default())
                .await
        };
        let consumer = server.answered(consuming).await;
        let consumer = consumer.map_err(|error| server.failed(&what, &error))?;
        Ok(Self {
            channel,
            consumer,
            unsettled: VecDeque::new(),
        })
    }

    /// Settles those of the tags that came by here: in one go what nothing older is left before.
    async fn settle(
        &mut self,
        tags: &[u64],
        how: Settle,
        account: &mut Unsettled,
    ) -> Result<(), lapin::Error> {
        let (mut up_to, mut single) = (None, Vec::new());
        let mut left = VecDeque::new();
        for (tag, carried, bytes) in std::mem::take(&mut self.unsettled) {
            if tags.binary_search(&tag).is_err() {
                left.push_back((tag, carried, bytes));
                continue;
            }
            account.settle(bytes);
            if left.is_empty() {
                up_to = Some(carried);
            } else {
                single.push(carried);
            }
        }
        self.unsettled = left;
        let together = up_to.map(|tag| (tag, true)).into_iter();
        for (tag, multiple) in together.chain(single.into_iter().map(|tag| (tag, false))) {
            match how {
                Settle::Ack => self.channel.basic_ack(tag, BasicAckOptions { multiple }).await?,
                Settle::GiveBack => {
                    let options = BasicNackOptions {
                        multiple,
                        requeue: true,
                    };
                    self.channel.basic_nack(tag, options).await?;
                }
            }
        }
        Ok(())
    }
}
