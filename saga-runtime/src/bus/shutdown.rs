//! Stopping: nothing new is taken on, what is in hand is finished within a deadline, the rest is given back.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use super::{Bus, shared::Shared};
use crate::Error;

/// How long [`Bus::shutdown`] lets work in hand go on.
const DEADLINE: Duration = Duration::from_secs(30);
/// How often it looks whether all is done.
const LOOK: Duration = Duration::from_millis(2);

impl<Sys> Bus<Sys> {
    /// Stops within 30 s. See [`shutdown_within`](Self::shutdown_within).
    pub async fn shutdown(self) -> Result<(), Error> {
        self.shutdown_within(DEADLINE).await
    }

    /// Takes nothing on any more, finishes what is in hand within the deadline and gives everything else back to the
    /// store. A handler that is cut off counts no attempt: its message comes again.
    pub async fn shutdown_within(self, deadline: Duration) -> Result<(), Error> {
        let shared = Arc::clone(&self.inner.shared);
        shared.stopping.store(true, Ordering::Release);
        shared.alarm.ring();
        let drained = tokio::time::timeout(deadline, drained(&shared)).await.is_ok();
        if !drained {
            tracing::warn!(
                in_hand = shared.budget.in_use(),
                "the deadline cut off work in hand; it comes again"
            );
        }
        let mut tasks = std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        shared.requests.close();
        if let Some(transport) = &shared.transport {
            transport.close().await;
        }
        shared.store.close().await
    }
}

/// Places in the budget are given back after the commit, so that an empty one means that all is done.
async fn drained(shared: &Shared) {
    while shared.budget.in_use() > 0 {
        tokio::time::sleep(LOOK).await;
    }
}
