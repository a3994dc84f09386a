//! Callers that wait for an answer in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

use crate::envelope::{Envelope, MessageId};

/// Begins the name of every reply queue of callers.
pub(crate) const REQUESTER: &str = "requester.";

/// Who waits for which request. An answer that nobody waits for any more is counted and dropped.
#[derive(Debug)]
pub(crate) struct Requests {
    /// The address that answers come to: gone with this process.
    pub(crate) queue: Arc<str>,
    waiting: Mutex<HashMap<MessageId, oneshot::Sender<Arc<Envelope>>>>,
}

impl Requests {
    pub(crate) fn new(node: MessageId) -> Self {
        Self {
            queue: format!("{REQUESTER}{node}").into(),
            waiting: Mutex::default(),
        }
    }

    /// Begins to wait; ends when the guard is dropped.
    pub(crate) fn wait_for(&self, id: MessageId) -> (Waiting<'_>, oneshot::Receiver<Arc<Envelope>>) {
        let (answer, answered) = oneshot::channel();
        self.lock().insert(id, answer);
        (Waiting { requests: self, id }, answered)
    }

    /// Hands an answer to its caller.
    pub(crate) fn deliver(&self, answer: &Arc<Envelope>) {
        let caller = answer
            .in_reply_to
            .and_then(|request| self.lock().remove(&request));
        let delivered = caller.is_some_and(|caller| caller.send(Arc::clone(answer)).is_ok());
        if !delivered {
            tracing::debug!(message.name = %answer.name, message.id = %answer.id, "nobody waits for this answer any more");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<MessageId, oneshot::Sender<Arc<Envelope>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's place among those who wait.
pub(crate) struct Waiting<'a> {
    requests: &'a Requests,
    id: MessageId,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.requests.lock().remove(&self.id);
    }
}
