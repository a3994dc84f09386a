//! What can be said of one saga or service when it is put on a bus.

use crate::retry::RetryPolicy;

/// How one saga runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SagaOptions {
    /// What to do when a handler fails. Handlers are pure, so that by default a failure is a dead letter at once; a
    /// delayed retry helps only where a new build may come in the meantime.
    pub retry: RetryPolicy,
}

impl Default for SagaOptions {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::never(),
        }
    }
}

impl SagaOptions {
    /// With another policy for handlers that fail.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }
}

/// How one service runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceOptions {
    /// What to do when a handler fails.
    pub retry: RetryPolicy,
    /// How many messages it handles side by side: 64.
    pub concurrency: usize,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            concurrency: 64,
        }
    }
}

impl ServiceOptions {
    /// With another policy for handlers that fail.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// With another number of messages handled side by side.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency;
        self
    }
}
