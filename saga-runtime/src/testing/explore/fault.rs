//! What can be wrong with a system.

use std::sync::Arc;

use crate::{dead_letter::Reason, engine::SetAside};

use super::local::InstanceIndex;

/// What was found to be wrong.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    /// What it is, for a person.
    pub(super) text: String,
    /// The instance it happened to.
    pub(super) instance: Option<InstanceIndex>,
}

/// The kinds of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// A message became a dead letter, for this reason.
    DeadLetter(Reason),
    /// Nothing is under way any more, and an instance has not reached `end`.
    NeverEnds,
    /// From here on, nothing that can happen leads to an end.
    EndlessLoop,
    /// A sender that waits was never answered.
    Unanswered,
    /// A sender was answered more than once.
    AnsweredTwice,
    /// A completed step was compensated more than once.
    CompensatedTwice,
    /// Whoever started the process was told that it was done, and a completed step of it was compensated.
    CompensatedAndKept,
    /// The process was compensated, or refused to whoever started it, and a completed step of it still stands.
    NotCompensated,
    /// A handler does not do the same when it is given the same again.
    NotRepeatable,
    /// What is stored cannot be read again.
    Unreadable,
    /// A service's handler failed.
    ServiceFailed,
    /// A property of the user does not hold.
    Property,
}

impl FaultKind {
    /// Whether it stays wrong, whatever else comes.
    pub(super) fn is_past_mending(self) -> bool {
        !matches!(
            self,
            Self::NeverEnds | Self::EndlessLoop | Self::Unanswered | Self::Property
        )
    }
}

impl Fault {
    pub(super) fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            instance: None,
        }
    }

    pub(super) fn at(self, instance: InstanceIndex) -> Self {
        Self {
            instance: Some(instance),
            ..self
        }
    }

    pub(super) fn dead_letter(dead: &SetAside) -> Self {
        let name: &Arc<str> = &dead.envelope.name;
        Self::new(
            FaultKind::DeadLetter(dead.reason),
            format!("`{name}` becomes a dead letter: {}", dead.detail),
        )
    }
}
