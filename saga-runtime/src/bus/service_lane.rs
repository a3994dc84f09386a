//! The service lane: handlers that do I/O, side by side under a bound, never in the way of a saga.
//!
//! Their completions share commits like everything else: while one is under way, the next ones collect.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{self, Poll},
    time::Duration,
};

use async_channel::Receiver;
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;

use super::{
    arrival::Arrival,
    chain::{chance, give_up},
    outbox::{Draft, Places, answer_at_hand},
    routing::ServiceSlot,
    shared::Shared,
    worker::begin_alone,
};
use crate::{
    ServiceError,
    context::Context,
    dead_letter::Reason,
    effects::{Effects, Output},
    engine::{Emission, Failure, served},
    input::Input,
    retry::{Retry, RetryPolicy},
    store::{Join, Outcome, Unit},
    telemetry,
};

/// How long a suspect keeps its service's other suspects waiting.
const ALONE: Duration = Duration::from_millis(250);

/// A handler under way in a task of its own, which ends with it: a bus that is gone does no more I/O.
struct Running(JoinHandle<Done>);

impl Future for Running {
    type Output = Result<Done, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<Self::Output> {
        self.0.poll_unpin(context)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Handling = Pin<Box<dyn Future<Output = Done> + Send>>;
type Committing = Pin<Box<dyn Future<Output = (Vec<Outcome>, Vec<Finished>)> + Send>>;

/// The lane of one service.
pub(crate) struct ServiceLane {
    shared: Arc<Shared>,
    slot: Arc<ServiceSlot>,
    policy: RetryPolicy,
    lane: Receiver<Arrival>,
    running: FuturesUnordered<Running>,
    done: Vec<Done>,
    committing: Option<Committing>,
}

/// A message that was handled, one way or the other.
struct Done {
    arrival: Arrival,
    result: Result<Handled, (Failure, RetryPolicy)>,
}

/// What a handler has done.
#[derive(Default)]
struct Handled {
    emissions: Vec<Emission>,
    /// To be done in the transaction that finishes the message.
    join: Vec<Join>,
}

/// A completion in a commit under way.
struct Finished {
    arrival: Arrival,
    draft: Draft,
    places: Places,
}

impl ServiceLane {
    pub(crate) fn new(
        shared: Arc<Shared>,
        slot: Arc<ServiceSlot>,
        policy: RetryPolicy,
        lane: Receiver<Arrival>,
    ) -> Self {
        Self {
            shared,
            slot,
            policy,
            lane,
            running: FuturesUnordered::new(),
            done: Vec::new(),
            committing: None,
        }
    }

    /// Works until the lane is closed and everything in it is done.
    pub(crate) async fn run(mut self) {
        let mut open = true;
        while open || !self.running.is_empty() || !self.done.is_empty() || self.committing.is_some() {
            if self.committing.is_none() && !self.done.is_empty() {
                self.begin_commit();
            }
            let room = self.running.len() < self.slot.concurrency;
            tokio::select! {
                biased;
                (outcomes, finished) = committed(&mut self.committing) => self.committed(outcomes, finished).await,
                Some(done) = self.running.next() => self.done.extend(done.ok()),
                arrival = self.lane.recv(), if open && room => match arrival {
                    Ok(arrival) => self.begin_all(arrival),
                    Err(_) => open = false,
                },
            }
        }
    }

    /// Begins with all that is at hand, so that what is done at once shares a commit.
    fn begin_all(&mut self, first: Arrival) {
        self.begin(first);
        let batch = self.shared.limits().batch;
        while self.running.len() < self.slot.concurrency && self.done.len() < batch {
            match self.lane.try_recv() {
                Ok(arrival) => self.begin(arrival),
                Err(_) => break,
            }
        }
    }

    fn begin(&mut self, arrival: Arrival) {
        let suspect = arrival.suspect;
        let (shared, slot, policy) = (
            Arc::clone(&self.shared),
            Arc::clone(&self.slot),
            self.policy.clone(),
        );
        if suspect {
            let alone = handle_alone(shared, slot, policy, arrival);
            self.running.push(Running(tokio::spawn(alone)));
            return;
        }
        // Most handlers are done at once, or at least get their I/O under way: no task is needed to find out.
        let mut handling: Handling = Box::pin(handle(shared, slot, policy, arrival));
        match (&mut handling).now_or_never() {
            Some(done) => self.done.push(done),
            None => self.running.push(Running(tokio::spawn(handling))),
        }
    }

    fn begin_commit(&mut self) {
        let now = self.shared.now();
        let mut units: Vec<Unit> = Vec::with_capacity(self.done.len());
        let mut finished = Vec::with_capacity(self.done.len());
        let mut handed_on = Vec::new();
        for done in self.done.drain(..) {
            let Done { arrival, result } = done;
            let alone = result.as_ref().ok().filter(|handled| handled.join.is_empty());
            let answer = alone.and_then(|handled| answer_at_hand(&self.shared, &arrival, &handled.emissions));
            if let Some(answer) = answer {
                handed_on.push(answer.with_cause(arrival));
                continue;
            }
            let mut draft = conclude(&self.shared, &arrival, result, now);
            let (unit, places) = draft.take_unit();
            units.push(unit);
            finished.push(Finished {
                arrival,
                draft,
                places,
            });
        }
        for answer in handed_on {
            self.shared.dispatch(answer);
        }
        if units.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        self.committing = Some(Box::pin(async move {
            // If only the commit fails, the completion is kept and committed again: the handler has done its work.
            let outcomes = shared.commit_patiently(&units).await;
            (outcomes, finished)
        }));
    }

    async fn committed(&mut self, outcomes: Vec<Outcome>, finished: Vec<Finished>) {
        self.committing = None;
        for (
            Finished {
                arrival,
                draft,
                places,
            },
            outcome,
        ) in finished.into_iter().zip(outcomes)
        {
            match outcome {
                Outcome::Applied { born } => draft.applied(&self.shared, places, born),
                Outcome::Rejected(why) => {
                    let text = format!("the store refuses what its handling writes: {why}");
                    let failure = Failure::new(Reason::RefusedByStore, text);
                    fail(&self.shared, &arrival, &failure, &RetryPolicy::never()).await;
                }
                Outcome::JoinFailed(why) => {
                    let failure = Failure::new(Reason::RetriesExhausted, why);
                    fail(&self.shared, &arrival, &failure, &self.policy).await;
                }
                lost => {
                    if arrival.row.is_none() {
                        self.shared.requests.doubt(&arrival.envelope);
                    }
                    tracing::warn!(
                        message.name = %arrival.envelope.name, message.id = %arrival.envelope.id, ?lost,
                        "the claim on a message was lost while it was handled; its outcome is dropped"
                    );
                }
            }
        }
    }
}

/// The attempt came to nothing after all.
async fn fail(shared: &Shared, arrival: &Arrival, failure: &Failure, policy: &RetryPolicy) {
    let mut unit = Unit::default();
    give_up(shared, &mut unit, arrival, failure, policy, shared.now());
    shared.set_aside(arrival, unit).await;
}

async fn committed(committing: &mut Option<Committing>) -> (Vec<Outcome>, Vec<Finished>) {
    match committing {
        Some(committing) => committing.await,
        None => std::future::pending().await,
    }
}

/// A process died with this message in hand: it runs alone among its service's suspects, and that it runs is written
/// down first. One that takes long does not keep the others waiting for ever.
async fn handle_alone(
    shared: Arc<Shared>,
    slot: Arc<ServiceSlot>,
    policy: RetryPolicy,
    mut arrival: Arrival,
) -> Done {
    let suspects = Arc::clone(&slot);
    let alone = suspects.careful.lock().await;
    if !begin_alone(&shared, &mut arrival).await {
        arrival.row = None;
        return Done {
            arrival,
            result: Ok(Handled::default()),
        };
    }
    let acquittal = acquittal(&arrival);
    let mut handling: Handling = Box::pin(handle(Arc::clone(&shared), slot, policy, arrival));
    match tokio::time::timeout(ALONE, &mut handling).await {
        Ok(done) => done,
        Err(_) => {
            drop(alone);
            shared.commit_patiently(&[acquittal]).await;
            handling.await
        }
    }
}

/// A handler that has run for a while does not kill the process at once: that it ran alone is not held against it. Else a
/// slow one would be blamed whenever somebody kills the process.
fn acquittal(arrival: &Arrival) -> Unit {
    let counters = arrival.counters(arrival.crashes.saturating_sub(1));
    Unit {
        park: counters.into_iter().collect(),
        ..Unit::default()
    }
}

/// Runs the handler, again on the spot as often as the policy says.
async fn handle(
    shared: Arc<Shared>,
    slot: Arc<ServiceSlot>,
    policy: RetryPolicy,
    mut arrival: Arrival,
) -> Done {
    loop {
        let (failure, retryable) = match attempt(&shared, &slot, &arrival).await {
            Ok(handled) => {
                return Done {
                    arrival,
                    result: Ok(handled),
                };
            }
            Err(failed) => failed,
        };
        let failures = arrival.tries.failed + 1;
        if policy.decide(failures, retryable, chance(arrival.envelope.id)) != Retry::Now {
            let policy = if retryable { policy } else { RetryPolicy::never() };
            return Done {
                arrival,
                result: Err((failure, policy)),
            };
        }
        arrival.tries.note(shared.now(), &failure.detail);
    }
}

/// One attempt; of a failure, whether another may help.
async fn attempt(shared: &Shared, slot: &ServiceSlot, arrival: &Arrival) -> Result<Handled, (Failure, bool)> {
    let definition = slot.service.definition();
    let handler = definition
        .handlers
        .iter()
        .position(|handler| *handler.message.name == *arrival.envelope.name);
    let Some(handler) = handler else {
        let text = format!(
            "service `{}` has no handler for `{}`",
            definition.name, arrival.envelope.name
        );
        return Err((Failure::new(Reason::UnknownType, text), false));
    };
    let joined = Arc::<Mutex<Vec<Join>>>::default();
    let context = Context {
        now: shared.now(),
        envelope: Arc::clone(&arrival.envelope),
        key: None,
        attempt: arrival.tries.failed,
        codec: shared.codec,
        joined: Some(Arc::clone(&joined)),
    };
    let input = Input::new(&context, &arrival.envelope);
    let span = tracing::debug_span!(
        "handle", service.name = definition.name, message.name = %arrival.envelope.name,
        message.id = %arrival.envelope.id, attempt = arrival.tries.failed,
        traceparent = arrival.envelope.traceparent.as_deref()
    );
    let handling = AssertUnwindSafe(slot.service.handle(handler, input)).catch_unwind();
    match handling.instrument(span).await {
        Ok(result) => result
            .map_err(|error| failed(&error))
            .and_then(|effects| within_limit(shared, effects))
            .map(|effects| Handled {
                emissions: served(
                    arrival.consumer.as_deref().unwrap_or_default(),
                    &arrival.envelope,
                    effects,
                    shared.now(),
                ),
                join: std::mem::take(&mut joined.lock().unwrap_or_else(PoisonError::into_inner)),
            }),
        Err(panic) => {
            let text = format!("the handler panicked: {}", telemetry::panic_text(&*panic));
            Err((Failure::new(Reason::HandlerPanicked, text), true))
        }
    }
}

fn failed(error: &ServiceError) -> (Failure, bool) {
    let retryable = error.is_retryable();
    let reason = if error.is_newer() {
        Reason::UnknownType
    } else if error.is_undecodable() {
        Reason::Undecodable
    } else {
        Reason::RetriesExhausted
    };
    (Failure::new(reason, error.to_string()), retryable)
}

fn within_limit(shared: &Shared, effects: Effects) -> Result<Effects, (Failure, bool)> {
    let limit = shared.limits().body_bytes;
    let over = effects
        .outputs
        .iter()
        .map(Output::payload)
        .find(|payload| payload.body.len() > limit);
    match over {
        None => Ok(effects),
        Some(payload) => {
            let text = format!(
                "it emits `{}` of {} bytes; the limit is {limit}",
                payload.info.name,
                payload.body.len()
            );
            Err((Failure::new(Reason::OverLimit, text), false))
        }
    }
}

/// The unit that a handled message comes to.
fn conclude(
    shared: &Shared,
    arrival: &Arrival,
    result: Result<Handled, (Failure, RetryPolicy)>,
    now: jiff::Timestamp,
) -> Draft {
    let mut draft = Draft::default();
    match result {
        Ok(handled) => {
            arrival.consume(&mut draft.unit);
            draft.unit.join = handled.join;
            draft.emit(shared, handled.emissions);
        }
        Err((failure, policy)) => give_up(shared, &mut draft.unit, arrival, &failure, &policy, now),
    }
    draft
}
