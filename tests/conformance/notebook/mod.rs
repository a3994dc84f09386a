//! A store of your own, to start from: the whole contract of `saga_runtime::store` with a mutex and a few lists.
//!
//! It is as simple as a store can be and still pass the suite. Nothing here is quick: each call looks through the lists
//! from end to end. What a real backend does instead is noted where it does it.
//!
//! - `mod`: the calls of the seam, each one visit under the lock.
//! - `pages`: the lists, and what a commit and a take do to them.
//! - `nodes`: who is alive, and what becomes of what the dead had claimed.
//! - `looking`: what a person sees and mends.

mod looking;
mod nodes;
mod pages;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use saga_runtime::{
    Error, ErrorKind, Timestamp,
    service::BoxFuture,
    store::{Beat, Catalog, Durability, Inspect, Node, Opened, Outcome, Store, StoreCaps, Taken, Unit, Want},
    testing::store_suite::StoreFixture,
};
use tokio::sync::Notify;

use self::pages::Pages;

/// One process's hold on the notebook.
#[derive(Debug)]
pub struct Notebook {
    /// What outlives the process. Elsewhere: a file, a server.
    pages: Arc<Mutex<Pages>>,
    /// Who this process is, from `open` to `close`.
    node: Mutex<Option<Node>>,
    wake: Arc<Notify>,
}

/// Who calls, and when: the clock is the one that `open` was given. A server would go by its own.
#[derive(Clone, Debug)]
struct Caller {
    node: Node,
    now: Timestamp,
}

impl Caller {
    /// What ended before this is forgotten.
    fn horizon(&self) -> Timestamp {
        self.now
            .saturating_sub(self.node.limits.retention)
            .unwrap_or(Timestamp::MIN)
    }
}

impl Notebook {
    fn on(pages: Arc<Mutex<Pages>>) -> Self {
        Self {
            pages,
            node: Mutex::default(),
            wake: Arc::default(),
        }
    }

    fn caller(&self) -> Result<Caller, Error> {
        let node = lock(&self.node).clone();
        let node = node.ok_or_else(|| Error::new(ErrorKind::Closed, "the notebook is not open"))?;
        let now = node.clock.now();
        Ok(Caller { node, now })
    }

    /// One visit under the lock: what makes a unit atomic, and a commit one step to everybody else.
    fn visit<'a, T: Send + 'a>(
        &'a self,
        visit: impl FnOnce(&mut Pages, &Caller) -> T + Send + 'a,
    ) -> BoxFuture<'a, Result<T, Error>> {
        Box::pin(async move {
            let caller = self.caller()?;
            let mut pages = lock(&self.pages);
            pages.enlist(&caller, &self.wake);
            let result = visit(&mut pages, &caller);
            // Waking for nothing is allowed, and forgetting to wake is not: so everybody is told every time.
            pages.wake_all();
            Ok(result)
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Notebook {
    fn caps(&self) -> StoreCaps {
        StoreCaps {
            name: "notebook",
            shared: true,
            // A store that writes to a disk says `Power` here, and then `commit` must not return before it has.
            durability: Durability::None,
        }
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        let before = lock(&self.node).replace(node.clone());
        self.visit(move |pages, caller| {
            if let Some(before) = before.filter(|before| before.id != node.id) {
                pages.end_lease(before.id);
            }
            pages.open(caller, catalog)
        })
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        self.visit(move |pages, caller| pages.take(caller, &want))
    }

    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        self.visit(move |pages, caller| {
            let each = units.into_iter().map(|unit| pages.commit(caller, unit));
            each.collect()
        })
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>> {
        self.visit(|pages, caller| pages.beat(caller))
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.wake.notified())
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            if let Some(node) = lock(&self.node).take() {
                lock(&self.pages).close(node.id);
            }
            Ok(())
        })
    }

    fn inspect(&self) -> &dyn Inspect {
        self
    }
}

/// One notebook: what the suite asks for processes of. To crash is to be dropped, since nothing is tidied up then.
#[derive(Default)]
struct OneNotebook(Arc<Mutex<Pages>>);

impl StoreFixture for OneNotebook {
    type Store = Notebook;

    async fn connect(&self) -> Notebook {
        Notebook::on(Arc::clone(&self.0))
    }
}

saga_runtime::testing::store_suite!(OneNotebook::default());
