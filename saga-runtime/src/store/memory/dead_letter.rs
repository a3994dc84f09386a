//! Messages set aside.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::state::State;
use crate::{
    dead_letter::{DeadLetter, DeadLetterFilter, DeadLetterId, DeadMessage, StoredDeadLetter},
    store::NewMessage,
};

/// All dead letters, in the order in which they came.
#[derive(Default)]
pub(super) struct DeadLetters {
    last: DeadLetterId,
    letters: BTreeMap<DeadLetterId, DeadLetter>,
}

impl DeadLetters {
    pub(super) fn add(&mut self, letter: DeadLetter) {
        self.last += 1;
        self.letters.insert(self.last, letter);
    }

    pub(super) fn list(&self, filter: &DeadLetterFilter) -> Vec<StoredDeadLetter> {
        let after = filter.after.saturating_add(1);
        self.letters
            .range(after..)
            .filter(|(_, letter)| matches(filter, letter))
            .take(page(filter.limit))
            .map(|(&id, letter)| StoredDeadLetter {
                id,
                letter: letter.clone(),
            })
            .collect()
    }

    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for letter in self.letters.values() {
            let name = letter.message.name().unwrap_or_default();
            *counts.entry(name.to_owned()).or_default() += 1;
        }
        counts
    }

    pub(super) fn delete(&mut self, ids: &[DeadLetterId]) -> usize {
        ids.iter().filter(|id| self.letters.remove(id).is_some()).count()
    }

    /// Takes a letter out as the message row it becomes again; raw bytes stay where they are.
    fn revive(&mut self, id: DeadLetterId) -> Option<NewMessage> {
        let DeadMessage::Envelope(envelope) = &self.letters.get(&id)?.message else {
            return None;
        };
        let envelope = envelope.clone();
        let letter = self.letters.remove(&id)?;
        let wait = letter.wait_on_replay();
        Some(NewMessage {
            envelope,
            queue: letter.queue,
            consumer: letter.consumer,
            claimed: false,
            wait,
            due: None,
            attempts: 0,
            history: letter.history,
            instance: None,
        })
    }
}

impl State {
    /// Puts dead letters back into their queues; how many.
    pub(super) fn replay(&mut self, now: Timestamp, ids: &[DeadLetterId]) -> usize {
        let mut replayed = 0;
        for &id in ids {
            if let Some(message) = self.dead.revive(id) {
                self.messages.insert(message, None, now);
                replayed += 1;
            }
        }
        self.wake_if_ready();
        replayed
    }
}

fn matches(filter: &DeadLetterFilter, letter: &DeadLetter) -> bool {
    let name = filter.name.as_deref();
    name.is_none_or(|name| letter.message.name() == Some(name))
        && filter
            .queue
            .as_deref()
            .is_none_or(|queue| *letter.queue == *queue)
        && filter.reason.is_none_or(|reason| letter.reason == reason)
}

/// The size of a page: 0 is taken as 100.
pub(super) fn page(limit: usize) -> usize {
    if limit == 0 { 100 } else { limit }
}
