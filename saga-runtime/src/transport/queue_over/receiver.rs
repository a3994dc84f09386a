//! The receiving end: rows as deliveries, settling as commits.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Lifeline, Shared,
    account::{Account, Tag},
    pump::{Inlet, Pumped, again},
};
use crate::{
    Error, ErrorKind,
    service::BoxFuture,
    store::{Source, Store, Stored, Unit, Want},
    transport::{Batch, Delivery, Receiver, Settle},
};

/// Receives from one queue of a store.
pub(super) struct RowReceiver<S> {
    shared: Arc<Shared<S>>,
    queue: Arc<str>,
    account: Arc<Account>,
    pumped: async_channel::Receiver<Pumped>,
    /// Met behind deliveries that came first.
    failed: Option<Error>,
    /// What was accepted up to then is to be settled for it to have caught up.
    goal: Option<Timestamp>,
    _lifeline: Arc<Lifeline>,
}

impl<S: Store> RowReceiver<S> {
    pub(super) fn new(
        shared: Arc<Shared<S>>,
        lifeline: Arc<Lifeline>,
        queue: Arc<str>,
        inlet: Inlet,
    ) -> Self {
        Self {
            shared,
            queue,
            account: inlet.account,
            pumped: inlet.pumped,
            failed: None,
            goal: None,
            _lifeline: lifeline,
        }
    }

    async fn first(&mut self) -> Pumped {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let pumped = self.pumped.recv().await;
        pumped.unwrap_or_else(|_| Err(Error::new(ErrorKind::Closed, "the queue is no longer served")))
    }

    fn another(&mut self) -> Option<(Tag, Stored)> {
        match self.pumped.try_recv().ok()? {
            Ok(pumped) => Some(pumped),
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

impl<S: Store> Receiver for RowReceiver<S> {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>> {
        Box::pin(async move {
            let (tag, stored) = self.first().await?;
            let mut deliveries = vec![delivery(tag, &stored)];
            while let Some((tag, stored)) = self.another() {
                deliveries.push(delivery(tag, &stored));
            }
            Ok(Batch { deliveries })
        })
    }

    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let tags: Vec<Tag> = batch.deliveries.iter().map(|delivery| delivery.tag).collect();
            let rows = self.account.find(&tags);
            let units = rows.iter().map(|stored| match how {
                Settle::Ack => finished(stored),
                Settle::GiveBack => again(stored),
            });
            // A claim that was lost meanwhile is somebody else's to settle.
            self.shared.store.commit(units.collect()).await?;
            self.account.settle(&tags);
            if how == Settle::GiveBack {
                self.shared.ready.notify_waiters();
            }
            Ok(())
        })
    }

    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            // Rows here are assigned to nobody, so that any name is asked about all of them.
            let source = Source {
                queue: Arc::clone(&self.queue),
                consumer: Arc::clone(&self.queue),
            };
            let taken = self.shared.store.take(Want {
                oldest: vec![source],
                ..Want::default()
            });
            let taken = taken.await?;
            let goal = *self.goal.get_or_insert(taken.now);
            let oldest = taken.oldest.into_iter().flatten().min();
            let has = oldest.is_none_or(|oldest| oldest > goal);
            if has {
                self.goal = None;
            }
            Ok(has)
        })
    }
}

impl<S> Drop for RowReceiver<S> {
    fn drop(&mut self) {
        self.account.close();
    }
}

/// Ends a row.
pub(super) fn finished(stored: &Stored) -> Unit {
    Unit {
        consumed: vec![stored.seq],
        ..Unit::default()
    }
}

fn delivery(tag: Tag, stored: &Stored) -> Delivery {
    let (headers, body) = stored.envelope.to_wire();
    Delivery {
        tag,
        headers,
        body,
        redelivered: stored.attempts.saturating_add(u32::from(stored.suspect)),
    }
}
