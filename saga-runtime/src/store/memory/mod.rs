//! The store that lives in the process: for tests, for measuring, and for what may be lost with it.
//!
//! ```text
//!  Memory ──lock──▶ State ─┬─ messages   rows, lanes of what is ready, what waits
//!  (a node's handle)       ├─ instances  live ones, tombstones, timers
//!                          ├─ inbox      ids handled
//!                          └─ dead       letters set aside
//! ```

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Beat, Catalog, Durability, Inspect, Node, Opened, Outcome, Store, StoreCaps, Taken, Unit, Want};
use crate::{
    Error, ErrorKind,
    clock::{Clock, SystemClock},
    service::BoxFuture,
};

mod dead_letter;
mod inbox;
mod inspect;
mod instance;
mod lane;
mod message;
mod node;
mod state;

use state::{Caller, State};

/// Everything in the memory of this process.
///
/// Clones are handles for further nodes on the same data: each is opened by one bus. Finished instances are
/// remembered for the retention, and no more of them than
/// [`Limits::memory_tombstones`](crate::limits::Limits::memory_tombstones).
pub struct Memory {
    state: Arc<Mutex<State>>,
    hold: Mutex<Hold>,
    wake: Arc<Notify>,
}

/// How this handle stands.
#[derive(Default)]
enum Hold {
    /// Not opened yet.
    #[default]
    Fresh,
    /// Opened, by this node.
    Open(Arc<Node>),
    Closed,
}

impl Hold {
    fn node(&self) -> Option<&Arc<Node>> {
        match self {
            Self::Open(node) => Some(node),
            Self::Fresh | Self::Closed => None,
        }
    }
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::on(Arc::default())
    }

    fn on(state: Arc<Mutex<State>>) -> Self {
        Self {
            state,
            hold: Mutex::default(),
            wake: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn node(&self) -> Option<Arc<Node>> {
        lock(&self.hold).node().cloned()
    }

    fn caller(&self) -> Result<Caller, Error> {
        let node = match &*lock(&self.hold) {
            Hold::Open(node) => Arc::clone(node),
            Hold::Closed => return Err(Error::new(ErrorKind::Closed, "the memory store has been closed")),
            Hold::Fresh => {
                let text = "the memory store was used before it was opened";
                return Err(Error::new(ErrorKind::Setup, text));
            }
        };
        let now = node.clock.now();
        Ok(Caller { node, now })
    }

    fn now(&self) -> Timestamp {
        self.node()
            .map_or_else(|| SystemClock.now(), |node| node.clock.now())
    }

    fn horizon(&self) -> Timestamp {
        self.node().map_or(Timestamp::MIN, |node| {
            state::horizon(node.clock.now(), &node.limits)
        })
    }
}

/// A panic while the lock was held is a bug; whoever comes next still finds whole units.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        Self::on(Arc::clone(&self.state))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("node", &self.node().map(|node| node.id))
            .finish_non_exhaustive()
    }
}

impl Store for Memory {
    fn caps(&self) -> StoreCaps {
        StoreCaps {
            name: "memory",
            shared: true,
            durability: Durability::None,
        }
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        Box::pin(async move {
            let before = std::mem::replace(&mut *lock(&self.hold), Hold::Open(Arc::new(node.clone())));
            let caller = self.caller()?;
            let mut state = self.state();
            if let Some(before) = before.node().filter(|before| before.id != node.id) {
                state.lapse(before.id);
            }
            Ok(state.open(&caller, catalog, &self.wake))
        })
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        Box::pin(async move {
            let caller = self.caller()?;
            let mut state = self.state();
            state.nodes.enlist(&caller, &self.wake);
            Ok(state.take(&caller, want))
        })
    }

    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        Box::pin(async move {
            let caller = self.caller()?;
            let mut state = self.state();
            state.nodes.enlist(&caller, &self.wake);
            Ok(state.commit(&caller, units))
        })
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>> {
        Box::pin(async move {
            let caller = self.caller()?;
            Ok(self.state().beat(&caller, &self.wake))
        })
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.wake.notified())
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let mut hold = lock(&self.hold);
            if let Some(node) = hold.node().cloned() {
                *hold = Hold::Closed;
                drop(hold);
                self.state().close(node.id, node.clock.now());
            }
            Ok(())
        })
    }

    fn inspect(&self) -> &dyn Inspect {
        self
    }
}

#[cfg(test)]
mod tests;
