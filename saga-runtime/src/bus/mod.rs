//! The bus: sagas and services of this process, connected to a backend, running.
//!
//! ```text
//!            ┌──────────── intake ◀── leftovers, retries, timers due ───────────┐
//!            ▼                                                                  │
//!  send ─▶ lanes ─┬─▶ saga workers (one per partition): load · run · commit ─▶ store
//!                 └─▶ service lanes (side by side): handle · commit ──────────▶ store
//!            ▲                                                                  │
//!            └────────────── rows born claimed, handed over after the commit ◀──┘
//!  with a broker:  ingest ─▶ lanes of sagas,   ingest ─▶ store ─▶ lanes of services,   store ─▶ relay ─▶ broker
//! ```
//!
//! Everything that a node holds in memory has a place in its budget; what finds no place waits in the store.

mod arrival;
mod beat;
mod budget;
mod builder;
mod burial;
mod cache;
mod chain;
mod heard;
mod ingest;
mod intake;
mod options;
mod outbox;
mod overdue;
mod receipt;
mod relay;
mod request;
mod requests;
mod routing;
mod service_lane;
mod shared;
mod shutdown;
mod store_time;
mod worker;

use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, Mutex},
};

use tokio::task::JoinSet;

pub use builder::Builder;
pub use options::{SagaOptions, ServiceOptions};
pub use request::{Publish, Request, Send};
pub(crate) use shared::Shared;

use crate::{
    inspect::Inspector,
    message::{Command, Event},
    store::Store,
    system::{Accepts, Open, System},
    transport::Transport,
};

/// A running bus. Clones are handles of the same one; it stops when shut down, or when the last handle is dropped.
pub struct Bus<Sys = Open> {
    inner: Arc<Inner>,
    system: PhantomData<fn() -> Sys>,
}

struct Inner {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

impl Inner {
    fn new(shared: Arc<Shared>, tasks: JoinSet<()>) -> Self {
        Self {
            shared,
            tasks: Mutex::new(tasks),
        }
    }
}

impl Bus {
    /// A bus on a backend that is store and queue in one.
    #[allow(clippy::new_ret_no_self)] // It is the beginning of one: `Bus::new(store).saga::<S>().start().await`.
    pub fn new(store: impl Store) -> Builder {
        Builder::new(Arc::new(store), None)
    }

    /// A bus whose messages travel through a transport, with a store of its own for all that must be remembered.
    pub fn with(transport: impl Transport, store: impl Store) -> Builder {
        Builder::new(Arc::new(store), Some(Arc::new(transport)))
    }
}

impl<Sys: System> Bus<Sys> {
    /// Sends a command to its endpoint. `Ok` means that it is durable.
    pub fn send<C: Command>(&self, command: C) -> Send<'_, C>
    where
        Sys: Accepts<C>,
    {
        Send::new(&self.inner.shared, command)
    }

    /// Publishes an event to whoever subscribed. `Ok` means that it is durable.
    pub fn publish<E: Event>(&self, event: E) -> Publish<'_, E> {
        Publish::new(&self.inner.shared, event)
    }

    /// Sends a command and waits for its typed answer, by default for 30 s.
    pub fn request<C: Command>(&self, command: C) -> Request<'_, C>
    where
        Sys: Accepts<C>,
    {
        Request::new(&self.inner.shared, command)
    }

    /// Looking and repairing.
    pub fn inspect(&self) -> Inspector {
        Inspector::of(&self.inner.shared)
    }
}

impl<Sys> Clone for Bus<Sys> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            system: PhantomData,
        }
    }
}

impl<Sys> fmt::Debug for Bus<Sys> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("node", &self.inner.shared.node.id)
            .finish_non_exhaustive()
    }
}
