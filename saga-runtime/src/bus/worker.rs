//! The batch lane: one partition of the sagas' instances, many messages per load and per commit.
//!
//! A flush begins as soon as the last one ended and takes whatever waits: no timer, no debounce.

use std::{sync::Arc, time::Duration};

use async_channel::Receiver;

use super::{
    arrival::Arrival,
    cache::{Cache, Cached},
    chain::{Chain, Run, give_up},
    outbox::{Draft, Places},
    shared::{Shared, Work},
};
use crate::{
    Error, ErrorKind,
    dead_letter::Reason,
    engine::{Failure, Slot},
    hash::{HashMap, HashSet},
    retry::RetryPolicy,
    store::{Found, InstanceId, Outcome, Unit, Want},
};

/// Instances a worker keeps decoded.
const CACHED: usize = 8_192;

/// One saga worker.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    lane: Receiver<Work>,
    cache: Cache,
}

/// A chain that has run, waiting for its outcome.
struct Pending {
    chain: Chain,
    run: Run,
    places: Places,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, lane: Receiver<Work>) -> Self {
        Self {
            shared,
            lane,
            cache: Cache::new(CACHED),
        }
    }

    /// Works until the lane is closed.
    pub(crate) async fn run(mut self) {
        while let Ok(first) = self.lane.recv().await {
            let mut batch = vec![first];
            while batch.len() < self.shared.limits().batch {
                match self.lane.try_recv() {
                    Ok(work) => batch.push(work),
                    Err(_) => break,
                }
            }
            self.flush(batch).await;
        }
    }

    async fn flush(&mut self, batch: Vec<Work>) {
        let mut chains = Chains::default();
        for work in batch {
            match work {
                Work::Message { id, arrival } if arrival.suspect => {
                    self.flush_chains(chains.take()).await;
                    self.run_alone(id, arrival).await;
                }
                Work::Message { id, arrival } => chains.add(&self.shared, id, Some(arrival)),
                Work::Wake(id) => chains.add(&self.shared, id, None),
                Work::Broken { arrival, failure } => self.bury(arrival, &failure).await,
            }
        }
        self.flush_chains(chains.take()).await;
    }

    /// A process died with this message in hand: it runs alone, and that it runs is written down first.
    async fn run_alone(&mut self, id: InstanceId, mut arrival: Arrival) {
        let shared = Arc::clone(&self.shared);
        let _alone = shared.careful.lock().await;
        if !begin_alone(&shared, &mut arrival).await {
            return;
        }
        let mut chains = Chains::default();
        chains.add(&shared, id, Some(arrival));
        self.flush_chains(chains.take()).await;
    }

    async fn flush_chains(&mut self, mut chains: Vec<Chain>) {
        let mut pause = Duration::from_millis(20);
        while !chains.is_empty() {
            let (first, later) = one_of_each(chains);
            chains = match self.try_flush(first).await {
                Ok(again) => again,
                Err((error, again)) => {
                    self.cache.clear();
                    self.shared.bear(&error, &mut pause).await;
                    again
                }
            };
            chains.extend(later);
        }
    }

    /// Loads, runs and commits; returns the chains that must run again.
    async fn try_flush(&mut self, chains: Vec<Chain>) -> Result<Vec<Chain>, (Error, Vec<Chain>)> {
        let loaded = match self.load(&chains).await {
            Ok(loaded) => loaded,
            Err(error) => return Err((error, chains)),
        };
        let (mut pending, unreadable) = self.run_all(chains, loaded);
        for (chain, error) in unreadable {
            self.set_back(chain, &error).await;
        }
        let mut units = Vec::with_capacity(pending.len());
        for pending in &mut pending {
            let (unit, places) = pending.run.draft.take_unit();
            pending.places = places;
            units.push(unit);
        }
        match self.shared.commit(units).await {
            Ok(outcomes) => {
                self.shared.health.good();
                Ok(self.settle(pending, outcomes).await)
            }
            Err(error) => {
                let again = pending.into_iter().map(|pending| Chain {
                    load: true,
                    ..pending.chain
                });
                let mut again: Vec<Chain> = again.collect();
                if error.kind() == ErrorKind::Unknown {
                    self.let_go_of_the_unwritten(&mut again);
                }
                Err((error, again))
            }
        }
    }

    /// A message that rests on no gate leaves nothing behind that would tell whether it had its effect: it is not run again.
    fn let_go_of_the_unwritten(&self, chains: &mut Vec<Chain>) {
        for chain in &mut *chains {
            let unwritten = chain.arrivals.extract_if(.., |arrival| !arrival.has_gate());
            unwritten.for_each(|arrival| self.shared.requests.doubt(&arrival.envelope));
        }
        chains.retain(|chain| chain.wake || !chain.arrivals.is_empty());
    }

    /// Reads the instances that are neither cached nor about to be started.
    async fn load(&mut self, chains: &[Chain]) -> Result<HashMap<InstanceId, Found>, Error> {
        let missing = chains.iter().filter(|chain| {
            let cached = self.cache.contains(&chain.id);
            chain.load || !(cached || chain.may_assume_absent())
        });
        let ids: Vec<InstanceId> = missing.map(|chain| chain.id.clone()).collect();
        if ids.is_empty() {
            return Ok(HashMap::default());
        }
        let taken = self
            .shared
            .take(Want {
                instances: ids.clone(),
                ..Want::default()
            })
            .await?;
        Ok(ids.into_iter().zip(taken.instances).collect())
    }

    fn run_all(
        &mut self,
        chains: Vec<Chain>,
        mut loaded: HashMap<InstanceId, Found>,
    ) -> (Vec<Pending>, Vec<(Chain, Error)>) {
        let now = self.shared.now();
        let mut pending = Vec::with_capacity(chains.len());
        let mut unreadable = Vec::new();
        for mut chain in chains {
            let cached = self.cache.take(&chain.id);
            let known = match loaded.remove(&chain.id) {
                Some(found) => chain
                    .engine
                    .open(found.clone())
                    .map(|slot| Cached { found, slot }),
                None => Ok(cached.unwrap_or(Cached {
                    found: Found::Absent,
                    slot: Slot::Absent,
                })),
            };
            match known.and_then(|known| chain.run(&self.shared, known, now)) {
                Ok(run) => pending.push(Pending {
                    chain,
                    run,
                    places: Vec::new(),
                }),
                Err(error) => unreadable.push((chain, error)),
            }
        }
        (pending, unreadable)
    }

    /// After the commit: what was applied is handed on, what was not runs again.
    async fn settle(&mut self, pending: Vec<Pending>, outcomes: Vec<Outcome>) -> Vec<Chain> {
        let mut again = Vec::new();
        for (Pending { chain, run, places }, outcome) in pending.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Applied { born } => self.applied(chain, run, places, born),
                Outcome::Conflict => again.push(Chain { load: true, ..chain }),
                refused => again.extend(self.isolate(chain, refused).await),
            }
        }
        again
    }

    fn applied(&mut self, chain: Chain, run: Run, places: Places, born: Vec<crate::store::Seq>) {
        if let Found::Live(row) = &run.after.found {
            if let Some(due) = row.due {
                self.shared.alarm.set(due);
            }
            self.cache.put(chain.id, run.after);
        }
        run.draft.applied(&self.shared, places, born);
        chain.arrivals.into_iter().for_each(Arrival::settle);
    }

    /// A unit was refused: its members are tried one by one; one that is refused alone is set aside.
    async fn isolate(&mut self, chain: Chain, refused: Outcome) -> Vec<Chain> {
        if let Some(why) = &chain.refused {
            tracing::error!(
                saga.name = %chain.id.saga, saga.key = %chain.id.key, why, ?refused,
                "the store refuses a timer and its dead letter; it does not fire"
            );
            return Vec::new();
        }
        let Chain {
            id,
            engine,
            arrivals,
            wake,
            ..
        } = chain;
        let alone = |arrivals, wake| Chain {
            id: id.clone(),
            engine: Arc::clone(&engine),
            arrivals,
            wake,
            load: true,
            refused: None,
        };
        if arrivals.len() + usize::from(wake) > 1 {
            let mut each: Vec<Chain> = arrivals
                .into_iter()
                .map(|arrival| alone(vec![arrival], false))
                .collect();
            each.extend(wake.then(|| alone(Vec::new(), true)));
            return each;
        }
        match (arrivals.into_iter().next(), refused) {
            (Some(arrival), Outcome::Rejected(why)) => {
                let failure = Failure::new(
                    Reason::RefusedByStore,
                    format!("the store refuses what its handling writes: {why}"),
                );
                self.bury(arrival, &failure).await;
            }
            (Some(mut arrival), Outcome::Duplicate) => {
                tracing::debug!(message.id = %arrival.envelope.id, "a duplicate delivery");
                if self.shared.asks_again(&arrival.queue, &arrival.envelope)
                    && let Some(receipt) = &mut arrival.receipt
                {
                    receipt.entry = None;
                    return vec![alone(vec![arrival], false)];
                }
                arrival.settle();
            }
            (Some(arrival), _) => tracing::warn!(
                message.id = %arrival.envelope.id, "the claim on a message was lost to another process; it is handled there"
            ),
            (None, Outcome::Rejected(why)) => {
                let mut timer = alone(Vec::new(), true);
                timer.refused = Some(why);
                return vec![timer];
            }
            (None, refused) => tracing::error!(
                saga.name = %id.saga, saga.key = %id.key, ?refused, "an unforeseen answer of the store to a timer"
            ),
        }
        Vec::new()
    }

    /// The stored instance cannot be opened by this build: its messages wait for one that can.
    async fn set_back(&self, chain: Chain, error: &Error) {
        tracing::error!(saga.name = %chain.id.saga, saga.key = %chain.id.key, %error, "an instance cannot be opened");
        let now = self.shared.now();
        for arrival in chain.arrivals {
            let mut unit = Unit::default();
            let damaged = error.kind() == ErrorKind::Corrupt;
            let instance = Some(chain.id.clone());
            if damaged || !self.shared.wait_for_build(&arrival, instance, &mut unit, now) {
                let tries = arrival.tries.and(now, &error.to_string());
                arrival.bury_after(tries, &mut unit, Reason::UnknownType, error.to_string(), now);
            }
            self.shared.set_aside(&arrival, unit).await;
            arrival.settle();
        }
    }

    async fn bury(&self, arrival: Arrival, failure: &Failure) {
        let mut draft = Draft::default();
        give_up(
            &self.shared,
            &mut draft.unit,
            &arrival,
            failure,
            &RetryPolicy::never(),
            self.shared.now(),
        );
        self.shared.set_aside(&arrival, draft.take_unit().0).await;
        arrival.settle();
    }
}

/// The first chain of each instance; the others rest on what it leads to.
fn one_of_each(chains: Vec<Chain>) -> (Vec<Chain>, Vec<Chain>) {
    if all_differ(&chains) {
        return (chains, Vec::new());
    }
    let mut seen = HashSet::default();
    chains
        .into_iter()
        .partition(|chain| seen.insert(chain.id.clone()))
}

fn all_differ(chains: &[Chain]) -> bool {
    let mut seen = HashSet::with_capacity_and_hasher(chains.len(), Default::default());
    chains.iter().all(|chain| seen.insert(&chain.id))
}

/// Writes down that a suspect is about to run; `false` if it was set aside instead, for having been so too often.
pub(crate) async fn begin_alone(shared: &Shared, arrival: &mut Arrival) -> bool {
    let now = shared.now();
    let mut unit = Unit::default();
    arrival.suspect = false;
    arrival.crashes += 1;
    let go_on = arrival.crashes <= shared.limits().crashes;
    if go_on {
        unit.park.extend(arrival.counters(arrival.crashes));
    } else {
        let detail = format!(
            "the process died {} times with this message alone in hand",
            arrival.crashes - 1
        );
        arrival.bury(&mut unit, Reason::CrashedProcess, detail, now);
    }
    shared.set_aside(arrival, unit).await;
    go_on
}

/// The chains of a batch, in order of their first member.
#[derive(Default)]
struct Chains {
    chains: Vec<Chain>,
    by_id: HashMap<InstanceId, usize>,
}

impl Chains {
    fn add(&mut self, shared: &Shared, id: InstanceId, arrival: Option<Arrival>) {
        let limit = shared.limits().chain;
        let open = self
            .by_id
            .get(&id)
            .copied()
            .filter(|&index| self.chains[index].arrivals.len() < limit);
        let index = match open {
            Some(index) => index,
            None => {
                let Some(engine) = shared.routing.engine(&id.saga) else {
                    return;
                };
                let engine = Arc::clone(engine);
                self.chains.push(Chain {
                    id: id.clone(),
                    engine,
                    arrivals: Vec::new(),
                    wake: false,
                    load: false,
                    refused: None,
                });
                self.by_id.insert(id, self.chains.len() - 1);
                self.chains.len() - 1
            }
        };
        match arrival {
            Some(arrival) => self.chains[index].add(arrival),
            None => self.chains[index].wake = true,
        }
    }

    fn take(&mut self) -> Vec<Chain> {
        self.by_id.clear();
        std::mem::take(&mut self.chains)
    }
}
