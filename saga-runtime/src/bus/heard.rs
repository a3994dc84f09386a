//! Up to when the messages that a broker accepted have been received: no timer overtakes those that have not.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;
use tokio::sync::Notify;

/// For each queue received from.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    queues: HashMap<Arc<str>, Ear>,
}

#[derive(Debug)]
struct Ear {
    /// In microseconds.
    up_to: AtomicI64,
    /// Somebody wants to know up to when by now.
    asked: Notify,
}

impl Heard {
    /// Nothing of these queues has been received.
    pub(crate) fn nothing_of(queues: impl IntoIterator<Item = Arc<str>>) -> Self {
        let ear = || Ear {
            up_to: AtomicI64::new(i64::MIN),
            asked: Notify::new(),
        };
        Self {
            queues: queues.into_iter().map(|queue| (queue, ear())).collect(),
        }
    }

    /// All that was accepted before `time` has its outcome.
    pub(crate) fn up_to(&self, queue: &str, time: Timestamp) {
        self.set(queue, time.as_microsecond());
    }

    /// The connection is gone; what came in the meantime is not known.
    pub(crate) fn unknown(&self, queue: &str) {
        self.set(queue, i64::MIN);
    }

    /// Whether everything accepted before `time` has its outcome; if not, whoever receives from the queue is asked. So it
    /// has of a queue that no broker holds.
    pub(crate) fn is_past(&self, queue: &str, time: Timestamp) -> bool {
        let Some(ear) = self.queues.get(queue) else {
            return true;
        };
        let is_past = ear.up_to.load(Ordering::Acquire) >= time.as_microsecond();
        if !is_past {
            ear.asked.notify_one();
        }
        is_past
    }

    /// Returns when somebody wants to know up to when the queue has been received.
    pub(crate) async fn asked(&self, queue: &str) {
        match self.queues.get(queue) {
            Some(ear) => ear.asked.notified().await,
            None => std::future::pending().await,
        }
    }

    fn set(&self, queue: &str, heard: i64) {
        if let Some(ear) = self.queues.get(queue) {
            ear.up_to.store(heard, Ordering::Release);
        }
    }
}
