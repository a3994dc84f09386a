//! Looking into the store and repairing it.

use std::collections::BTreeMap;

use super::{Memory, dead_letter::page, state::State};
use crate::{
    Error,
    dead_letter::{DeadLetterFilter, DeadLetterId, StoredDeadLetter},
    service::BoxFuture,
    store::{
        Found, Inspect, InstanceCount, InstanceFilter, InstanceId, InstanceRow, QueueDepth, Subscription,
    },
};

impl Memory {
    fn look<'a, T: Send + 'a>(
        &'a self,
        look: impl FnOnce(&mut State) -> T + Send + 'a,
    ) -> BoxFuture<'a, Result<T, Error>> {
        Box::pin(async move { Ok(look(&mut self.state())) })
    }
}

impl Inspect for Memory {
    fn instances(&self, filter: InstanceFilter) -> BoxFuture<'_, Result<Vec<InstanceRow>, Error>> {
        self.look(move |state| instances(state, &filter))
    }

    fn instance(&self, id: InstanceId) -> BoxFuture<'_, Result<Found, Error>> {
        let horizon = self.horizon();
        self.look(move |state| state.instances.find(&id, horizon))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<InstanceCount>, Error>> {
        self.look(|state| counts(state))
    }

    fn queues(&self) -> BoxFuture<'_, Result<Vec<QueueDepth>, Error>> {
        self.look(|state| queues(state))
    }

    fn dead_letters(&self, filter: DeadLetterFilter) -> BoxFuture<'_, Result<Vec<StoredDeadLetter>, Error>> {
        self.look(move |state| state.dead.list(&filter))
    }

    fn dead_letter_counts(&self) -> BoxFuture<'_, Result<BTreeMap<String, u64>, Error>> {
        self.look(|state| state.dead.counts())
    }

    fn replay(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>> {
        let now = self.now();
        self.look(move |state| state.replay(now, &ids))
    }

    fn delete(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>> {
        self.look(move |state| state.dead.delete(&ids))
    }

    fn unsubscribe(&self, subscription: Subscription) -> BoxFuture<'_, Result<bool, Error>> {
        self.look(move |state| state.subscriptions.remove(&subscription))
    }
}

fn instances(state: &State, filter: &InstanceFilter) -> Vec<InstanceRow> {
    let mut found: Vec<&InstanceRow> = state
        .instances
        .live()
        .filter(|row| matches(filter, row))
        .collect();
    if filter.with_timer {
        found.sort_unstable_by_key(|row| (row.due, &row.id));
    } else {
        found.sort_unstable_by_key(|row| (row.created_at, &row.id));
    }
    let page = found.into_iter().skip(filter.offset).take(page(filter.limit));
    page.cloned().collect()
}

fn matches(filter: &InstanceFilter, row: &InstanceRow) -> bool {
    let is = |wanted: &Option<String>, text: &str| wanted.as_deref().is_none_or(|wanted| wanted == text);
    is(&filter.saga, &row.id.saga)
        && is(&filter.state, &row.state)
        && is(&filter.key, &row.id.key)
        && filter.created_before.is_none_or(|before| row.created_at < before)
        && filter.updated_before.is_none_or(|before| row.updated_at < before)
        && (!filter.parked || row.parked.is_some())
        && (!filter.with_timer || row.due.is_some())
}

fn counts(state: &State) -> Vec<InstanceCount> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in state.instances.live() {
        *counts.entry((&row.id.saga, &row.state)).or_default() += 1;
    }
    let counts = counts.into_iter();
    let counts = counts.map(|((saga, state), count)| InstanceCount {
        saga: saga.to_owned(),
        state: state.to_owned(),
        count,
    });
    counts.collect()
}

fn queues(state: &State) -> Vec<QueueDepth> {
    let mut depths: BTreeMap<(&str, u8), QueueDepth> = BTreeMap::new();
    for stored in state.messages.all() {
        let depth = depths
            .entry((&stored.queue, stored.wait as u8))
            .or_insert_with(|| QueueDepth {
                queue: stored.queue.to_string(),
                wait: stored.wait,
                count: 0,
                oldest: None,
            });
        depth.count += 1;
        let accepted = stored.accepted_at;
        depth.oldest = Some(depth.oldest.map_or(accepted, |oldest| oldest.min(accepted)));
    }
    depths.into_values().collect()
}
