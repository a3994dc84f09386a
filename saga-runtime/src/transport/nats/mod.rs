//! Messages through NATS JetStream.
//!
//! | | |
//! |---|---|
//! | `options` | where the server is, who we are, how much it may keep |
//! | `connection` | made, watched, checked |
//! | `names`, `topology` | streams and consumers: what they are called, and that they are as they must be |
//! | `send` | publishes, and knows what became of it |
//! | `receiver`, `source`, `held`, `ack` | receives: what is asked for, what is in hand, how it is acknowledged |
//! | `owners` | queues that one process serves alone |
//! | `in_process` | queues that vanish with their process |
//! | `error` | which server, which operation, which remedy |

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Flow, Outgoing, Receiver, Sent, Topology, Transport, TransportCaps};
use crate::{
    Error, ErrorKind,
    service::BoxFuture,
    store::{Durability, Subscription},
};

mod ack;
mod connection;
mod error;
mod held;
mod in_process;
mod names;
mod options;
mod owners;
mod receiver;
mod send;
mod source;
mod topology;

pub use options::NatsOptions;

use connection::Connection;
use in_process::InProcess;
use names::Names;
use owners::Owners;
use receiver::NatsReceiver;
use send::Sending;
use topology::Layout;

/// Queues on a NATS server with JetStream, version 2.9 or newer; with any store: `Bus::with(Nats::connect(..), store)`.
///
/// - **Queues and events.** Every queue is a stream and a durable pull consumer, every event a stream with a durable
///   consumer for each queue bound to it. They are declared when the bus starts, and checked: nothing that could lose a
///   message silently is accepted.
/// - **Sending.** A message is accepted when its stream has acknowledged it; a batch is under way at once. The server
///   drops what is sent again under the same message id within two minutes; what comes later still, the bus recognises.
/// - **Receiving.** What is in hand is acknowledged after the commit of its outcome. When a process dies, another gets it
///   after at most ten seconds; when it stops, at once.
/// - **Delays.** Retries, timers and messages that wait for their instance stay in the store, so that they survive the
///   broker and no message blocks another there. What is given back to the server comes again at once.
/// - **Stores that are not shared.** With a store of its own a process serves its queues alone; another one that wants to
///   is refused as long as the first is connected. If its host vanishes without a word, that is until the server gives the
///   connection up (its `ping_interval`).
/// - **Connections** are made again for as long as it takes. What could not be sent is tried again by the bus.
/// - **Durability.** An acknowledged message survives the death of the server's process. NATS writes to the disk in the
///   background (`sync_interval`, two minutes unless configured), so a loss of power can cost what one server alone had
///   acknowledged: let a cluster keep [`replicas`](NatsOptions::replicas), or set `sync_interval: always` (2.12).
/// - **Retiring.** A queue or binding that nobody needs any more is removed by hand: `nats consumer rm
///   saga-event-<event> <queue>`, `nats stream rm saga-queue-<queue>`. Until then it keeps what is sent to it.
pub struct Nats {
    connection: Connection,
    layout: Layout,
    in_process: InProcess,
    owners: Owners,
    /// What this process has declared, to be declared again should the server have lost it.
    declared: Mutex<Declared>,
}

#[derive(Default)]
struct Declared {
    queues: BTreeSet<Arc<str>>,
    bindings: Vec<Subscription>,
}

impl Nats {
    /// Connects to a server, `nats://host:4222`, or to a cluster, with commas between the addresses.
    ///
    /// # Errors
    /// Whatever is wrong with the address, the connection or the server, all of it at once.
    pub async fn connect(servers: impl Into<String>) -> Result<Self, Error> {
        Self::options(servers).connect().await
    }

    /// To connect in another way: credentials, TLS, a namespace.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), saga_runtime::Error> {
    /// use saga_runtime::transport::Nats;
    ///
    /// let nats = Nats::options("tls://nats.example.com")
    ///     .credentials_file("/run/secrets/shop.creds")
    ///     .namespace("shop")
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn options(servers: impl Into<String>) -> NatsOptions {
        NatsOptions::to(servers.into())
    }

    async fn open(options: NatsOptions) -> Result<Self, Error> {
        let names = Names::within(&options.namespace)
            .map_err(|why| Error::new(ErrorKind::Setup, format!("NATS: {why}")))?;
        Ok(Self {
            connection: Connection::open(&options).await?,
            layout: Layout {
                names,
                replicas: options.replicas,
                queue_bytes: options.queue_bytes,
            },
            in_process: InProcess::default(),
            owners: Owners::new(),
            declared: Mutex::default(),
        })
    }

    async fn declare_all(&self, topology: &Topology) -> Result<(), Vec<Error>> {
        self.owners
            .claim_all(&self.connection, &self.layout, &topology.owned)
            .await?;
        let names = &self.layout.names;
        let own = self
            .in_process
            .declare(&self.connection, names, &topology.ephemeral)
            .await;
        // What follows on the same connection is answered after the subscription is known to the server.
        let mut faults = self
            .layout
            .declare(&self.connection, topology)
            .await
            .err()
            .unwrap_or_default();
        faults.extend(own.err());
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        declared.queues.extend(topology.queues.iter().cloned());
        for binding in &topology.bindings {
            if !declared.bindings.contains(binding) {
                declared.bindings.push(binding.clone());
            }
        }
        Ok(())
    }

    /// What this process declared of a queue.
    fn declared(&self, queue: &str) -> Option<Topology> {
        let declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = declared.queues.get(queue)?;
        let bindings = declared.bindings.iter().filter(|binding| binding.queue == *queue);
        Some(Topology {
            queues: vec![Arc::clone(queue)],
            bindings: bindings.cloned().collect(),
            ..Topology::default()
        })
    }

    async fn receive(&self, queue: &str, flow: Flow) -> Result<Box<dyn Receiver>, Error> {
        if self.in_process.has(queue) {
            return self.in_process.subscribe(queue, flow).await;
        }
        if let Some(declared) = self.declared(queue) {
            self.layout
                .declare(&self.connection, &declared)
                .await
                .map_err(first)?;
        } else if !self.layout.has_queue(&self.connection, queue).await? {
            let why = format!("there is no stream for the queue `{queue}`; start a bus that serves it");
            return Err(self
                .connection
                .server
                .error(ErrorKind::NotFound, "receiving", why));
        }
        self.owners
            .claim_again(&self.connection, &self.layout, queue)
            .await?;
        let is_owned = self.owners.owns(queue);
        let receiver = NatsReceiver::of(&self.connection, &self.layout, queue, flow, is_owned).await?;
        Ok(Box::new(receiver))
    }
}

fn first(faults: Vec<Error>) -> Error {
    let unknown = || Error::new(ErrorKind::Setup, "a queue cannot be declared");
    faults.into_iter().next().unwrap_or_else(unknown)
}

/// The server and the namespace; never who we are.
impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats")
            .field("connection", &self.connection)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

impl Transport for Nats {
    fn caps(&self) -> TransportCaps {
        TransportCaps {
            name: "nats",
            durability: Durability::Process,
            max_body: self.connection.max_body,
            owns: true,
        }
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        Box::pin(self.declare_all(topology))
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        let sending = Sending {
            connection: &self.connection,
            names: &self.layout.names,
        };
        Box::pin(async move { sending.send(batch).await })
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        Box::pin(self.receive(queue, flow))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.owners.leave();
            self.in_process.leave();
        })
    }
}
