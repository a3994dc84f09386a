//! A transport made of a store: its message rows are the queues.
//!
//! ```text
//!  send ──commit──▶ rows ──take──▶ pump (one per receiver) ──channel──▶ Receiver ──settle──▶ commit: gone, or parked
//!                    ▲
//!                  keeper: renews the lease, fans out wake-ups, learns of others' queues
//! ```

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::Notify;

use self::{pump::Pump, receiver::RowReceiver, routes::Routes};
use super::{Flow, Outgoing, Receiver, Sent, Topology, Transport, TransportCaps};
use crate::{
    Error, ErrorKind,
    clock::{Clock, SystemClock},
    limits::Limits,
    service::BoxFuture,
    store::{Catalog, LEASE, NewMessage, Node, Outcome, Store, Subscription, Unit, Wait},
};

mod account;
mod pump;
mod receiver;
mod routes;

/// The largest body, in bytes.
const MAX_BODY: usize = 16 << 20;

/// How much of a queue that vanishes is removed at a time.
const ROOM: Flow = Flow {
    messages: 1_024,
    bytes: MAX_BODY,
};

/// How soon a pump looks again when nothing told it to.
const POLL: Duration = Duration::from_secs(1);

/// Any store as a transport: `Bus::with(QueueOver::new(queues), state)`.
///
/// It opens the store as a node of its own, so the store must not be opened by anybody else; give the bus another one
/// for its state. Queues and bindings are kept among the store's subscriptions, where other processes find them: at once
/// for a queue they have never heard of, within a third of a [`LEASE`] for one more queue bound to an event.
///
/// An ephemeral queue vanishes with what is in it when the last of the transport and its receivers is dropped. Others
/// notice within a third of a lease too; what they send until then stays in the store. The queue of a process that was
/// killed stays until [`Inspect::unsubscribe`](crate::store::Inspect::unsubscribe).
pub struct QueueOver<S: Store> {
    shared: Arc<Shared<S>>,
    lifeline: Arc<Lifeline>,
}

/// What the transport, its receivers and its tasks have in common.
struct Shared<S> {
    store: S,
    node: Node,
    routes: Mutex<Routes>,
    ephemeral: Mutex<Vec<Subscription>>,
    is_kept: AtomicBool,
    /// Something may have become ready in some queue.
    ready: Notify,
    /// Nobody holds the lifeline any more.
    closing: Arc<Notify>,
}

/// Held by the transport and its receivers; when the last of them lets go, the node leaves the store.
struct Lifeline(Arc<Notify>);

impl Drop for Lifeline {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl<S: Store> QueueOver<S> {
    /// Queues in this store, by the system's clock.
    pub fn new(store: S) -> Self {
        Self::with_clock(store, Arc::new(SystemClock))
    }

    /// Queues in this store, by a clock of your own.
    pub fn with_clock(store: S, clock: Arc<dyn Clock>) -> Self {
        let closing = Arc::new(Notify::new());
        let shared = Shared {
            store,
            node: Node {
                id: clock.new_id(),
                clock,
                limits: Limits::default(),
            },
            routes: Mutex::default(),
            ephemeral: Mutex::default(),
            is_kept: AtomicBool::new(false),
            ready: Notify::new(),
            closing: Arc::clone(&closing),
        };
        Self {
            shared: Arc::new(shared),
            lifeline: Arc::new(Lifeline(closing)),
        }
    }
}

impl<S: Store> fmt::Debug for QueueOver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QueueOver").field(&self.shared.store).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Store> Transport for QueueOver<S> {
    fn caps(&self) -> TransportCaps {
        let store = self.shared.store.caps();
        TransportCaps {
            name: store.name,
            durability: store.durability,
            max_body: MAX_BODY,
            owns: false,
        }
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        Box::pin(async move {
            self.shared.join(Routes::marks(topology)).await.map_err(one)?;
            let known = |queue: &str| lock(&self.shared.routes).has_queue(queue);
            topology.check_bindings(known)?;
            self.shared.join(topology.bindings.clone()).await.map_err(one)?;
            let ephemeral = topology.ephemeral.iter().map(Routes::mark);
            lock(&self.shared.ephemeral).extend(ephemeral);
            Ok(())
        })
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        Box::pin(self.shared.send(batch))
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        Box::pin(async move {
            if !lock(&self.shared.routes).has_queue(queue) {
                let text = format!("there is no queue `{queue}`");
                return Err(Error::new(ErrorKind::NotFound, text));
            }
            let queue: Arc<str> = queue.into();
            let (pump, inlet) = Pump::of(Arc::clone(&self.shared), Arc::clone(&queue), flow);
            let lifeline = Arc::clone(&self.lifeline);
            let receiver = RowReceiver::new(Arc::clone(&self.shared), lifeline, queue, inlet);
            tokio::spawn(pump.run());
            Ok(Box::new(receiver) as Box<dyn Receiver>)
        })
    }
}

fn one(error: Error) -> Vec<Error> {
    vec![error]
}

impl<S: Store> Shared<S> {
    /// Opens the store, or tells it more, and learns what others have told it.
    async fn join(self: &Arc<Self>, subscriptions: Vec<Subscription>) -> Result<(), Error> {
        self.learn(subscriptions).await?;
        if !self.is_kept.swap(true, Ordering::Relaxed) {
            tokio::spawn(Arc::clone(self).keep());
        }
        Ok(())
    }

    async fn learn(&self, subscriptions: Vec<Subscription>) -> Result<(), Error> {
        let catalog = Catalog {
            subscriptions,
            ..Catalog::default()
        };
        let opened = self.store.open(&self.node, &catalog).await?;
        *lock(&self.routes) = Routes::of(opened.subscriptions);
        Ok(())
    }

    /// Keeps the node alive until nobody holds the lifeline.
    async fn keep(self: Arc<Self>) {
        let mut next_beat = self.next_beat();
        loop {
            tokio::select! {
                biased;
                () = self.closing.notified() => break,
                () = self.node.clock.sleep_until(next_beat) => {
                    self.beat().await;
                    next_beat = self.next_beat();
                }
                () = self.store.woken() => {}
            }
            self.ready.notify_waiters();
        }
        self.leave().await;
    }

    fn next_beat(&self) -> Timestamp {
        let now = self.node.clock.now();
        now.saturating_add(LEASE / 3).unwrap_or(Timestamp::MAX)
    }

    async fn beat(&self) {
        let renewed = match self.store.beat().await {
            Ok(_) => self.learn(Vec::new()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = renewed {
            tracing::warn!(%error, "the lease on the queues was not renewed");
        }
    }

    async fn leave(&self) {
        let ephemeral = std::mem::take(&mut *lock(&self.ephemeral));
        for mark in ephemeral {
            if let Err(error) = self.remove_queue(mark).await {
                tracing::warn!(%error, "an ephemeral queue was not removed");
            }
        }
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the queues were not closed; the lease will run out");
        }
    }

    /// Removes a queue and what is in it.
    async fn remove_queue(&self, mark: Subscription) -> Result<(), Error> {
        let queue = Arc::clone(&mark.queue);
        self.store.inspect().unsubscribe(mark).await?;
        loop {
            let taken = self.store.take(pump::claiming(&queue, ROOM)).await?;
            if taken.messages.is_empty() {
                return Ok(());
            }
            let units = taken.messages.iter().map(receiver::finished).collect();
            self.store.commit(units).await?;
        }
    }

    async fn send(self: &Arc<Self>, batch: &[Outgoing]) -> Vec<Sent> {
        if self.knows_too_little(batch)
            && let Err(error) = self.join(Vec::new()).await
        {
            return vec![Sent::Unknown(error.to_string()); batch.len()];
        }
        let mut answers = Vec::with_capacity(batch.len());
        let mut units = Vec::with_capacity(batch.len());
        for outgoing in batch {
            let unit = self.unit(outgoing);
            answers.push(unit.as_ref().err().cloned());
            units.extend(unit);
        }
        let mut sent = self.store_all(units).await.into_iter();
        let unknown = || Sent::Unknown("the store gave no answer".into());
        answers
            .into_iter()
            .map(|answer| answer.or_else(|| sent.next()).unwrap_or_else(unknown))
            .collect()
    }

    /// Whether a message is for a queue that another process may have declared meanwhile.
    fn knows_too_little(&self, batch: &[Outgoing]) -> bool {
        let routes = lock(&self.routes);
        !self.is_kept.load(Ordering::Relaxed)
            || batch.iter().any(|outgoing| routes.is_new_queue(&outgoing.to))
    }

    /// The rows that carry a message to all its queues, or why there are none.
    fn unit(&self, outgoing: &Outgoing) -> Result<Unit, Sent> {
        if let Some(refused) = outgoing.refused_over(MAX_BODY) {
            return Err(refused);
        }
        let queues = lock(&self.routes).queues(&outgoing.to);
        if queues.is_empty() {
            return Err(Sent::NoRoute);
        }
        let rows = queues.into_iter().map(|queue| NewMessage {
            envelope: Arc::clone(&outgoing.envelope),
            queue,
            consumer: None,
            claimed: false,
            wait: Wait::Ready,
            due: None,
            attempts: 0,
            history: Vec::new(),
            instance: None,
        });
        Ok(Unit {
            out: rows.collect(),
            ..Unit::default()
        })
    }

    async fn store_all(&self, units: Vec<Unit>) -> Vec<Sent> {
        if units.is_empty() {
            return Vec::new();
        }
        let count = units.len();
        let sent = match self.store.commit(units).await {
            Ok(outcomes) => outcomes.into_iter().map(answer).collect(),
            Err(error) => vec![Sent::Unknown(error.to_string()); count],
        };
        self.ready.notify_waiters();
        sent
    }
}

fn answer(outcome: Outcome) -> Sent {
    match outcome {
        Outcome::Applied { .. } => Sent::Accepted,
        Outcome::Rejected(why) => Sent::Refused(why),
        other => Sent::Unknown(format!("the store answered {other:?}")),
    }
}
