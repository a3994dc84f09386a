//! What one receiver has claimed and not settled, shared with its pump.

use std::{collections::BTreeMap, sync::Mutex};

use tokio::sync::Notify;

use super::lock;
use crate::{
    store::Stored,
    transport::{Flow, flow::Unsettled},
};

/// One delivery of a row. A claim may be lost and won again while the first delivery is still in hand.
pub(super) type Tag = u64;

/// The rows in hand, within the flow.
pub(super) struct Account {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    unsettled: Unsettled,
    /// In the order in which they came, which is how they are given back.
    rows: BTreeMap<Tag, Stored>,
    last_tag: Tag,
    is_closed: bool,
}

impl Account {
    pub(super) fn within(flow: Flow) -> Self {
        Self {
            state: Mutex::new(State {
                unsettled: Unsettled::within(flow),
                rows: BTreeMap::new(),
                last_tag: 0,
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
    pub(super) fn admit(&self, stored: &Stored) -> Option<Tag> {
        let mut state = lock(&self.state);
        state.unsettled.admit(stored.envelope.body.len()).then(|| {
            state.last_tag += 1;
            let tag = state.last_tag;
            state.rows.insert(tag, stored.clone());
            tag
        })
    }

    /// The rows of these deliveries that are in hand.
    pub(super) fn find(&self, tags: &[Tag]) -> Vec<Stored> {
        let state = lock(&self.state);
        tags.iter()
            .filter_map(|tag| state.rows.get(tag).cloned())
            .collect()
    }

    pub(super) fn settle(&self, tags: &[Tag]) {
        let mut state = lock(&self.state);
        for tag in tags {
            if let Some(stored) = state.rows.remove(tag) {
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
        std::mem::take(&mut lock(&self.state).rows)
            .into_values()
            .collect()
    }
}
