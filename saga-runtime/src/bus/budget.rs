//! How much a node holds in memory: messages and bytes, bounded together, with a share for each consumer.
//!
//! The shares add up to no more than the whole, so that a service that stands still keeps nobody else waiting.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// The bound on everything that is claimed and not yet done with.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    all: Pool,
    shares: Vec<Pool>,
    /// One waiter, who may come late: the intake.
    released: Notify,
    /// Every waiter there is at that moment: those who receive from a broker.
    room: Notify,
}

/// Places.
#[derive(Debug)]
struct Pool {
    messages: AtomicUsize,
    bytes: AtomicUsize,
    max_messages: usize,
    max_bytes: usize,
}

/// Places left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Free {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// A message's place in memory, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    budget: Budget,
    share: Option<usize>,
    bytes: usize,
}

impl Pool {
    fn new(max_messages: usize, max_bytes: usize) -> Self {
        Self {
            messages: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            max_messages: max_messages.max(1),
            max_bytes: max_bytes.max(1),
        }
    }

    fn occupy(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether it has come to be half empty by this, or wholly.
    fn vacate(&self, bytes: usize) -> bool {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        let before = self.messages.fetch_sub(1, Ordering::Relaxed);
        before == 1 || before == self.max_messages / 2
    }

    fn free(&self) -> Free {
        Free {
            messages: self
                .max_messages
                .saturating_sub(self.messages.load(Ordering::Relaxed)),
            bytes: self.max_bytes.saturating_sub(self.bytes.load(Ordering::Relaxed)),
        }
    }
}

impl Free {
    pub(crate) fn is_none(self) -> bool {
        self.messages == 0 || self.bytes == 0
    }
}

impl Budget {
    /// Shares the bound out among so many consumers.
    pub(crate) fn new(max_messages: usize, max_bytes: usize, consumers: usize) -> Self {
        let shares = (0..consumers).map(|_| Pool::new(max_messages / consumers, max_bytes / consumers));
        let inner = Inner {
            all: Pool::new(max_messages, max_bytes),
            shares: shares.collect(),
            released: Notify::new(),
            room: Notify::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A place in a consumer's share, if there is one left.
    pub(crate) fn try_acquire(&self, share: usize, bytes: usize) -> Option<Permit> {
        let full = self.free().is_none() || self.free_for(share).is_none();
        (!full).then(|| self.acquire(Some(share), bytes))
    }

    /// A place for a message that is here already; the bound may be overrun by one batch.
    pub(crate) fn acquire(&self, share: Option<usize>, bytes: usize) -> Permit {
        self.inner.all.occupy(bytes);
        if let Some(share) = share {
            self.inner.shares[share].occupy(bytes);
        }
        Permit {
            budget: self.clone(),
            share,
            bytes,
        }
    }

    /// Messages held.
    pub(crate) fn in_use(&self) -> usize {
        self.inner.all.messages.load(Ordering::Relaxed)
    }

    /// Places left in all.
    pub(crate) fn free(&self) -> Free {
        self.inner.all.free()
    }

    /// Places left in a consumer's share.
    pub(crate) fn free_for(&self, share: usize) -> Free {
        self.inner.shares[share].free()
    }

    /// Returns when places were given back so that at most half are in use, or none.
    pub(crate) async fn released(&self) {
        self.inner.released.notified().await;
    }

    /// Returns once there is a place left.
    pub(crate) async fn room(&self) {
        loop {
            let released = self.inner.room.notified();
            if !self.free().is_none() {
                return;
            }
            released.await;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let inner = &self.budget.inner;
        let of_all = inner.all.vacate(self.bytes);
        let of_share = self
            .share
            .is_some_and(|share| inner.shares[share].vacate(self.bytes));
        if of_all || of_share {
            inner.released.notify_one();
        }
        if of_all {
            inner.room.notify_waiters();
        }
    }
}
