//! Messages on their way, each kept once.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{canonical::content, local::InstanceIndex};
use crate::{
    envelope::{Envelope, MessageId},
    hash::HashMap,
};

/// Which message, on its way to whom: an index into [`Flights`].
pub(super) type FlightId = u32;

/// To whom a message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum To {
    Instance(InstanceIndex),
    Service(usize),
    /// To an endpoint that is not here, which answers with what the command declares.
    Declared,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) to: To,
    pub(super) envelope: Arc<Envelope>,
    /// The instance that awaits the answer.
    pub(super) asker: Option<InstanceIndex>,
    /// What it says, without its ids.
    pub(super) content: u64,
    /// The ids by which others know it, or it knows others.
    pub(super) ids: [Option<MessageId>; 2],
}

/// Equal if nothing tells them apart, ids included.
#[derive(Clone, Debug)]
struct Same(To, Arc<Envelope>);

impl PartialEq for Same {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && self.1 == other.1
    }
}

impl Eq for Same {}

impl Hash for Same {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let envelope = &self.1;
        (
            self.0,
            envelope.id,
            &envelope.name,
            &envelope.body,
            envelope.in_reply_to,
        )
            .hash(state);
        envelope.created_at.as_microsecond().hash(state);
    }
}

/// Every message that was ever on its way.
#[derive(Default)]
pub(super) struct Flights {
    all: Vec<Flight>,
    numbers: HashMap<Same, FlightId>,
}

impl Flights {
    pub(super) fn get(&self, id: FlightId) -> &Flight {
        &self.all[id as usize]
    }

    /// The number of a message on its way, whether it was known or not.
    pub(super) fn intern(
        &mut self,
        to: To,
        asker: Option<InstanceIndex>,
        envelope: &Arc<Envelope>,
    ) -> FlightId {
        let same = Same(to, Arc::clone(envelope));
        if let Some(&known) = self.numbers.get(&same) {
            return known;
        }
        let id = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.numbers.insert(same, id);
        self.all.push(Flight {
            to,
            asker,
            content: content(envelope),
            ids: [
                envelope.reply_to.as_ref().map(|_| envelope.id),
                envelope.in_reply_to,
            ],
            envelope: Arc::clone(envelope),
        });
        id
    }
}
