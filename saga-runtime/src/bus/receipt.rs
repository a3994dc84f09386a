//! For a delivery that is handled before it is written: what tells it from one handled before, and who waits to
//! acknowledge it.

use tokio::sync::oneshot;

use crate::store::InboxEntry;

/// Goes with a delivery until the commit that gives it an outcome. Dropped before, the broker delivers it again.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// To be recorded in that commit; `None` if it is known that it was, and only its answer is wanted again.
    pub(crate) entry: Option<InboxEntry>,
    settled: oneshot::Sender<()>,
}

impl Receipt {
    /// A receipt, and what waits until it is settled.
    pub(crate) fn of(entry: InboxEntry) -> (Self, oneshot::Receiver<()>) {
        let (settled, waiting) = oneshot::channel();
        let receipt = Self {
            entry: Some(entry),
            settled,
        };
        (receipt, waiting)
    }

    /// The delivery has its outcome.
    pub(crate) fn settle(self) {
        // Who no longer waits has lost the connection: it comes again, and is recognised.
        let _ = self.settled.send(());
    }
}
