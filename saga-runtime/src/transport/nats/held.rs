//! What a receiver holds unsettled, and the task that tells the server that it is still in hand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_nats::{Client, Subject};
use bytes::Bytes;
use tokio::time::Instant;

use super::topology::ACK_WAIT;

/// How often the server is told.
const STILL_IN_HAND: Duration = Duration::from_secs(ACK_WAIT.as_secs() / 4);

/// Deliveries by the receiver's own tag.
#[derive(Debug, Default)]
pub(super) struct Held {
    parcels: HashMap<u64, Parcel>,
    /// By source and place in its stream, so that what comes a second time is recognised.
    places: HashMap<(usize, u64), u64>,
    last_tag: u64,
}

/// A delivery in hand.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) source: usize,
    pub(super) sequence: u64,
    /// Where its acknowledgement goes.
    pub(super) reply: Subject,
    pub(super) bytes: usize,
    pub(super) since: Instant,
}

impl Held {
    /// Takes a delivery in hand, unless it is already; its tag.
    pub(super) fn take(&mut self, parcel: Parcel) -> Option<u64> {
        let place = (parcel.source, parcel.sequence);
        if let Some(held) = self.places.get(&place).and_then(|tag| self.parcels.get_mut(tag)) {
            held.reply = parcel.reply;
            return None;
        }
        self.last_tag += 1;
        self.places.insert(place, self.last_tag);
        self.parcels.insert(self.last_tag, parcel);
        Some(self.last_tag)
    }

    pub(super) fn let_go(&mut self, tag: u64) -> Option<Parcel> {
        let parcel = self.parcels.remove(&tag)?;
        self.places.remove(&(parcel.source, parcel.sequence));
        Some(parcel)
    }

    /// Where the acknowledgements of all that is held would go.
    pub(super) fn empty(&mut self) -> Vec<Subject> {
        self.places.clear();
        self.parcels.drain().map(|(_, parcel)| parcel.reply).collect()
    }

    /// What has been in hand for long, counted anew from now.
    fn long_in_hand(&mut self, now: Instant) -> Vec<Subject> {
        let long = self
            .parcels
            .values_mut()
            .filter(|parcel| parcel.since + STILL_IN_HAND <= now);
        long.map(|parcel| {
            parcel.since = now;
            parcel.reply.clone()
        })
        .collect()
    }
}

pub(super) fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As long as the receiver lives, what it holds does not come again to another.
pub(super) fn keep_in_hand(client: Client, held: &Arc<Mutex<Held>>) {
    let held: Weak<Mutex<Held>> = Arc::downgrade(held);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(STILL_IN_HAND).await;
            let Some(held) = held.upgrade() else {
                return;
            };
            let long = lock(&held).long_in_hand(Instant::now());
            drop(held);
            for reply in long {
                // It would come again, and be recognised.
                let _ = client.publish(reply, Bytes::from_static(b"+WPI")).await;
            }
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn parcel(sequence: u64) -> Parcel {
        Parcel {
            source: 0,
            sequence,
            reply: Subject::from(format!("ack.{sequence}")),
            bytes: 1,
            since: Instant::now(),
        }
    }

    #[tokio::test]
    async fn what_comes_while_it_is_in_hand_is_recognised() {
        let mut held = Held::default();
        let tag = held.take(parcel(7)).unwrap();
        let mut again = parcel(7);
        again.reply = Subject::from("ack.again");
        assert_eq!(held.take(again), None);
        assert_eq!(held.let_go(tag).unwrap().reply.as_str(), "ack.again");
        assert!(held.let_go(tag).is_none());
        assert!(held.take(parcel(7)).is_some(), "let go, it may come again");
    }

    #[tokio::test]
    async fn what_is_long_in_hand_is_named_once_in_a_while() {
        let mut held = Held::default();
        held.take(parcel(1)).unwrap();
        let now = Instant::now();
        assert!(held.long_in_hand(now).is_empty());
        let later = now + STILL_IN_HAND;
        assert_eq!(held.long_in_hand(later).len(), 1);
        assert!(held.long_in_hand(later).is_empty());
    }
}
