//! Work on the store's own database that is part of a unit: a service's rows, written in the transaction that finishes
//! its message.

use std::{any::Any, error::Error as StdError, fmt, sync::Arc};

/// Statements for the store's own transaction, made by the store they are for: [`Sqlite::join`](super::Sqlite::join).
///
/// Hand it to [`Context::join`](crate::Context::join) in a service, so that the service's rows, its answers and the end of
/// its message are one commit; or to [`Bus::send`](crate::Bus::send)'s `join` outside, so that the message is sent if the rows are
/// written. If the work fails, nothing of either happens.
///
/// A transaction that has to be repeated runs the work again: it should have no effect but on the transaction.
#[derive(Clone)]
pub struct Join {
    backend: &'static str,
    work: Arc<dyn Any + Send + Sync>,
}

/// Why joined work failed.
pub type JoinError = Box<dyn StdError + Send + Sync>;

impl Join {
    /// For authors of stores: wraps what [`work`](Self::work) gives back. `backend` is the store's name in its
    /// [caps](super::StoreCaps::name).
    pub fn new<Work: Any + Send + Sync>(backend: &'static str, work: Work) -> Self {
        Self {
            backend,
            work: Arc::new(work),
        }
    }

    /// The work, if it was made by a store that wraps it in this type.
    pub fn work<Work: Any>(&self) -> Option<&Work> {
        self.work.downcast_ref()
    }

    /// What a store that cannot do the work says.
    pub fn not_for(&self, store: &str) -> String {
        format!(
            "the handler joins a transaction of `{}`, and the bus runs on `{store}`: make the `Join` with the store in use",
            self.backend
        )
    }
}

impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
