//! How much a node holds in memory: messages and bytes, bounded together.

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
    messages: AtomicUsize,
    bytes: AtomicUsize,
    max_messages: usize,
    max_bytes: usize,
    released: Notify,
}

/// A message's place in memory, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(max_messages: usize, max_bytes: usize) -> Self {
        let inner = Inner {
            messages: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            max_messages,
            max_bytes,
            released: Notify::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A place, if there is one left.
    pub(crate) fn try_acquire(&self, bytes: usize) -> Option<Permit> {
        let (messages_left, bytes_left) = self.free();
        (messages_left > 0 && bytes_left > 0).then(|| self.acquire(bytes))
    }

    /// A place for a message that is here already; the bound may be overrun by one batch.
    pub(crate) fn acquire(&self, bytes: usize) -> Permit {
        self.inner.messages.fetch_add(1, Ordering::Relaxed);
        self.inner.bytes.fetch_add(bytes, Ordering::Relaxed);
        Permit {
            budget: self.clone(),
            bytes,
        }
    }

    /// Messages held.
    pub(crate) fn in_use(&self) -> usize {
        self.inner.messages.load(Ordering::Relaxed)
    }

    /// Places left, in messages and bytes.
    pub(crate) fn free(&self) -> (usize, usize) {
        let bytes = self.inner.bytes.load(Ordering::Relaxed);
        (
            self.inner.max_messages.saturating_sub(self.in_use()),
            self.inner.max_bytes.saturating_sub(bytes),
        )
    }

    /// Returns when places were given back so that at most half are in use, or none.
    pub(crate) async fn released(&self) {
        self.inner.released.notified().await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let inner = &self.budget.inner;
        inner.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        let before = inner.messages.fetch_sub(1, Ordering::Relaxed);
        if before == 1 || before == inner.max_messages / 2 {
            inner.released.notify_one();
        }
    }
}
