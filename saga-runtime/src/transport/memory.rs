//! The reference transport: queues in the memory of this process, on async-channel.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::{
    Batch, Delivery, Destination, Flow, Outgoing, Receiver, Sent, Settle, Topology, Transport, TransportCaps,
    flow::Unsettled, owned_elsewhere,
};
use crate::{Error, ErrorKind, service::BoxFuture, store::Durability};

/// The most messages one queue holds.
const QUEUE_MESSAGES: usize = 1 << 20;

/// The largest body, in bytes.
const MAX_BODY: usize = 16 << 20;

/// Queues in the memory of this process.
///
/// Clones are connections to the same queues. A queue holds up to 1,048,576 messages; sending to a full one is answered
/// with [`Sent::Unknown`]. Ephemeral queues vanish with the connection that declared them.
#[derive(Default)]
pub struct MemoryTransport {
    broker: Arc<Mutex<Broker>>,
    /// Tells this connection from the others.
    connection: Arc<()>,
    ephemeral: Mutex<Vec<Arc<str>>>,
}

#[derive(Default)]
struct Broker {
    queues: BTreeMap<Arc<str>, Queue>,
    bindings: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// The connections that own queues.
    owners: BTreeMap<Arc<str>, Arc<()>>,
}

/// Both ends of a queue.
#[derive(Clone)]
struct Queue {
    to: async_channel::Sender<Queued>,
    from: async_channel::Receiver<Queued>,
    unsettled: Arc<Mutex<Numbers>>,
}

/// What a queue has accepted and nobody has acknowledged, in order of acceptance.
#[derive(Default)]
struct Numbers {
    last: u64,
    open: BTreeSet<u64>,
}

/// A message in a queue.
#[derive(Clone)]
struct Queued {
    number: u64,
    message: Arc<(Vec<(String, String)>, Bytes)>,
    redelivered: u32,
}

impl MemoryTransport {
    /// No queues yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn broker(&self) -> MutexGuard<'_, Broker> {
        lock(&self.broker)
    }

    fn leave(&self) {
        let ephemeral = std::mem::take(&mut *lock(&self.ephemeral));
        let mut broker = self.broker();
        for name in ephemeral {
            broker.remove(&name);
        }
        broker
            .owners
            .retain(|_, owner| !Arc::ptr_eq(owner, &self.connection));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clone for MemoryTransport {
    fn clone(&self) -> Self {
        Self {
            broker: Arc::clone(&self.broker),
            connection: Arc::default(),
            ephemeral: Mutex::default(),
        }
    }
}

impl Drop for MemoryTransport {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queues: Vec<Arc<str>> = self.broker().queues.keys().cloned().collect();
        f.debug_struct("MemoryTransport")
            .field("queues", &queues)
            .finish()
    }
}

impl Transport for MemoryTransport {
    fn caps(&self) -> TransportCaps {
        TransportCaps {
            name: "memory",
            durability: Durability::None,
            max_body: MAX_BODY,
            owns: true,
        }
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        Box::pin(async move {
            self.broker().declare(topology, &self.connection)?;
            lock(&self.ephemeral).extend(topology.ephemeral.iter().cloned());
            Ok(())
        })
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        Box::pin(async move {
            let broker = self.broker();
            batch.iter().map(|outgoing| broker.send(outgoing)).collect()
        })
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        Box::pin(async move {
            let found = self.broker().queues.get(queue).cloned();
            let found = found
                .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no queue `{queue}`")))?;
            Ok(Box::new(MemoryReceiver::of(found, flow)) as Box<dyn Receiver>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { self.leave() })
    }
}

impl Broker {
    fn declare(&mut self, topology: &Topology, connection: &Arc<()>) -> Result<(), Vec<Error>> {
        self.own(&topology.owned, connection)?;
        for name in topology.queues.iter().chain(&topology.ephemeral) {
            self.queues.entry(Arc::clone(name)).or_insert_with(|| {
                let (to, from) = async_channel::unbounded();
                let unsettled = Arc::default();
                Queue { to, from, unsettled }
            });
        }
        let known = |queue: &str| self.queues.contains_key(queue);
        topology.check_bindings(known)?;
        for binding in &topology.bindings {
            let bound = self.bindings.entry(Arc::clone(&binding.event)).or_default();
            bound.insert(Arc::clone(&binding.queue));
        }
        Ok(())
    }

    /// Gives all of the queues to a connection, or none.
    fn own(&mut self, queues: &[Arc<str>], connection: &Arc<()>) -> Result<(), Vec<Error>> {
        let is_taken = |queue: &&Arc<str>| {
            let owner = self.owners.get(*queue);
            owner.is_some_and(|owner| !Arc::ptr_eq(owner, connection))
        };
        let taken: Vec<Error> = queues
            .iter()
            .filter(is_taken)
            .map(|queue| owned_elsewhere(queue))
            .collect();
        if !taken.is_empty() {
            return Err(taken);
        }
        let owned = queues
            .iter()
            .map(|queue| (Arc::clone(queue), Arc::clone(connection)));
        self.owners.extend(owned);
        Ok(())
    }

    fn remove(&mut self, name: &str) {
        if let Some(queue) = self.queues.remove(name) {
            queue.to.close();
        }
        self.bindings.retain(|_, queues| {
            queues.remove(name);
            !queues.is_empty()
        });
    }

    fn send(&self, outgoing: &Outgoing) -> Sent {
        if let Some(refused) = outgoing.refused_over(MAX_BODY) {
            return refused;
        }
        let queues = self.route(&outgoing.to);
        if queues.is_empty() {
            return Sent::NoRoute;
        }
        if queues.iter().any(|queue| queue.to.len() >= QUEUE_MESSAGES) {
            return Sent::Unknown(format!("a queue is full at {QUEUE_MESSAGES} messages"));
        }
        let message = Arc::new(outgoing.envelope.to_wire());
        for queue in queues {
            queue.put(Queued {
                number: queue.accept(),
                message: Arc::clone(&message),
                redelivered: 0,
            });
        }
        Sent::Accepted
    }

    fn route(&self, to: &Destination) -> Vec<&Queue> {
        match to {
            Destination::Queue(name) => self.queues.get(name).into_iter().collect(),
            Destination::Event(event) => {
                let bound = self.bindings.get(event).into_iter().flatten();
                bound.filter_map(|name| self.queues.get(name)).collect()
            }
        }
    }
}

impl Queue {
    /// The number of one more message.
    fn accept(&self) -> u64 {
        let mut unsettled = lock(&self.unsettled);
        unsettled.last += 1;
        let number = unsettled.last;
        unsettled.open.insert(number);
        number
    }

    /// The channel has no capacity to run out of; it is closed only when its queue has vanished.
    fn put(&self, queued: Queued) {
        let _ = self.to.try_send(queued);
    }
}

/// Receives from one queue in memory.
struct MemoryReceiver {
    queue: Queue,
    account: Unsettled,
    /// In order of receipt, which is how they are given back.
    unsettled: BTreeMap<u64, Queued>,
    /// Received, but beyond the flow for now.
    held: Option<Queued>,
    last_tag: u64,
    /// The number up to which all is to be settled for it to have caught up.
    goal: Option<u64>,
}

impl MemoryReceiver {
    fn of(queue: Queue, flow: Flow) -> Self {
        Self {
            queue,
            account: Unsettled::within(flow),
            unsettled: BTreeMap::new(),
            held: None,
            last_tag: 0,
            goal: None,
        }
    }

    /// Waits for the next message that may be delivered. What it has in hand when abandoned stays in hand.
    async fn first(&mut self) -> Result<Delivery, Error> {
        loop {
            if let Some(delivery) = self.deliver_held() {
                return Ok(delivery);
            }
            if self.held.is_some() || self.account.room().is_none() {
                // Only settling makes room, and whoever settles has let go of this future.
                std::future::pending::<()>().await;
            }
            let received = self.queue.from.recv().await;
            self.held = Some(received.map_err(|_| Error::new(ErrorKind::Closed, "the queue has vanished"))?);
        }
    }

    fn another(&mut self) -> Option<Delivery> {
        self.account.room()?;
        if self.held.is_none() {
            self.held = self.queue.from.try_recv().ok();
        }
        self.deliver_held()
    }

    fn deliver_held(&mut self) -> Option<Delivery> {
        let held = self.held.take()?;
        let (headers, body) = held.message.as_ref();
        if !self.account.admit(body.len()) {
            self.held = Some(held);
            return None;
        }
        self.last_tag += 1;
        let delivery = Delivery {
            tag: self.last_tag,
            headers: headers.clone(),
            body: body.clone(),
            redelivered: held.redelivered,
        };
        self.unsettled.insert(self.last_tag, held);
        Some(delivery)
    }

    fn give_back(&self, queued: Queued) {
        self.queue.put(Queued {
            redelivered: queued.redelivered.saturating_add(1),
            ..queued
        });
    }
}

impl Receiver for MemoryReceiver {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>> {
        Box::pin(async move {
            let mut deliveries = vec![self.first().await?];
            while let Some(delivery) = self.another() {
                deliveries.push(delivery);
            }
            Ok(Batch { deliveries })
        })
    }

    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            for delivery in batch.deliveries {
                let Some(queued) = self.unsettled.remove(&delivery.tag) else {
                    continue;
                };
                self.account.settle(queued.message.1.len());
                match how {
                    Settle::Ack => drop(lock(&self.queue.unsettled).open.remove(&queued.number)),
                    Settle::GiveBack => self.give_back(queued),
                }
            }
            Ok(())
        })
    }

    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let unsettled = lock(&self.queue.unsettled);
            let goal = *self.goal.get_or_insert(unsettled.last);
            let has = unsettled.open.first().is_none_or(|first| *first > goal);
            if has {
                self.goal = None;
            }
            Ok(has)
        })
    }
}

impl Drop for MemoryReceiver {
    fn drop(&mut self) {
        for (_, queued) in std::mem::take(&mut self.unsettled) {
            self.give_back(queued);
        }
        if let Some(held) = self.held.take() {
            self.queue.put(held);
        }
    }
}
