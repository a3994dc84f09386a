//! Where time comes from: the system, or a test's own hand.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::{envelope::MessageId, service::BoxFuture};

/// Time, and waiting for it. Stores ask the same clock as the bus, so that timers, leases and retention agree.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Returns once `deadline` has been reached.
    fn sleep_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()>;

    /// A new id that nobody else has, for a message from outside or a node. Besides this and the time, nothing of what a
    /// bus does is left to chance: a simulation that gives both gets the same run every time.
    fn new_id(&self) -> MessageId {
        MessageId::random()
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let left = deadline.duration_since(Timestamp::now());
        let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
        Box::pin(tokio::time::sleep(left))
    }
}

/// A clock that moves only when told to, for tests. Clones share the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    state: Arc<Mutex<ManualState>>,
}

#[derive(Debug)]
struct ManualState {
    now: Timestamp,
    sleepers: BTreeMap<Timestamp, Vec<oneshot::Sender<()>>>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            state: Arc::new(Mutex::new(ManualState {
                now,
                sleepers: BTreeMap::new(),
            })),
        }
    }

    /// Moves time forward and wakes whoever slept until then.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = state.now.saturating_add(by).unwrap_or(Timestamp::MAX);
        let later = state.now;
        let awake = {
            let mut rest = state.sleepers.split_off(&later);
            if let Some(exactly) = rest.remove(&later) {
                state.sleepers.insert(later, exactly);
            }
            std::mem::replace(&mut state.sleepers, rest)
        };
        for sleeper in awake.into_values().flatten() {
            let _ = sleeper.send(());
        }
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new(Timestamp::UNIX_EPOCH)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).now
    }

    fn sleep_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if deadline <= state.now {
            return Box::pin(std::future::ready(()));
        }
        let (awake, woken) = oneshot::channel();
        state.sleepers.entry(deadline).or_default().push(awake);
        Box::pin(async move {
            let _ = woken.await;
        })
    }
}
