//! When bids were accepted, and whether a sale that closed by the clock overtook one of them.
//!
//! Accepted is what stands in the store of its endpoint. What a broker still holds is not yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use saga_runtime::Timestamp;

/// Which sale, and which bid.
pub type BidId = (u32, u32);

/// What the world outside knows of all bids.
#[derive(Debug, Default)]
pub struct Hammer {
    accepted: Mutex<BTreeMap<BidId, Timestamp>>,
    /// Those that had to wait for a retry: a timer need not wait for them.
    excused: Mutex<BTreeSet<BidId>>,
}

impl Hammer {
    /// A bid stands in the store of its endpoint, for the first time or again.
    pub fn accept(&self, bid: BidId, now: Timestamp) {
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.entry(bid).or_insert(now);
    }

    /// A bid was put back to wait.
    pub fn excuse(&self, bid: BidId) {
        let mut excused = self.excused.lock().unwrap_or_else(PoisonError::into_inner);
        excused.insert(bid);
    }

    /// Whether a bid that counted as late was accepted before its sale closed, and when.
    pub fn overtaken(&self, bid: BidId, closed: Timestamp) -> Option<Timestamp> {
        let excused = self.excused.lock().unwrap_or_else(PoisonError::into_inner);
        if excused.contains(&bid) {
            return None;
        }
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.get(&bid).copied().filter(|accepted| *accepted < closed)
    }
}
