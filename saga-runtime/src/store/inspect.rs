//! What a store lets a person see and mend.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Found, InstanceId, InstanceRow, Subscription, Wait};
use crate::{
    Error,
    dead_letter::{DeadLetterFilter, DeadLetterId, StoredDeadLetter},
    service::BoxFuture,
};

/// Looking and repairing. Every list is bounded by its filter's limit and pages by its `after`.
pub trait Inspect: Send + Sync {
    /// Live instances.
    fn instances(&self, filter: InstanceFilter) -> BoxFuture<'_, Result<Vec<InstanceRow>, Error>>;

    /// One instance, alive or finished.
    fn instance(&self, id: InstanceId) -> BoxFuture<'_, Result<Found, Error>>;

    /// Live instances by saga and state.
    fn counts(&self) -> BoxFuture<'_, Result<Vec<InstanceCount>, Error>>;

    /// Message rows by queue and reason for waiting.
    fn queues(&self) -> BoxFuture<'_, Result<Vec<QueueDepth>, Error>>;

    /// Dead letters, oldest first.
    fn dead_letters(&self, filter: DeadLetterFilter) -> BoxFuture<'_, Result<Vec<StoredDeadLetter>, Error>>;

    /// How many dead letters there are, by message name.
    fn dead_letter_counts(&self) -> BoxFuture<'_, Result<BTreeMap<String, u64>, Error>>;

    /// Puts dead letters back into their queues under their own ids, each atomically; how many there were. Those that
    /// are no envelopes stay where they are.
    fn replay(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>>;

    /// Deletes dead letters; how many there were.
    fn delete(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>>;

    /// Removes the subscription of an endpoint that is no more.
    fn unsubscribe(&self, subscription: Subscription) -> BoxFuture<'_, Result<bool, Error>>;
}

/// Which live instances. Everything left out matches all.
#[derive(Clone, Debug, Default)]
pub struct InstanceFilter {
    /// Of this saga.
    pub saga: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// With this key.
    pub key: Option<String>,
    /// Started before.
    pub created_before: Option<Timestamp>,
    /// Unchanged since.
    pub updated_before: Option<Timestamp>,
    /// Only those whose compensation is parked.
    pub parked: bool,
    /// Only those with a timer, earliest first.
    pub with_timer: bool,
    /// Skip this many.
    pub offset: usize,
    /// At most this many; 0 is taken as 100.
    pub limit: usize,
}

/// How many live instances of a saga are in a state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstanceCount {
    /// The saga.
    pub saga: String,
    /// The state.
    pub state: String,
    /// How many.
    pub count: u64,
}

/// How many message rows a queue holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    /// The queue.
    pub queue: String,
    /// Why they wait.
    pub wait: Wait,
    /// How many.
    pub count: u64,
    /// When the oldest was accepted.
    pub oldest: Option<Timestamp>,
}
