//! Counts what this process handles. The library opens a `tracing` span `handle` around every handler it calls, of sagas
//! and services alike; here that is all we listen to.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tracing::{Event, Metadata, Subscriber, span, subscriber::SetGlobalDefaultError};

#[derive(Clone, Default)]
pub struct Handled(Arc<AtomicU64>);

impl Handled {
    /// Counts from now on.
    pub fn counted() -> Result<Self, SetGlobalDefaultError> {
        let handled = Self::default();
        tracing::subscriber::set_global_default(handled.clone())?;
        Ok(handled)
    }

    pub fn messages(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Subscriber for Handled {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.name() == "handle"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
