//! The messages so far, as far as properties ask: how many of each kind, up to "many".

use std::{collections::BTreeMap, sync::Arc};

use crate::message::MessageKind;

/// Counts go up to here; what is more is not told apart, so that a process that goes round comes back to where it was.
pub(super) const MANY: u8 = 3;

/// How a message concerned an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Part {
    Received,
    Emitted,
}

/// How many messages of each name an instance has received and emitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct History {
    counts: BTreeMap<(Part, Arc<str>), u8>,
}

impl History {
    pub(super) fn note(&mut self, part: Part, name: &Arc<str>) {
        let count = self.counts.entry((part, Arc::clone(name))).or_default();
        *count = count.saturating_add(1).min(MANY);
    }

    pub(super) fn count(&self, part: Part, name: &'static str) -> usize {
        let count = self.counts.get(&(part, Arc::from(name)));
        count.copied().map_or(0, usize::from)
    }
}

/// Whether a message of this kind is one that a property can ask for.
pub(super) fn counts(kind: MessageKind, name: &str) -> bool {
    !(kind == MessageKind::Event && name.contains(':'))
}
