//! What all tasks of a bus share: routing, bounds, lanes, and the alarm that wakes the intake.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{
    arrival::Arrival,
    budget::{Budget, Permit},
    heard::Heard,
    relay::Parcel,
    requests::Requests,
    routing::{Consumer, Kind, Routing},
    store_time::StoreTime,
};
use crate::{
    Error, ErrorKind,
    codec::Codec,
    engine::Failure,
    envelope::Envelope,
    limits::Limits,
    store::{InstanceId, Node, Outcome, Seq, Store, Taken, Unit, Wait, Want},
    transport::Transport,
};

/// The longest pause between two tries at a store that does not answer.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// What all tasks of a bus share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) node: Node,
    pub(crate) time: StoreTime,
    pub(crate) codec: Codec,
    pub(crate) routing: Routing,
    pub(crate) budget: Budget,
    pub(crate) requests: Requests,
    pub(crate) alarm: Alarm,
    pub(crate) heard: Heard,
    /// Messages for a broker may be there that no living node sends.
    pub(crate) leftovers: Notify,
    pub(crate) health: Health,
    pub(crate) lanes: Lanes,
    pub(crate) stopping: AtomicBool,
    /// Held while a saga's message that a dead process had in hand is tried again, alone.
    pub(crate) careful: tokio::sync::Mutex<()>,
    pub(crate) started_at: Timestamp,
    /// Where its tasks run, for what a caller begins and the bus has to end.
    pub(crate) runtime: tokio::runtime::Handle,
}

/// The ways into the workers.
pub(crate) struct Lanes {
    /// One per partition of the sagas' instances.
    pub(crate) sagas: Vec<async_channel::Sender<Work>>,
    /// One per consumer; only services' are used.
    pub(crate) services: Vec<async_channel::Sender<Arrival>>,
    pub(crate) relay: async_channel::Sender<Parcel>,
}

/// Something for a saga worker to do.
pub(crate) enum Work {
    /// A message for an instance.
    Message { id: InstanceId, arrival: Arrival },
    /// A message whose instance cannot be told.
    Broken { arrival: Arrival, failure: Failure },
    /// An instance with a timer due.
    Wake(InstanceId),
}

impl Shared {
    pub(crate) fn limits(&self) -> &Limits {
        &self.node.limits
    }

    /// By the store's clock, as everything here.
    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Takes, and learns the store's time.
    pub(crate) async fn take(&self, want: Want) -> Result<Taken, Error> {
        let asked = self.time.ask();
        let taken = self.store.take(want).await?;
        self.time.told(asked, taken.now);
        Ok(taken)
    }

    /// Until when a message waits for a build that knows it. Counted from this start at the earliest: while nothing
    /// ran, no such build could have come.
    fn unknown_until(&self, arrival: &Arrival) -> Timestamp {
        let since = arrival.accepted_at.max(self.started_at);
        since
            .saturating_add(self.limits().unknown_wait)
            .unwrap_or(Timestamp::MAX)
    }

    /// Lets a message wait for a build that knows it, and the instance if one is named; `false` if it has waited as long
    /// as it may.
    pub(crate) fn wait_for_build(
        &self,
        arrival: &Arrival,
        instance: Option<InstanceId>,
        unit: &mut Unit,
        now: Timestamp,
    ) -> bool {
        let until = self.unknown_until(arrival);
        let waits = now < until;
        if waits {
            arrival.park(unit, Wait::Unknown, until, instance);
        }
        waits
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Whether messages leave through a broker.
    pub(crate) fn relays(&self) -> bool {
        self.transport.is_some()
    }

    /// Whether callers in other processes wait at the same store.
    pub(crate) fn answers_travel(&self) -> bool {
        self.transport.is_none() && self.store.caps().shared
    }

    /// Whether a message that is here for the second time only asks for the answer it was given: a caller's command that
    /// starts a saga, which has no second effect but an answer.
    pub(crate) fn asks_again(&self, queue: &str, envelope: &Envelope) -> bool {
        let by_caller = envelope
            .reply_to
            .as_ref()
            .is_some_and(|reply_to| reply_to.instance.is_none());
        let sources = self.routing.sources_of(queue, envelope);
        by_caller
            && !sources.is_empty()
            && sources
                .iter()
                .all(|&source| match self.routing.consumer_of(source) {
                    Some(Consumer {
                        kind: Kind::Saga(engine),
                        ..
                    }) => engine.is_starting(&envelope.name),
                    _ => false,
                })
    }

    /// A place for a new message of this source, if this node can take it on at once without passing older ones.
    pub(crate) fn take_on(&self, source: usize, bytes: usize) -> Option<Permit> {
        let source = &self.routing.sources[source];
        if self.is_stopping() || source.is_behind() {
            return None;
        }
        self.budget.try_acquire(source.consumer?, bytes)
    }

    /// A row was written that nobody took on.
    pub(crate) fn left_behind(&self, source: Option<usize>, queue: &str) {
        let source = source
            .map(|source| &self.routing.sources[source])
            .or_else(|| self.routing.unassigned(queue));
        if let Some(source) = source {
            source.set_behind(true);
            self.alarm.ring();
        }
    }

    /// There may be something to take anywhere.
    pub(crate) fn look_everywhere(&self) {
        self.routing.ask_all();
        self.leftovers.notify_one();
        self.alarm.ring();
    }

    /// Hands an arrival to its lane.
    pub(crate) fn dispatch(&self, mut arrival: Arrival) {
        let Some(index) = self.routing.sources[arrival.source].consumer else {
            return;
        };
        match &self.routing.consumers[index].kind {
            Kind::Service(_) => {
                let _ = self.lanes.services[index].try_send(arrival);
            }
            Kind::Saga(engine) => match engine.instance_of(&arrival.envelope) {
                Ok((id, decoded)) => {
                    arrival.decoded = decoded;
                    let partition = self.partition(&id);
                    self.send_to(partition, Work::Message { id, arrival });
                }
                Err(failure) => {
                    let _ = self.lanes.sagas[0].try_send(Work::Broken { arrival, failure });
                }
            },
        }
    }

    /// The partition of an instance: always the same, so that it never runs concurrently with itself.
    fn partition(&self, id: &InstanceId) -> usize {
        partition(id, self.lanes.sagas.len())
    }

    /// Has an instance's due timers fired.
    pub(crate) fn wake(&self, id: InstanceId) {
        self.send_to(self.partition(&id), Work::Wake(id));
    }

    fn send_to(&self, partition: usize, work: Work) {
        // The lanes are unbounded, their content is bounded by the budget; a closed one means that the bus is gone.
        let _ = self.lanes.sagas[partition].try_send(work);
    }

    pub(crate) fn relay(&self, seq: Seq, to: Arc<str>, envelope: Arc<Envelope>, permit: Permit) {
        let _ = self.lanes.relay.try_send(Parcel {
            seq,
            to,
            envelope,
            unrouted: 0,
            outages: 0,
            permit,
        });
    }

    /// Commits. What waits from then on rings when its time comes: not before it is there, or it would not be found.
    pub(crate) async fn commit(&self, units: Vec<Unit>) -> Result<Vec<Outcome>, Error> {
        let due = units.iter().filter_map(Unit::due).min();
        let outcomes = self.store.commit(units).await.inspect_err(|error| {
            // What the store then gave back, to whom nobody else may tell.
            if error.kind() == ErrorKind::Unknown {
                self.look_everywhere();
            }
        })?;
        if let Some(due) = due {
            self.alarm.set(due);
        }
        Ok(outcomes)
    }

    /// Commits, and tries again for as long as the store is out of reach. A unit that rests on nothing would be applied
    /// twice where its outcome is not known: it is not tried again, as if its claim were lost.
    pub(crate) async fn commit_patiently(&self, units: &[Unit]) -> Vec<Outcome> {
        let mut pause = Duration::from_millis(20);
        let mut left = units.to_vec();
        let mut given_up = false;
        loop {
            match self.commit(left.clone()).await {
                Ok(mut outcomes) => {
                    self.health.good();
                    let groundless = units
                        .iter()
                        .zip(&mut outcomes)
                        .filter(|(unit, _)| unit.rests_on_nothing());
                    if given_up {
                        groundless.for_each(|(_, outcome)| *outcome = Outcome::ClaimLost);
                    }
                    return outcomes;
                }
                Err(error) => {
                    if error.kind() == ErrorKind::Unknown {
                        given_up = true;
                        let groundless = left.iter_mut().filter(|unit| unit.rests_on_nothing());
                        groundless.for_each(|unit| *unit = Unit::default());
                    }
                    self.bear(&error, &mut pause).await;
                }
            }
        }
    }

    /// Notes that the store failed and waits before the next try, each time longer.
    pub(crate) async fn bear(&self, error: &Error, pause: &mut Duration) {
        self.health.bad(error);
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(MAX_PAUSE);
    }
}

fn partition(id: &InstanceId, partitions: usize) -> usize {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    id.key.hash(&mut hasher);
    usize::try_from(hasher.finish() % partitions as u64).unwrap_or(0)
}

/// Wakes the intake: at once, or when the next timer is due.
#[derive(Debug)]
pub(crate) struct Alarm {
    bell: Notify,
    /// In microseconds; `i64::MAX`: never.
    due: AtomicI64,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        Self {
            bell: Notify::new(),
            due: AtomicI64::new(i64::MAX),
        }
    }

    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Something will be due then.
    pub(crate) fn set(&self, due: Timestamp) {
        let due = due.as_microsecond();
        if self.due.fetch_min(due, Ordering::AcqRel) > due {
            self.ring();
        }
    }

    /// Forgets what was set; the intake asks the store instead.
    pub(crate) fn reset(&self) {
        self.due.store(i64::MAX, Ordering::Release);
    }

    pub(crate) fn due(&self) -> Option<Timestamp> {
        let due = self.due.load(Ordering::Acquire);
        (due != i64::MAX).then(|| Timestamp::from_microsecond(due).unwrap_or(Timestamp::MAX))
    }
}

/// Whether the store answers; told once per change, not once per try.
#[derive(Debug, Default)]
pub(crate) struct Health {
    sick: AtomicBool,
    fault: Mutex<Option<String>>,
}

impl Health {
    pub(crate) fn good(&self) {
        if self.sick.load(Ordering::Relaxed) && self.sick.swap(false, Ordering::AcqRel) {
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
            tracing::info!("the store answers again");
        }
    }

    pub(crate) fn bad(&self, error: &Error) {
        let text = error.to_string();
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.as_deref() != Some(&text) {
            tracing::error!(error = text, kind = ?error.kind(), "the store fails; nothing is received until it answers");
            *fault = Some(text);
        }
        self.sick.store(true, Ordering::Release);
    }

    /// What the store last failed with, while it does.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
