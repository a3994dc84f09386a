//! Up to when the messages that a broker accepted have been received: no timer overtakes those that have not.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;

/// For each queue received from, in microseconds; `i64::MAX`: all there is.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    queues: HashMap<Arc<str>, AtomicI64>,
}

impl Heard {
    /// Nothing of these queues has been received.
    pub(crate) fn nothing_of(queues: impl IntoIterator<Item = Arc<str>>) -> Self {
        let queues = queues.into_iter().map(|queue| (queue, AtomicI64::new(i64::MIN)));
        Self {
            queues: queues.collect(),
        }
    }

    /// The queue was found empty.
    pub(crate) fn all(&self, queue: &str) {
        self.set(queue, i64::MAX);
    }

    /// Messages are received in about the order in which they were sent: those before `time` have been.
    pub(crate) fn up_to(&self, queue: &str, time: Timestamp) {
        self.set(queue, time.as_microsecond());
    }

    /// The connection is gone; what came in the meantime is not known.
    pub(crate) fn unknown(&self, queue: &str) {
        self.set(queue, i64::MIN);
    }

    /// Whether everything sent before `time` has been received. So it has of a queue that no broker holds.
    pub(crate) fn is_past(&self, queue: &str, time: Timestamp) -> bool {
        let heard = self.queues.get(queue);
        heard.is_none_or(|heard| heard.load(Ordering::Acquire) >= time.as_microsecond())
    }

    fn set(&self, queue: &str, heard: i64) {
        if let Some(queue) = self.queues.get(queue) {
            queue.store(heard, Ordering::Release);
        }
    }
}
