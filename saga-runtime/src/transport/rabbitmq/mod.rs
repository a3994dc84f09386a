//! Messages through RabbitMQ: quorum queues, confirmed publishing, bounded prefetch, nothing but what the server has built in.
//!
//! ```text
//!  send ──▶ publisher ══connection══▶ queues ══connection══▶ receiver ──settle──▶ one acknowledgement per batch
//!            confirms ◀═════════════    │                        ▲
//!                                       └─(given up on)─▶ `<queue>.dead` ┘
//! ```
//!
//! The library declares all that it needs. For a queue `billing`: the quorum queue `billing`; the classic queue
//! `billing.dead`, into which the server puts what it would not deliver any more (RabbitMQ 4 gives up after 20 deliveries,
//! or a policy says so), and which is received from like the queue itself, so that nothing stays there; and, if the store is
//! not shared between processes, the exclusive queue `billing.owner`, which only one process can hold. Events go through the
//! topic exchange `saga.events`.
//!
//! Nothing is delayed on the server, and no plugin is needed for it: retries, timers and everything else that waits lie in
//! the store, as do dead letters.
//!
//! A lost connection is made again by whoever needs it next. What was unsettled comes again; what was published and not
//! confirmed is answered with [`Sent::Unknown`] and sent again, and recognised by its receiver if the first did arrive. A
//! server that noticed nothing of the loss holds exclusive queues until it misses two heartbeats, some 20 s.
//!
//! A node of RabbitMQ 3.10 that is killed within seconds of a quorum queue's declaration may not know the queue's members when
//! it is back: the queue has no leader then, nothing published to it is confirmed, and what this node alone held is gone. No
//! client can mend that. Declare queues (start the services once) well before a single node is entrusted with orders.

use std::{fmt, sync::Arc};

use self::{link::Link, options::Server, publisher::Publisher, receiver::RabbitReceiver};
use super::{Flow, Outgoing, Receiver, Sent, Topology, Transport, TransportCaps};
use crate::{Error, service::BoxFuture, store::Durability};

mod declare;
mod error;
mod greeting;
mod link;
mod message;
mod names;
mod options;
mod publisher;
mod receiver;
pub use options::RabbitMqOptions;

/// A RabbitMQ server, 3.10 or later, as the transport of `Bus::with(RabbitMq::connect(url).await?, store)`.
///
/// ```no_run
/// # async fn connect() -> Result<(), saga_runtime::Error> {
/// use saga_runtime::transport::RabbitMq;
///
/// let plain = RabbitMq::connect("amqp://guest:guest@localhost:5672").await?;
/// let encrypted = RabbitMq::options("amqps://sales:secret@rabbit.example:5671/shop")
///     .ca_file("/etc/ssl/shop-ca.pem")
///     .prefix("shop.")
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// A message that was accepted is on the disks of a majority of the queue's nodes. The connection heals by itself for as
/// long as this lives; [`Transport::close`] ends it, as does shutting the bus down.
pub struct RabbitMq {
    server: Arc<Server>,
    publisher: Publisher,
    receiving: Link,
}

impl RabbitMq {
    /// Connects to a server with the options as they stand. See [`RabbitMqOptions`].
    ///
    /// The URL is `amqp://user:password@host:port/vhost`, or `amqps://` for TLS; without a virtual host it is `/`.
    pub async fn connect(url: impl Into<String>) -> Result<Self, Error> {
        Self::options(url).connect().await
    }

    /// How to connect to a server.
    pub fn options(url: impl Into<String>) -> RabbitMqOptions {
        RabbitMqOptions::to(url.into())
    }

    async fn open(server: Server) -> Result<Self, Error> {
        server.check().await?;
        let server = Arc::new(server);
        let publisher = Publisher::over(Link::to(Arc::clone(&server), "saga: publishing"));
        publisher.connect().await?;
        let receiving = Link::to(Arc::clone(&server), "saga: receiving");
        receiving.channel().await?;
        Ok(Self {
            server,
            publisher,
            receiving,
        })
    }
}

impl fmt::Debug for RabbitMq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RabbitMq").field(&self.server).finish()
    }
}

impl Transport for RabbitMq {
    fn caps(&self) -> TransportCaps {
        TransportCaps {
            name: "rabbitmq",
            durability: Durability::Power,
            max_body: self.server.max_body,
            owns: true,
        }
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        Box::pin(self.receiving.declare(topology))
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        Box::pin(self.publisher.send(batch))
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        Box::pin(async move {
            let is_ephemeral = self.receiving.is_ephemeral(queue);
            let receiver = RabbitReceiver::subscribe(&self.receiving, queue, flow, is_ephemeral).await?;
            Ok(Box::new(receiver) as Box<dyn Receiver>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.publisher.close().await;
            self.receiving.close().await;
        })
    }
}
