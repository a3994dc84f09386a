//! What one receiver has claimed and not settled, shared with its pump.

use std::{collections::HashMap, sync::Mutex};

use tokio::sync::Notify;

use super::lock;
use crate::{
    store::{Seq, Stored},
    transport::{Flow, flow::Unsettled},
};

/// The rows in hand, within the flow.
pub(super) struct Account {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    unsettled: Unsettled,
    rows: HashMap<Seq, Stored>,
    is_closed: bool,
}

impl Account {
    pub(super) fn within(flow: Flow) -> Self {
        Self {
            state: Mutex::new(State {
                unsettled: Unsettled::within(flow),
                rows: HashMap::new(),
                is_closed: false,
            }),
            changed: Notify::new(),
        }
    }

    /// Returns when something was settled, or the receiver is gone. For the pump alone.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn room(&self) -> Option<Flow> {
        lock(&self.state).unsettled.room()
    }

    /// Enters a row, unless it is one too many.
    pub(super) fn admit(&self, stored: &Stored) -> bool {
        let mut state = lock(&self.state);
        let fits = state.unsettled.admit(stored.envelope.body.len());
        if fits {
            state.rows.insert(stored.seq, stored.clone());
        }
        fits
    }

    /// The rows of these positions that are in hand.
    pub(super) fn find(&self, rows: &[Seq]) -> Vec<Stored> {
        let state = lock(&self.state);
        rows.iter()
            .filter_map(|seq| state.rows.get(seq).cloned())
            .collect()
    }

    pub(super) fn settle(&self, rows: &[Stored]) {
        let mut state = lock(&self.state);
        for stored in rows {
            if state.rows.remove(&stored.seq).is_some() {
                state.unsettled.settle(stored.envelope.body.len());
            }
        }
        self.changed.notify_one();
    }

    /// The receiver is gone.
    pub(super) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.state).is_closed
    }

    /// Everything in hand, to be given back.
    pub(super) fn drain(&self) -> Vec<Stored> {
        lock(&self.state).rows.drain().map(|(_, stored)| stored).collect()
    }
}
