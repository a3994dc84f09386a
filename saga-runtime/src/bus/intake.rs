//! Takes what this node did not put into its lanes itself: leftovers, other processes' messages, retries, timers.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    arrival::Arrival,
    overdue::{Overdue, TIMERS},
    routing::Kind,
    shared::Shared,
};
use crate::{
    dead_letter::Reason,
    store::{Claim, Seq, Source as StoreSource, Stored, Taken, Unit, Want},
};

/// The task that takes.
pub(crate) struct Intake {
    shared: Arc<Shared>,
    /// When something in the store is due, as far as is known.
    next_due: Option<Timestamp>,
    overdue: Overdue,
    /// Some timer that is due was not handed out yet, or its firing not seen yet. A time and not a span, so that no other
    /// wake-up puts it off.
    look_again: Option<Instant>,
}

impl Intake {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            overdue: Overdue::new(Arc::clone(&shared)),
            shared,
            next_due: Some(Timestamp::MIN),
            look_again: None,
        }
    }

    /// Takes until the task is aborted or the bus stops.
    pub(crate) async fn run(mut self) {
        let mut pause = Duration::from_millis(20);
        while !self.shared.is_stopping() {
            if self.look_again.is_some_and(|again| again <= Instant::now()) {
                self.look_again = None;
                self.next_due = Some(Timestamp::MIN);
            }
            let (want, sources) = self.want();
            if want.claims.is_empty() && want.timers == 0 {
                self.wait().await;
                continue;
            }
            match self.shared.take(want.clone()).await {
                Ok(taken) => {
                    pause = Duration::from_millis(20);
                    self.shared.health.good();
                    self.taken(&want, &sources, taken).await;
                }
                Err(error) => {
                    self.ask_again(&sources);
                    // The alarm was reset for it.
                    self.next_due = Some(Timestamp::MIN);
                    self.shared.bear(&error, &mut pause).await;
                }
            }
        }
    }

    /// Sleeps until there may be something: the bell, the store, places in memory, or the next thing due.
    async fn wait(&mut self) {
        let due = [self.next_due, self.shared.alarm.due()]
            .into_iter()
            .flatten()
            .min();
        let time = &self.shared.time;
        let sleep = async {
            match due {
                Some(due) => time.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        // Whoever comes first, all that is due is asked for: the order decides nothing but that runs can be repeated.
        tokio::select! {
            biased;
            () = self.shared.store.woken() => self.shared.look_everywhere(),
            () = self.shared.alarm.rung() => {}
            () = self.shared.budget.released() => {}
            () = sleep => {}
            () = until(self.look_again) => {}
        }
    }

    fn ask_again(&self, sources: &[usize]) {
        for &source in sources {
            self.shared.routing.sources[source].set_behind(true);
        }
    }

    /// What to ask for: a share of the free places for each source that is behind, and timers once they are due.
    fn want(&self) -> (Want, Vec<usize>) {
        let shared = &self.shared;
        let all = &shared.routing.sources;
        let now = shared.now();
        let due = [self.next_due, shared.alarm.due()]
            .into_iter()
            .flatten()
            .any(|due| due <= now);
        if due {
            // Messages whose wait is over become ready as the store is asked, whoever they are for.
            self.shared.routing.ask_all();
        }
        let claims: Vec<(usize, Claim)> = (0..all.len())
            .filter_map(|index| Some((index, self.claim(index)?)))
            .collect();
        let (behind, claims): (Vec<usize>, Vec<Claim>) = claims.into_iter().unzip();
        let want = Want {
            claims,
            max_bytes: shared.budget.free().bytes,
            timers: if due { TIMERS } else { 0 },
            oldest: if due { self.saga_sources() } else { Vec::new() },
            ..Want::default()
        };
        // Cleared before asking: what is left behind from here on sets it again.
        for &source in &behind {
            all[source].set_behind(false);
        }
        if due {
            shared.alarm.reset();
        }
        (want, behind)
    }

    /// What to claim of a source, if the store holds something for it and there is a place for that.
    fn claim(&self, source: usize) -> Option<Claim> {
        let shared = &self.shared;
        let source = &shared.routing.sources[source];
        let free = source
            .consumer
            .map_or_else(|| shared.budget.free(), |share| shared.budget.free_for(share));
        if !source.is_behind() || free.is_none() || shared.budget.free().is_none() {
            return None;
        }
        let consumer = source
            .consumer
            .map(|consumer| Arc::clone(&shared.routing.consumers[consumer].name));
        Some(Claim {
            queue: Arc::clone(&source.queue),
            consumer,
            // A saga has two sources, and unassigned messages add to every share.
            limit: (free.messages / 2).clamp(1, shared.limits().batch),
        })
    }

    fn saga_sources(&self) -> Vec<StoreSource> {
        let routing = &self.shared.routing;
        let of_sagas = routing.sources.iter().filter_map(|source| {
            let consumer = &routing.consumers[source.consumer?];
            let is_saga = matches!(consumer.kind, Kind::Saga(_));
            is_saga.then(|| StoreSource {
                queue: Arc::clone(&source.queue),
                consumer: Arc::clone(&consumer.name),
            })
        });
        of_sagas.collect()
    }

    async fn taken(&mut self, want: &Want, sources: &[usize], mut taken: Taken) {
        for (&source, more) in sources.iter().zip(&taken.more) {
            if *more {
                self.shared.routing.sources[source].set_behind(true);
            }
        }
        for stored in std::mem::take(&mut taken.messages) {
            self.receive(stored).await;
        }
        self.next_due = taken.next_due;
        if want.timers > 0 {
            self.look_again = self
                .overdue
                .wake(want, &taken)
                .map(|pause| Instant::now() + pause);
        }
    }

    async fn receive(&self, mut stored: Stored) {
        let shared = &self.shared;
        if *stored.queue == *shared.requests.queue {
            shared.requests.deliver(&stored.envelope);
            shared.commit_patiently(&[consumed([stored.seq])]).await;
            return;
        }
        let source = match &stored.consumer {
            Some(consumer) => shared
                .routing
                .source_named(&stored.queue, consumer)
                .filter(|&source| shared.routing.knows(source, &stored.envelope)),
            None => match shared.routing.sources_of(&stored.queue, &stored.envelope) {
                [source] => Some(*source),
                [] => None,
                several => return self.split(&stored, several).await,
            },
        };
        let share = source.and_then(|source| shared.routing.sources[source].consumer);
        let permit = shared.budget.acquire(share, stored.envelope.body.len());
        match source {
            Some(source) => {
                stored.consumer = shared
                    .routing
                    .consumer_of(source)
                    .map(|consumer| Arc::clone(&consumer.name));
                shared.dispatch(Arrival::of_row(stored, source, permit));
            }
            None => self.set_aside_unknown(Arrival::of_row(stored, 0, permit)).await,
        }
    }

    /// A message for several sagas or services becomes one row for each.
    async fn split(&self, stored: &Stored, sources: &[usize]) {
        let mut draft = super::outbox::Draft::default();
        draft.unit.consumed.push(stored.seq);
        draft.enqueue(
            &self.shared,
            Arc::clone(&stored.queue),
            Arc::clone(&stored.envelope),
        );
        tracing::trace!(consumers = sources.len(), message.id = %stored.envelope.id, "split");
        let (unit, places) = draft.take_unit();
        for outcome in self.shared.commit_patiently(&[unit]).await {
            if let Ok(born) = super::outbox::born(outcome) {
                return draft.applied(&self.shared, places, born);
            }
        }
    }

    /// Nobody here knows its type: it waits for a build that does, bounded.
    async fn set_aside_unknown(&self, arrival: Arrival) {
        let now = self.shared.now();
        let mut unit = Unit::default();
        if !self.shared.wait_for_build(&arrival, None, &mut unit, now) {
            let detail = format!("nothing at `{}` takes `{}`", arrival.queue, arrival.envelope.name);
            arrival.bury(&mut unit, Reason::UnknownType, detail, now);
        }
        self.shared.set_aside(&arrival, unit).await;
    }
}

/// The unit that these rows are finished with.
pub(crate) fn consumed(seqs: impl IntoIterator<Item = Seq>) -> Unit {
    Unit {
        consumed: seqs.into_iter().collect(),
        ..Unit::default()
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
