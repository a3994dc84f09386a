//! The transport seam: how messages travel between processes when the store itself is not the queue.
//!
//! # The contract
//!
//! 1. **A message that [`Transport::send`] answered with [`Sent::Accepted`] is delivered at least once** to every queue
//!    it was for, as far as [`TransportCaps::durability`] says. No order is promised.
//! 2. A delivery stays unsettled until [`Receiver::settle`]; unsettled deliveries come again, here or to another
//!    receiver of the queue, when the receiver is dropped or the transport finds its process dead.
//! 3. Batches are settled whole and in order. The bus has by then given every member a durable outcome: effect, parked,
//!    dead letter or duplicate. Retries, delays and dead letters are the store's; a transport only carries.
//! 4. Unsettled deliveries are bounded by [`Flow`], in messages and in bytes; `next` waits when the bound is reached.
//! 5. An event goes to every queue bound to it once, and to no other.
//! 6. An ephemeral queue vanishes with the transport that declared it; messages for it then have no route.
//! 7. A queue that a transport [owns](Topology::owned) is refused to any other that wants to own it, with
//!    [`ErrorKind::Locked`], until the owner is [closed](Transport::close) or gone; as far as [`TransportCaps::owns`].
//! 8. A receiver [has caught up](Receiver::has_caught_up) only when nothing older is left in its queue, at hand, or with
//!    a receiver that is gone.
//!
//! `saga_runtime::testing::transport_suite` tests every sentence of this.

use std::{fmt::Debug, sync::Arc};

use bytes::Bytes;

use crate::{
    Error, ErrorKind,
    envelope::Envelope,
    service::BoxFuture,
    store::{Durability, Subscription},
};

mod flow;
mod memory;
#[cfg(feature = "nats")]
mod nats;
mod queue_over;
pub use memory::MemoryTransport;
#[cfg(feature = "nats")]
pub use nats::{Nats, NatsOptions};
pub use queue_over::QueueOver;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
#[cfg(feature = "rabbitmq")]
pub use rabbitmq::{RabbitMq, RabbitMqOptions};

/// Carries messages between processes. See the [module](self) for the contract.
pub trait Transport: Debug + Send + Sync + 'static {
    /// What it can do, as data.
    fn caps(&self) -> TransportCaps;

    /// Makes queues and bindings exist; idempotent. All faults are reported at once.
    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>>;

    /// Sends a batch; one answer each, in order.
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>>;

    /// Begins to receive from a queue.
    fn subscribe<'a>(&'a self, queue: &'a str, flow: Flow)
    -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>>;

    /// Leaves without waiting to be dropped: what it owns is free, its ephemeral queues vanish. Nothing is sent or received
    /// any more. Unless written otherwise, it does nothing and leaves that to dropping it.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Receives from one queue.
pub trait Receiver: Send {
    /// Waits for at least one delivery, then returns all that are at hand. A wait that is abandoned loses nothing.
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>>;

    /// Settles a batch whole.
    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>>;

    /// Whether all has been settled that the queue had accepted when this was asked for the first time since it was last
    /// true. What another receiver that lives has in hand may count as settled; what one that died left does not. `true`
    /// must come while messages keep coming: it is what timers wait for, and is asked only while one is due.
    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>>;
}

/// What a transport can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportCaps {
    /// A short name for logs: `"memory"`.
    pub name: &'static str,
    /// What an accepted message survives.
    pub durability: Durability,
    /// The largest body it carries, in bytes.
    pub max_body: usize,
    /// It can give a queue to one process alone. Where it cannot, [`Topology::owned`] has no meaning.
    pub owns: bool,
}

/// What must exist before anything is sent.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Queues.
    pub queues: Vec<Arc<str>>,
    /// Queues that vanish with this process.
    pub ephemeral: Vec<Arc<str>>,
    /// Events and the queues that get them.
    pub bindings: Vec<Subscription>,
    /// Of the queues, those that only this process may serve: what it remembers of their messages, others cannot see.
    pub owned: Vec<Arc<str>>,
}

impl Topology {
    /// Refuses bindings to queues that do not exist, all at once.
    fn check_bindings(&self, exists: impl Fn(&str) -> bool) -> Result<(), Vec<Error>> {
        let faults: Vec<Error> = self
            .bindings
            .iter()
            .filter(|binding| !exists(&binding.queue))
            .map(|Subscription { event, queue }| {
                let text = format!("`{event}` is bound to the queue `{queue}`, which was not declared");
                Error::new(ErrorKind::Setup, text)
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// The refusal of a queue that another process owns.
fn owned_elsewhere(queue: &str) -> Error {
    let text = format!(
        "another process serves the queue `{queue}`, and its store is not shared with this one: stop that process, or give \
         both a store that processes share"
    );
    Error::new(ErrorKind::Locked, text)
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where to.
    pub to: Destination,
    /// The message.
    pub envelope: Arc<Envelope>,
}

impl Outgoing {
    /// The refusal of a body that is over the limit.
    fn refused_over(&self, max_body: usize) -> Option<Sent> {
        let bytes = self.envelope.body.len();
        (bytes > max_body).then(|| {
            Sent::Refused(format!(
                "the body of `{}` has {bytes} bytes; at most {max_body} are carried",
                self.envelope.name
            ))
        })
    }
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// One queue.
    Queue(Arc<str>),
    /// Every queue bound to this event.
    Event(Arc<str>),
}

/// What became of a message sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The transport has it.
    Accepted,
    /// There is no such queue, or no queue is bound to the event.
    NoRoute,
    /// It refuses this message, in words; trying again cannot help.
    Refused(String),
    /// Not known, or out of reach: send again.
    Unknown(String),
}

/// How much may be unsettled.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Messages.
    pub messages: usize,
    /// Body bytes (one message always fits).
    pub bytes: usize,
}

/// Deliveries to be settled together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The deliveries, in order of receipt.
    pub deliveries: Vec<Delivery>,
}

/// A message as the transport delivered it, not yet trusted to be one.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The transport's own handle for settling.
    pub tag: u64,
    /// Headers, by lower-case name.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Times it was delivered before, where the transport counts.
    pub redelivered: u32,
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// It has durable outcomes: forget it.
    Ack,
    /// Deliver it again.
    GiveBack,
}
