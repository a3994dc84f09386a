//! Callers that wait for an answer in this process.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::oneshot;

use crate::{
    Error, ErrorKind,
    envelope::{Envelope, MessageId},
    hash::HashMap,
};

/// Begins the name of every reply queue of callers.
pub(crate) const REQUESTER: &str = "requester.";

/// Who waits for which request. An answer that nobody waits for any more is counted and dropped.
#[derive(Debug)]
pub(crate) struct Requests {
    /// The address that answers come to: gone with this process.
    pub(crate) queue: Arc<str>,
    waiting: Mutex<HashMap<MessageId, Vec<Caller>>>,
    last: AtomicU64,
}

/// One who waits; several may have sent the same request.
#[derive(Debug)]
struct Caller {
    number: u64,
    answer: oneshot::Sender<Answer>,
}

/// What a caller is told.
type Answer = Result<Arc<Envelope>, Error>;

impl Requests {
    pub(crate) fn new(node: MessageId) -> Self {
        Self {
            queue: format!("{REQUESTER}{node}").into(),
            waiting: Mutex::default(),
            last: AtomicU64::new(0),
        }
    }

    /// Begins to wait; ends when the guard is dropped.
    pub(crate) fn wait_for(&self, id: MessageId) -> (Waiting<'_>, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let caller = Caller { number, answer };
        self.lock().entry(id).or_default().push(caller);
        let waiting = Waiting {
            requests: self,
            id,
            number,
        };
        (waiting, answered)
    }

    /// Hands an answer to its callers.
    pub(crate) fn deliver(&self, answer: &Arc<Envelope>) {
        let callers = answer
            .in_reply_to
            .and_then(|request| self.lock().remove(&request))
            .unwrap_or_default();
        let mut delivered = false;
        for caller in callers {
            delivered |= caller.answer.send(Ok(Arc::clone(answer))).is_ok();
        }
        if !delivered {
            tracing::debug!(message.name = %answer.name, message.id = %answer.id, "nobody waits for this answer any more");
        }
    }

    /// Nobody can tell whether a request that was handed over had its effect: its callers are told so.
    pub(crate) fn doubt(&self, request: &Envelope) {
        for caller in self.lock().remove(&request.id).unwrap_or_default() {
            let text = format!(
                "the store does not say whether `{}` was committed; a command that starts a saga can be sent again",
                request.name
            );
            let _ = caller.answer.send(Err(Error::new(ErrorKind::Unknown, text)));
        }
    }

    /// No answer will come any more: callers are told in the order in which they asked.
    pub(crate) fn close(&self) {
        let waiting = std::mem::take(&mut *self.lock());
        let mut callers: Vec<Caller> = waiting.into_values().flatten().collect();
        callers.sort_unstable_by_key(|caller| caller.number);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<MessageId, Vec<Caller>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's place among those who wait.
pub(crate) struct Waiting<'a> {
    requests: &'a Requests,
    id: MessageId,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.requests.lock();
        if let Some(callers) = waiting.get_mut(&self.id) {
            callers.retain(|caller| caller.number != self.number);
            if callers.is_empty() {
                waiting.remove(&self.id);
            }
        }
    }
}
