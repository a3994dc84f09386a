//! The store seam: where instances, messages, timers and dead letters live, and the one call that changes them.
//!
//! ```text
//!            take ──▶ messages claimed, instances loaded, timers due       (one round trip)
//!  bus  ◀──▶ commit ─▶ units, each atomic, each with its own outcome        (one round trip)
//!            beat ──▶ renew the lease, adopt the dead, collect garbage      (every few seconds)
//! ```
//!
//! # The contract
//!
//! 1. **A unit is applied wholly or not at all**, whatever becomes of the others in the same commit. It is applied iff
//!    all it rests on still holds: the instance has the expected version, every message row it finishes or parks is
//!    still claimed by this node, every inbox entry it records is new.
//! 2. **`Ok` means durable** as far as [`StoreCaps::durability`] says. `Err` with [`ErrorKind::Unknown`] means the outcome is not known: the
//!    caller takes again; what was applied is recognised by its gates. Any other `Err` means that nothing was applied.
//!    Rows that were claimed, or born claimed, in a call without an answer must not be left with nobody who knows that he
//!    holds them. A store behind a network therefore finds out by itself what became of a call whose connection broke, and
//!    waits for that as long as it takes; or it answers `Unknown` and gives back all that its node has claimed before it
//!    answers anything else. Whoever then still holds a row loses its gate, and takes it again. An embedded store may also
//!    answer `Unknown` where nothing was applied unless this process dies before its next commit: what was claimed before
//!    the call then stays claimed, and what was born in it was not.
//! 3. A unit that the backend refuses for its content is isolated: it gets [`Outcome::Rejected`], the rest goes on.
//! 4. The store has one clock for timers, leases and retention: the [`Clock`] handed to [`Store::open`] in an embedded
//!    store, the server's own elsewhere. [`Opened::now`] and [`Taken::now`] say what it shows, read during the call; the
//!    bus goes by it.
//! 5. `take` never returns a message that a live node has claimed. A node that has not renewed its lease
//!    ([`LEASE`]) is dead; its claims are adopted by [`Store::beat`] or by the next [`Store::open`], marked as
//!    [`Stored::suspect`] until they are parked; so is what it claims thereafter, if it was not dead. A store that is not [shared](StoreCaps::shared) knows at
//!    [`Store::open`] that its predecessor is dead.
//! 6. The commit that creates an instance releases the messages that waited for it.
//! 7. A message that waits for a build that knows it ([`Wait::Unknown`]) goes to a node that does, from that node's next
//!    [`Store::open`] or [`Store::beat`] on, and to any node once its wait is over. A node knows it if
//!    [`Catalog::takes`] says so and, where [`Park::instance`] names an instance that is alive, [`Catalog::opens`] does.
//!    Timers are named to nodes only whose catalog opens their instance.
//! 8. Ids handled, tombstones and inbox entries are kept for [`Limits::retention`](crate::limits::Limits::retention), then collected in small chunks.
//! 9. Work that a unit [joins](Unit::join) is done in the transaction that applies it, after its gates held. If it fails, the
//!    unit gets [`Outcome::JoinFailed`] and leaves nothing. Work made for another backend is [`Outcome::Rejected`].
//!
//! `saga_runtime::testing::store_suite` tests every sentence of this.

use std::{fmt::Debug, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Error, ErrorKind,
    clock::Clock,
    codec::Codec,
    dead_letter::DeadLetter,
    envelope::{Envelope, MessageId},
    limits::Limits,
    service::BoxFuture,
};

mod catalog;
mod inspect;
mod join;
mod memory;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod row;
mod statement;
pub use catalog::{Catalog, KnownMessage, KnownSaga};
pub use inspect::{Inspect, InstanceCount, InstanceFilter, QueueDepth};
pub use join::{Join, JoinError};
pub use memory::Memory;
pub use statement::{Sending, Statement};
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresOptions, SynchronousCommit};
#[cfg(feature = "sqlite")]
pub use rusqlite;
#[cfg(feature = "postgres")]
pub use tokio_postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
pub use sqlite::{Sqlite, SqliteOptions, Synchronous};

/// Where everything durable lives. See the [module](self) for the contract.
pub trait Store: Debug + Send + Sync + 'static {
    /// What it can do, as data.
    fn caps(&self) -> StoreCaps;

    /// Makes it ready for this node: migrates, locks or registers, adopts what a dead predecessor had claimed.
    /// Opening again with the same node only adds to its catalog and finds new subscriptions; its claims stay.
    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>>;

    /// Claims messages, loads instances, finds what is due: one round trip for all that is wanted.
    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>>;

    /// Applies units; one outcome each, in order. Concurrent calls may share one transaction (group commit).
    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>>;

    /// Renews this node's lease, adopts the claims of dead nodes, collects garbage in bounded chunks.
    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>>;

    /// Returns when there may be something to take that this node did not put there itself. It may return for nothing;
    /// it is never the only source of wake-ups.
    fn woken(&self) -> BoxFuture<'_, ()>;

    /// Gives back all claims and deregisters the node, so that others (or the next start) take over at once.
    fn close(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// The statement that sends a message from a transaction of the user's own on this database. Unless written otherwise,
    /// there is none: the store has its data to itself.
    fn statement(&self, _: &Sending) -> Result<Statement, Error> {
        let store = self.caps().name;
        let text = format!(
            "the store `{store}` takes part in no transaction but its own: have your rows written in that one, with `join`"
        );
        Err(Error::new(ErrorKind::Setup, text))
    }

    /// Looking and repairing.
    fn inspect(&self) -> &dyn Inspect;
}

/// What a store can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreCaps {
    /// A short name for logs: `"sqlite"`.
    pub name: &'static str,
    /// Several processes may serve one endpoint on it.
    pub shared: bool,
    /// What an applied unit survives.
    pub durability: Durability,
}

/// What is survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Nothing: it lives in the process.
    None,
    /// The death of the process.
    Process,
    /// Loss of power.
    Power,
}

/// This process, to the store.
#[derive(Clone, Debug)]
pub struct Node {
    /// A new id at every start.
    pub id: MessageId,
    /// The clock of embedded stores.
    pub clock: Arc<dyn Clock>,
    /// The bounds to keep.
    pub limits: Limits,
}

/// An event and a queue that gets it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subscription {
    /// The event's wire name.
    pub event: Arc<str>,
    /// The subscriber's queue.
    pub queue: Arc<str>,
}

/// What opening found.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The store's time.
    pub now: Timestamp,
    /// Every subscription known to the store: this build's and those that earlier or other builds left.
    pub subscriptions: Vec<Subscription>,
}

/// The identity of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InstanceId {
    /// The saga's stored name.
    pub saga: Arc<str>,
    /// The correlation key as text.
    pub key: Arc<str>,
}

/// How long a node is taken to be alive after it last renewed its lease: 10 s.
pub const LEASE: Duration = Duration::from_secs(10);

/// The position of a message row: assigned by the store, ascending.
pub type Seq = i64;

/// What [`Store::take`] is asked for. Everything may be left empty.
#[derive(Clone, Debug, Default)]
pub struct Want {
    /// Claim this many ready messages each; retries and waits that are due count as ready. Oldest first.
    pub claims: Vec<Claim>,
    /// Stop claiming past this many body bytes (one message always fits).
    pub max_bytes: usize,
    /// Load these.
    pub instances: Vec<InstanceId>,
    /// Say of each whether the consumer has handled it.
    pub inbox: Vec<InboxEntry>,
    /// Name up to this many instances with a timer due.
    pub timers: usize,
    /// Say of each of these consumers since when its oldest ready message has been waiting.
    pub oldest: Vec<Source>,
    /// Claim up to this many messages that wait to be relayed to a broker.
    pub relay: usize,
}

/// A consumer's share of a queue: what is assigned to it and what is not yet assigned to anyone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// The queue.
    pub queue: Arc<str>,
    /// The saga or service.
    pub consumer: Arc<str>,
}

/// How many messages to claim from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The queue.
    pub queue: Arc<str>,
    /// The saga or service; `None` claims messages not yet assigned to one.
    pub consumer: Option<Arc<str>>,
    /// At most this many.
    pub limit: usize,
}

/// What [`Store::take`] found.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The store's time.
    pub now: Timestamp,
    /// The messages claimed, in order of `seq`.
    pub messages: Vec<Stored>,
    /// For each [`Want::claims`]: whether ready messages were left behind, for its limit or for [`Want::max_bytes`].
    pub more: Vec<bool>,
    /// For each [`Want::instances`], in order.
    pub instances: Vec<Found>,
    /// For each [`Want::inbox`], in order: whether it is recorded.
    pub known: Vec<bool>,
    /// Instances whose [`InstanceRow::due`] has passed and that this node's catalog opens, earliest first.
    pub timers: Vec<(InstanceId, Timestamp)>,
    /// For each [`Want::oldest`], in order: when its oldest ready message was accepted, claimed or not.
    /// Messages that wait for a retry or an instance do not count.
    pub oldest: Vec<Option<Timestamp>>,
    /// Messages to relay to a broker.
    pub relay: Vec<Stored>,
    /// The earliest time at which an instance's timer or a waiting message becomes due, past [`now`](Self::now) or not yet named here.
    pub next_due: Option<Timestamp>,
}

/// An instance, or what is left of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Never seen, or its tombstone is gone.
    Absent,
    /// Alive.
    Live(InstanceRow),
    /// Finished within the retention.
    Finished(Tombstone),
}

/// A live instance as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceRow {
    /// Which.
    pub id: InstanceId,
    /// Which life of the key.
    pub incarnation: u64,
    /// Counts the steps; the gate of every change.
    pub version: u64,
    /// The state's stored name.
    pub state: Arc<str>,
    /// The version of the saga definition that wrote [`data`](Self::data).
    pub saga_version: u32,
    /// How [`data`](Self::data) is written.
    pub content_type: Codec,
    /// The saga's own data.
    pub data: Bytes,
    /// The engine's bookkeeping: open requests, who waits, step log, timers, ids handled.
    pub book: Bytes,
    /// When its earliest timer is due.
    pub due: Option<Timestamp>,
    /// Why its compensation needs a person, if it does.
    pub parked: Option<Arc<str>>,
    /// When it started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What is left of a finished instance for the retention period.
#[derive(Clone, Debug, PartialEq)]
pub struct Tombstone {
    /// Which.
    pub id: InstanceId,
    /// Which life of the key.
    pub incarnation: u64,
    /// The ids handled and the answers given, written by the engine.
    pub book: Bytes,
    /// When it started.
    pub created_at: Timestamp,
    /// When it finished.
    pub finished_at: Timestamp,
}

/// A message as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its row.
    pub seq: Seq,
    /// The message.
    pub envelope: Arc<Envelope>,
    /// The queue it is in.
    pub queue: Arc<str>,
    /// The saga or service it is assigned to.
    pub consumer: Option<Arc<str>>,
    /// Why it had been waiting.
    pub wait: Wait,
    /// When it was accepted into the queue.
    pub accepted_at: Timestamp,
    /// Attempts that failed.
    pub attempts: u32,
    /// How often a process died while it was claimed and run alone; see [`Park::crashes`].
    pub crashes: u32,
    /// It had been claimed by a node that died: run it alone, counting first.
    pub suspect: bool,
    /// What went wrong so far.
    pub history: Vec<Failure>,
}

/// One failed attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// What, in words.
    pub error: String,
}

/// Why a message row is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Wait {
    /// To be handled.
    Ready,
    /// To be tried again when due.
    Retry,
    /// For an instance that does not exist yet; due when the wait is over.
    Absent,
    /// For a build that knows its type and version, or its instance; due when the wait is over.
    Unknown,
    /// To be sent to a broker.
    Relay,
}

/// An id handled by a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InboxEntry {
    /// The saga or service.
    pub consumer: Arc<str>,
    /// The message.
    pub id: MessageId,
}

/// What must be true together.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// The instance it rests on and what becomes of it.
    pub instance: Option<InstanceChange>,
    /// Message rows that are finished: deleted if still claimed by this node, else [`Outcome::ClaimLost`].
    pub consumed: Vec<Seq>,
    /// Message rows that go back to waiting; claimed by this node, else [`Outcome::ClaimLost`].
    pub park: Vec<Park>,
    /// Ids to record; if one is already there, [`Outcome::Duplicate`].
    pub inbox: Vec<InboxEntry>,
    /// New message rows.
    pub out: Vec<NewMessage>,
    /// New dead letters.
    pub dead: Vec<DeadLetter>,
    /// Work on the store's own database, done in the same transaction; only where [`instance`](Self::instance) is `None`.
    pub join: Vec<Join>,
}

impl Unit {
    /// When the first message that it lets wait is due.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let parked = self.park.iter().filter_map(|park| park.due);
        parked
            .chain(self.out.iter().filter_map(|message| message.due))
            .min()
    }

    /// Whether it would be applied a second time: nothing that it changes tells that it has been.
    pub(crate) fn rests_on_nothing(&self) -> bool {
        let looks = self
            .instance
            .as_ref()
            .is_none_or(|instance| instance.change == Change::Keep);
        looks && self.consumed.is_empty() && self.park.is_empty() && self.inbox.is_empty()
    }
}

/// The instance a unit rests on and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceChange {
    /// Which.
    pub id: InstanceId,
    /// The version it must have; `None`: there must be neither a live instance nor a tombstone within the retention.
    pub expect: Option<u64>,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of an instance.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It was only looked at.
    Keep,
    /// It is created or replaced.
    Put(InstanceRow),
    /// It is finished; the tombstone takes its place. With `expect: None` it started and finished in one step.
    Finish(Tombstone),
}

/// A message row that goes back to waiting, unclaimed unless [`keep`](Self::keep).
#[derive(Clone, Debug, PartialEq)]
pub struct Park {
    /// Which.
    pub seq: Seq,
    /// Why it waits now.
    pub wait: Wait,
    /// Until when; `None`: at once.
    pub due: Option<Timestamp>,
    /// Attempts that failed so far.
    pub attempts: u32,
    /// See [`Stored::crashes`].
    pub crashes: u32,
    /// What went wrong so far, bounded by the caller.
    pub history: Vec<Failure>,
    /// For [`Wait::Absent`]: the instance it waits for. For [`Wait::Unknown`]: the one that must be opened for it.
    pub instance: Option<InstanceId>,
    /// It stays claimed by this node: only its counters change.
    pub keep: bool,
}

/// A message row to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// The message.
    pub envelope: Arc<Envelope>,
    /// The queue; for [`Wait::Relay`], the destination at the broker.
    pub queue: Arc<str>,
    /// The saga or service it is assigned to, where this node knows.
    pub consumer: Option<Arc<str>>,
    /// Born claimed: this node takes it on at once, without reading it back.
    pub claimed: bool,
    /// Why it waits.
    pub wait: Wait,
    /// Until when.
    pub due: Option<Timestamp>,
    /// Attempts that failed so far.
    pub attempts: u32,
    /// What went wrong so far.
    pub history: Vec<Failure>,
    /// As [`Park::instance`].
    pub instance: Option<InstanceId>,
}

/// What became of a unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Applied; the rows of [`Unit::out`], in order.
    Applied {
        /// The rows of [`Unit::out`], in order.
        born: Vec<Seq>,
    },
    /// The instance has another version: reload and run again.
    Conflict,
    /// An inbox entry was there already.
    Duplicate,
    /// A row is no longer claimed by this node: somebody else has it.
    ClaimLost,
    /// The backend refuses the content, in words.
    Rejected(String),
    /// Its [`Unit::join`] failed, in words.
    JoinFailed(String),
}

/// What a beat found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Claims of dead nodes given back.
    pub adopted: usize,
    /// Rows past their retention removed.
    pub collected: usize,
    /// There is more garbage: beat again soon.
    pub more: bool,
}
