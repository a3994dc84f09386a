//! What comes from outside, at any moment: each input once, and again as often as it may be repeated.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{local::InstanceIndex, world::NOT_GIVEN};
use crate::envelope::{Envelope, MessageId};

/// Where answers to senders outside go.
pub(in crate::testing) const CALLER: &str = "caller";

/// Something that comes from outside.
#[derive(Clone, Debug)]
pub(in crate::testing) struct Input {
    pub(in crate::testing) envelope: Arc<Envelope>,
    /// Where a command is sent.
    pub(in crate::testing) endpoint: Option<&'static str>,
    /// It may also never come.
    pub(in crate::testing) optional: bool,
}

/// One giving of one input.
#[derive(Clone, Debug)]
pub(in crate::testing) struct Copy {
    pub(in crate::testing) envelope: Arc<Envelope>,
    pub(in crate::testing) endpoint: Option<&'static str>,
    pub(in crate::testing) optional: bool,
    /// The one before it, which has to come first.
    after: Option<usize>,
    /// The instance it is for, where it is for one alone.
    pub(in crate::testing) instance: Option<InstanceIndex>,
}

/// Everything that comes from outside.
#[derive(Clone, Debug)]
pub(in crate::testing) struct Inputs {
    pub(in crate::testing) copies: Vec<Copy>,
    pub(in crate::testing) beginning: Timestamp,
}

impl Inputs {
    /// Each of these, and `repeats` times again: by a sender who does not know what became of it.
    pub(in crate::testing) fn new(each: &[&Input], repeats: usize, beginning: Timestamp) -> Self {
        let mut copies: Vec<Copy> = Vec::new();
        for input in each {
            for nth in 0..=repeats {
                let id = id_of(copies.len());
                let envelope = Envelope {
                    id,
                    conversation: id,
                    ..Envelope::clone(&input.envelope)
                };
                copies.push(Copy {
                    envelope: Arc::new(envelope),
                    endpoint: input.endpoint,
                    optional: input.optional || nth > 0,
                    after: (nth > 0).then(|| copies.len() - 1),
                    instance: None,
                });
            }
        }
        Self { copies, beginning }
    }

    /// Whether it is its turn.
    pub(in crate::testing) fn may_come(&self, copy: usize, given: &[u32]) -> bool {
        self.copies[copy]
            .after
            .is_none_or(|before| given[before] != NOT_GIVEN)
    }

    /// The input with this id.
    pub(in crate::testing) fn copy_of(&self, id: MessageId) -> Option<u16> {
        let copy = u16::try_from(id.0.as_u128() >> SHIFT).ok()?.checked_sub(1)?;
        (usize::from(copy) < self.copies.len()).then_some(copy)
    }

    /// The endpoint that an input is sent to.
    pub(in crate::testing) fn endpoint_of(&self, envelope: &Envelope) -> Option<&'static str> {
        let copy = self.copy_of(envelope.id)?;
        self.copies[usize::from(copy)].endpoint
    }
}

/// Lives of instances are told apart by their first message's id, without its lowest bit.
const SHIFT: u32 = 4;

fn id_of(copy: usize) -> MessageId {
    MessageId(Uuid::from_u128((copy as u128 + 1) << SHIFT))
}
