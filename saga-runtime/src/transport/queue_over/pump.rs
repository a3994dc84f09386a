//! The task that claims rows for one receiver, so that a receiver that is abandoned while waiting loses nothing.

use std::{collections::VecDeque, pin::pin, sync::Arc};

use jiff::Timestamp;

use super::{
    POLL, Shared,
    account::{Account, Tag},
};
use crate::{
    Error,
    store::{Claim, Park, Store, Stored, Unit, Wait, Want},
    transport::Flow,
};

/// A row on its way to the receiver, and which delivery it is.
pub(super) type Pumped = Result<(Tag, Stored), Error>;

/// Claims rows within the flow and hands them over.
pub(super) struct Pump<S> {
    shared: Arc<Shared<S>>,
    queue: Arc<str>,
    account: Arc<Account>,
    outlet: async_channel::Sender<Pumped>,
    /// Claimed, not yet handed over.
    held: VecDeque<Stored>,
}

/// The receiver's end.
pub(super) struct Inlet {
    pub(super) account: Arc<Account>,
    pub(super) pumped: async_channel::Receiver<Pumped>,
}

impl<S: Store> Pump<S> {
    pub(super) fn of(shared: Arc<Shared<S>>, queue: Arc<str>, flow: Flow) -> (Self, Inlet) {
        let account = Arc::new(Account::within(flow));
        // Bounded by the account; an error is put there only when nothing else is.
        let (outlet, pumped) = async_channel::unbounded();
        let pump = Self {
            shared,
            queue,
            account: Arc::clone(&account),
            outlet,
            held: VecDeque::new(),
        };
        (pump, Inlet { account, pumped })
    }

    /// Runs until the receiver is gone, then gives back what it left.
    pub(super) async fn run(mut self) {
        while !self.account.is_closed() {
            match (self.held.pop_front(), self.account.room()) {
                (Some(held), _) => self.hand_over(held).await,
                (None, Some(room)) => self.fetch(room).await,
                (None, None) => self.account.changed().await,
            }
        }
        self.give_back().await;
    }

    async fn hand_over(&mut self, held: Stored) {
        if let Some(tag) = self.account.admit(&held) {
            let _ = self.outlet.try_send(Ok((tag, held)));
        } else {
            self.held.push_front(held);
            self.account.changed().await;
        }
    }

    /// Claims what is ready, or waits until there may be something.
    async fn fetch(&mut self, room: Flow) {
        let shared = Arc::clone(&self.shared);
        let mut ready = pin!(shared.ready.notified());
        // Before looking, so that what comes right after is not missed.
        ready.as_mut().enable();
        let wake_at = match shared.store.take(claiming(&self.queue, room)).await {
            Ok(taken) if taken.messages.is_empty() => self.wake_at(taken.next_due),
            Ok(taken) => return self.held.extend(taken.messages),
            Err(error) => {
                self.report(error);
                self.wake_at(None)
            }
        };
        tokio::select! {
            biased;
            () = ready => {}
            () = self.account.changed() => {}
            () = shared.node.clock.sleep_until(wake_at) => {}
        }
    }

    fn wake_at(&self, next_due: Option<Timestamp>) -> Timestamp {
        let poll = self.shared.node.clock.now().saturating_add(POLL);
        let poll = poll.unwrap_or(Timestamp::MAX);
        next_due.map_or(poll, |due| due.min(poll))
    }

    fn report(&self, error: Error) {
        if self.outlet.is_empty() {
            let _ = self.outlet.try_send(Err(error));
        }
    }

    async fn give_back(mut self) {
        let delivered = self.account.drain().into_iter().map(|stored| again(&stored));
        let held = self.held.drain(..).map(|stored| parked(&stored));
        let units: Vec<Unit> = delivered.chain(held).collect();
        if units.is_empty() {
            return;
        }
        // As long as this process lives its lease does, and nobody else would be given them.
        while let Err(error) = self.shared.store.commit(units.clone()).await {
            tracing::warn!(%error, queue = %self.queue, "deliveries were not given back");
            if !error.is_retryable() {
                return;
            }
            self.shared.node.clock.sleep_until(self.wake_at(None)).await;
        }
        self.shared.ready.notify_waiters();
    }
}

/// What is ready in a queue, within bounds.
pub(super) fn claiming(queue: &Arc<str>, room: Flow) -> Want {
    Want {
        claims: vec![Claim {
            queue: Arc::clone(queue),
            consumer: None,
            limit: room.messages,
        }],
        max_bytes: room.bytes,
        ..Want::default()
    }
}

/// Lets a row that was delivered be delivered again.
pub(super) fn again(stored: &Stored) -> Unit {
    let mut unit = parked(stored);
    for park in &mut unit.park {
        park.attempts = park.attempts.saturating_add(1);
    }
    unit
}

fn parked(stored: &Stored) -> Unit {
    let park = Park {
        seq: stored.seq,
        wait: Wait::Ready,
        due: None,
        attempts: stored.attempts,
        crashes: stored.crashes,
        history: stored.history.clone(),
        instance: None,
        keep: false,
    };
    Unit {
        park: vec![park],
        ..Unit::default()
    }
}
