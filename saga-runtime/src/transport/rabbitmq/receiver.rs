//! Receives from a queue, and from where the server puts what it would not deliver again.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
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
    /// How many have come that nobody had before.
    fresh: u64,
    goal: Option<Goal>,
}

/// What is to come and be settled for the receiver to have caught up. The server knows how many wait in a queue, and hands
/// them out in order, but for what it got back, which comes first.
#[derive(Clone, Copy)]
enum Goal {
    /// When so many have come that nobody had before, or none waits.
    Received(u64),
    /// When what has come up to this tag is settled.
    Settled(u64),
}

/// One consumer on a channel of its own, so that what it acknowledges in one go is its own.
struct Lane {
    queue: ShortString,
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
            fresh: 0,
            goal: None,
        })
    }

    /// Takes in what has arrived.
    fn pull(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        for index in 0..self.lanes.len() {
            while let Poll::Ready(received) = self.lanes[index].consumer.poll_next_unpin(cx) {
                match received {
                    Some(Ok(carried)) => {
                        self.fresh += u64::from(!carried.redelivered);
                        self.ready.push_back((index, carried));
                    }
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

    /// How many wait in the queue, and where the server puts what it would not deliver again.
    async fn waiting(&mut self) -> Result<u64, Error> {
        let mut waiting = 0;
        for lane in &self.lanes {
            let passive = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            let asking = lane
                .channel
                .queue_declare(lane.queue.clone(), passive, FieldTable::default());
            let queue = self.server.answered(asking).await;
            waiting += u64::from(queue.map_err(|error| self.lost(&error))?.message_count());
        }
        // What was on its way when the question was asked has come before the answer.
        poll_fn(|cx| Poll::Ready(self.pull(cx))).await?;
        Ok(waiting)
    }

    async fn catch_up(&mut self) -> Result<bool, Error> {
        if let Some(Goal::Settled(tag)) = self.goal {
            return Ok(self.reached(tag));
        }
        let waiting = self.waiting().await?;
        let received = match self.goal {
            Some(Goal::Received(count)) => count,
            _ => self.fresh + waiting,
        };
        if waiting > 0 && self.fresh < received {
            self.goal = Some(Goal::Received(received));
            return Ok(false);
        }
        // Whatever it was about has come: to this receiver, or to another one.
        let last = self.last_tag + self.ready.len() as u64;
        self.goal = Some(Goal::Settled(last));
        Ok(self.reached(last))
    }

    /// Whether all up to this tag is settled; then, what is asked next is about what there is by then.
    fn reached(&mut self, tag: u64) -> bool {
        let unsettled = self.lanes.iter().filter_map(|lane| lane.unsettled.front());
        let oldest = unsettled.map(|&(tag, ..)| tag).min();
        let has = oldest.unwrap_or(self.last_tag + 1) > tag;
        if has {
            self.goal = None;
        }
        has
    }

    async fn next_batch(&mut self) -> Result<Batch, Error> {
        poll_fn(|cx| self.arrived(cx)).await?;
        let deliveries = self.hand_out();
        if deliveries.is_empty() {
            // Only settling makes room, and whoever settles has let go of this future.
            std::future::pending::<()>().await;
        }
        Ok(Batch { deliveries })
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

    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(self.catch_up())
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
            queue: queue.clone(),
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
