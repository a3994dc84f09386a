//! What a person sees of the notebook, and mends.

use std::collections::BTreeMap;

use saga_runtime::{
    Error,
    dead_letter::{DeadLetterFilter, DeadLetterId, DeadMessage, StoredDeadLetter},
    service::BoxFuture,
    store::{
        Found, Inspect, InstanceCount, InstanceFilter, InstanceId, InstanceRow, NewMessage, QueueDepth,
        Subscription,
    },
};

use super::{Caller, Notebook, pages::Pages};

impl Inspect for Notebook {
    fn instances(&self, filter: InstanceFilter) -> BoxFuture<'_, Result<Vec<InstanceRow>, Error>> {
        self.visit(move |pages, _| {
            let mut rows: Vec<_> = pages.live.iter().filter(|row| is_asked(&filter, row)).collect();
            match filter.with_timer {
                true => rows.sort_by_key(|row| (row.due, &row.id)),
                false => rows.sort_by_key(|row| (row.created_at, &row.id)),
            }
            let page = rows.into_iter().skip(filter.offset).take(page(filter.limit));
            page.cloned().collect()
        })
    }

    fn instance(&self, id: InstanceId) -> BoxFuture<'_, Result<Found, Error>> {
        self.visit(move |pages, caller| pages.find(&id, caller))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<InstanceCount>, Error>> {
        self.visit(|pages, _| {
            let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
            for row in &pages.live {
                let of = (row.id.saga.to_string(), row.state.to_string());
                *counts.entry(of).or_default() += 1;
            }
            let counts = counts.into_iter();
            counts
                .map(|((saga, state), count)| InstanceCount { saga, state, count })
                .collect()
        })
    }

    fn queues(&self) -> BoxFuture<'_, Result<Vec<QueueDepth>, Error>> {
        self.visit(|pages, _| {
            let mut depths: BTreeMap<(String, u8), QueueDepth> = BTreeMap::new();
            for stored in pages.messages.iter().map(|row| &row.stored) {
                let queue = stored.queue.to_string();
                let depth = depths
                    .entry((queue.clone(), stored.wait as u8))
                    .or_insert(QueueDepth {
                        queue,
                        wait: stored.wait,
                        count: 0,
                        // The list is in the order of acceptance.
                        oldest: Some(stored.accepted_at),
                    });
                depth.count += 1;
            }
            depths.into_values().collect()
        })
    }

    fn dead_letters(&self, filter: DeadLetterFilter) -> BoxFuture<'_, Result<Vec<StoredDeadLetter>, Error>> {
        self.visit(move |pages, _| {
            let asked = pages.dead.iter().filter(|stored| is_sought(&filter, stored));
            asked.take(page(filter.limit)).cloned().collect()
        })
    }

    fn dead_letter_counts(&self) -> BoxFuture<'_, Result<BTreeMap<String, u64>, Error>> {
        self.visit(|pages, _| {
            let mut counts = BTreeMap::new();
            for stored in &pages.dead {
                let name = stored.letter.message.name().unwrap_or_default();
                *counts.entry(name.to_owned()).or_default() += 1;
            }
            counts
        })
    }

    fn replay(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>> {
        self.visit(move |pages, caller| {
            let replayed = ids.into_iter().filter(|id| pages.replay(*id, caller));
            replayed.count()
        })
    }

    fn delete(&self, ids: Vec<DeadLetterId>) -> BoxFuture<'_, Result<usize, Error>> {
        self.visit(move |pages, _| {
            let before = pages.dead.len();
            pages.dead.retain(|stored| !ids.contains(&stored.id));
            before - pages.dead.len()
        })
    }

    fn unsubscribe(&self, subscription: Subscription) -> BoxFuture<'_, Result<bool, Error>> {
        self.visit(move |pages, _| pages.subscriptions.remove(&subscription))
    }
}

impl Pages {
    /// Puts a dead letter back into its queue, under its own id; bytes that are no message stay where they are.
    fn replay(&mut self, id: DeadLetterId, caller: &Caller) -> bool {
        let found = self.dead.iter().position(|stored| stored.id == id);
        let Some(at) = found else { return false };
        let DeadMessage::Envelope(envelope) = &self.dead[at].letter.message else {
            return false;
        };
        let envelope = envelope.clone();
        let letter = self.dead.remove(at).letter;
        let message = NewMessage {
            envelope,
            wait: letter.wait_on_replay(),
            queue: letter.queue,
            consumer: letter.consumer,
            claimed: false,
            due: None,
            attempts: 0,
            history: letter.history,
            instance: None,
        };
        self.put(message, None, caller.now);
        true
    }
}

fn is_asked(filter: &InstanceFilter, row: &InstanceRow) -> bool {
    let is = |asked: &Option<String>, text: &str| asked.as_deref().is_none_or(|asked| asked == text);
    is(&filter.saga, &row.id.saga)
        && is(&filter.state, &row.state)
        && is(&filter.key, &row.id.key)
        && filter.created_before.is_none_or(|before| row.created_at < before)
        && filter.updated_before.is_none_or(|before| row.updated_at < before)
        && (!filter.parked || row.parked.is_some())
        && (!filter.with_timer || row.due.is_some())
}

fn is_sought(filter: &DeadLetterFilter, StoredDeadLetter { id, letter }: &StoredDeadLetter) -> bool {
    let name = filter.name.as_deref();
    let queue = filter.queue.as_deref();
    *id > filter.after
        && name.is_none_or(|name| letter.message.name() == Some(name))
        && queue.is_none_or(|queue| *letter.queue == *queue)
        && filter.reason.is_none_or(|reason| letter.reason == reason)
}

/// The size of a page: 0 is taken as 100.
fn page(limit: usize) -> usize {
    if limit == 0 { 100 } else { limit }
}
