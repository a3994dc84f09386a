//! Timers that are due: handed to their instances, but never ahead of a message that was accepted before.
//!
//! Of a message in the store it is known when it was accepted. One that comes through a broker was accepted there: all
//! that its queue had accepted by the timer's time must have its outcome, and what that wrote must have been handled.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::shared::Shared;
use crate::store::{InstanceId, Source, Taken, Want};

/// Timers taken at once.
pub(crate) const TIMERS: usize = 256;
/// A timer held back is looked at again after this: in real time, since what it waits for is work.
const HELD_BACK: Duration = Duration::from_millis(5);
/// A timer handed out that the store still names is looked at again after this.
const HANDED_OUT: Duration = Duration::from_millis(250);

/// An instance and the time at which it wants to be woken.
type Timer = (InstanceId, Timestamp);

/// What is remembered of timers until the commit that fires them.
pub(crate) struct Overdue {
    shared: Arc<Shared>,
    /// Handed out.
    woken: HashSet<Timer>,
    /// Since when all that the broker accepted before them has been received.
    heard: HashMap<Timer, Timestamp>,
}

/// When the oldest message of each source was accepted.
struct Standing<'a> {
    sources: &'a [Source],
    oldest: &'a [Option<Timestamp>],
}

impl Overdue {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            woken: HashSet::new(),
            heard: HashMap::new(),
        }
    }

    /// Wakes the instances whose time has come; after what time to look again, if not all were.
    pub(crate) fn wake(&mut self, want: &Want, taken: &Taken) -> Option<Duration> {
        let named: HashSet<&Timer> = taken.timers.iter().collect();
        self.woken.retain(|timer| named.contains(timer));
        self.heard.retain(|timer, _| named.contains(timer));
        let standing = Standing {
            sources: &want.oldest,
            oldest: &taken.oldest,
        };
        let mut look_again = (taken.timers.len() >= TIMERS).then_some(HELD_BACK);
        for timer in &taken.timers {
            if self.is_overtaking(timer, &standing) {
                look_again = Some(HELD_BACK);
            } else if self.woken.insert(timer.clone()) {
                self.shared.wake(timer.0.clone());
            } else {
                look_again = look_again.or(Some(HANDED_OUT));
            }
        }
        look_again
    }

    fn is_overtaking(&mut self, timer: &Timer, standing: &Standing<'_>) -> bool {
        let (id, due) = timer;
        if !self.shared.relays() {
            return standing.of(id).any(|oldest| oldest < *due);
        }
        // All of them are looked at, so that all of them are asked.
        let behind = standing
            .queues(id)
            .filter(|queue| !self.shared.heard.is_past(queue, *due));
        if behind.count() > 0 {
            self.heard.remove(timer);
            return true;
        }
        match self.heard.get(timer) {
            Some(heard) => standing.of(id).any(|oldest| oldest <= *heard),
            None => {
                // What was received up to now shows among the standing from the next look on.
                self.heard.insert(timer.clone(), self.shared.now());
                true
            }
        }
    }
}

impl Standing<'_> {
    fn queues<'a>(&'a self, id: &'a InstanceId) -> impl Iterator<Item = &'a str> {
        let sources = self.sources.iter();
        sources
            .filter(|source| source.consumer == id.saga)
            .map(|source| &*source.queue)
    }

    fn of<'a>(&'a self, id: &'a InstanceId) -> impl Iterator<Item = Timestamp> + 'a {
        let each = self.sources.iter().zip(self.oldest);
        each.filter(|(source, _)| source.consumer == id.saga)
            .filter_map(|(_, oldest)| *oldest)
    }
}
