//! What the definition says, read afresh at every question.

use std::collections::BTreeMap;

use super::{Oracle, Spot, Taker, names};
use crate::{
    definition::*,
    message::{MessageInfo, MessageKind},
};

/// The commands with replies that are sent, or were by older builds.
pub(super) fn sent(definition: &Definition) -> BTreeMap<&'static str, &'static MessageInfo> {
    let effects = definition
        .clauses
        .iter()
        .flat_map(|clause| clause.branches)
        .flat_map(|branch| branch.effects);
    let sends = effects.filter(|effect| effect.verb == Verb::Send);
    let retired = definition.retired.iter().filter_map(|retired| match retired {
        Retired::Send { command, .. } => Some(*command),
        Retired::Timer(_) | Retired::State(_) => None,
    });
    sends
        .map(|effect| effect.message)
        .chain(retired)
        .filter(|command| command.wants_reply())
        .map(|command| (command.name, command))
        .collect()
}

impl Oracle {
    pub(super) fn free_messages(&self) -> BTreeMap<&'static str, &'static MessageInfo> {
        let mut free = BTreeMap::new();
        for clause in self.definition.clauses {
            let items = match &clause.trigger {
                Trigger::Start(item) | Trigger::On(item) => std::slice::from_ref(item),
                Trigger::All(items) => items,
                _ => &[],
            };
            for message in items.iter().flat_map(|item| item.messages) {
                if message.kind != MessageKind::Reply {
                    free.insert(message.name, *message);
                }
            }
        }
        free
    }

    pub(super) fn starts(&self, name: &str) -> bool {
        self.definition.clauses.iter().any(|clause| match clause.trigger {
            Trigger::Start(item) => names(&item, name, None),
            _ => false,
        })
    }

    pub(super) fn starting(&self) -> usize {
        self.definition
            .clauses
            .iter()
            .filter(|clause| matches!(clause.trigger, Trigger::Start(_)))
            .count()
    }

    /// Whether some join cannot do without this message; to the others, "not open" is as good.
    pub(super) fn is_needed(&self, command: Option<&str>, message: &str) -> bool {
        self.definition.clauses.iter().any(|clause| match clause.trigger {
            Trigger::All(items) => items
                .iter()
                .any(|item| item.arity == Arity::One && names(item, message, command)),
            _ => false,
        })
    }

    /// `of` beats none.
    pub(super) fn undo_of(&self, command: &str, reply: &str) -> Option<usize> {
        let clauses = self.definition.clauses.iter().enumerate();
        let fits = clauses.filter_map(|(index, clause)| match clause.trigger {
            Trigger::Compensate(item) => {
                names(&item, reply, Some(command)).then_some((item.of.is_some(), index))
            }
            _ => None,
        });
        fits.max().map(|(_, index)| index)
    }

    /// An exact state beats `_`, and `of` beats none; clauses come before exceptions, in the order written.
    pub(super) fn taker(&self, spot: Spot, message: &str, command: Option<&str>) -> Taker {
        let mut best: (u8, Taker) = (0, Taker::Nobody);
        let mut offer = |places: &[Place], item: &Item, taker: Taker| {
            for place in places {
                let exact = match (place, spot) {
                    (Place::State(a), Spot::State(b)) => *a == b,
                    (Place::Compensate, Spot::Compensate) | (Place::End, Spot::End) => true,
                    _ => false,
                };
                let rest = matches!((place, spot), (Place::Rest, Spot::State(_)));
                let rank = if exact { 3 } else { 1 } + u8::from(item.of.is_some());
                if (exact || rest) && names(item, message, command) && rank > best.0 {
                    let taker = match &taker {
                        Taker::On(clause) => Taker::On(*clause),
                        Taker::Join => Taker::Join,
                        Taker::Closes { recorded } => Taker::Closes { recorded: *recorded },
                        Taker::Later => Taker::Later,
                        Taker::Nobody => Taker::Nobody,
                    };
                    best = (rank, taker);
                }
            }
        };
        for (index, clause) in self.definition.clauses.iter().enumerate() {
            match &clause.trigger {
                Trigger::On(item) => offer(clause.places, item, Taker::On(index)),
                Trigger::All(items) => items
                    .iter()
                    .for_each(|item| offer(clause.places, item, Taker::Join)),
                _ => {}
            }
        }
        for exception in self.definition.exceptions {
            let taker = match exception.how {
                Treatment::Ignore => Taker::Closes { recorded: true },
                Treatment::Unexpected => Taker::Closes { recorded: false },
                Treatment::Defer => Taker::Later,
            };
            offer(exception.places, &exception.item, taker);
        }
        best.1
    }

    pub(super) fn answered_by(&self, clause: usize, effect: &Effect) -> Option<&'static str> {
        let declares = |command: &MessageInfo| {
            command
                .replies
                .iter()
                .any(|reply| reply.message.name == effect.message.name)
        };
        if let Some(command) = effect.to {
            return declares(command).then_some(command.name);
        }
        if let Trigger::Start(item) | Trigger::On(item) = self.definition.clauses[clause].trigger
            && declares(item.messages[0])
        {
            return Some(item.messages[0].name);
        }
        let free = self.free_messages();
        let mut asking = free.values().filter(|command| declares(command));
        match (asking.next(), asking.next()) {
            (Some(only), None) => Some(only.name),
            _ => None,
        }
    }

    pub(super) fn is_named(&self, spot: Spot, message: &str, command: &str) -> bool {
        let here = |places: &[Place], item: &Item| {
            names(item, message, Some(command))
                && places
                    .iter()
                    .any(|place| spot == Spot::Compensate && *place == Place::Compensate)
        };
        self.definition
            .exceptions
            .iter()
            .any(|exception| here(exception.places, &exception.item))
            || self
                .definition
                .clauses
                .iter()
                .any(|clause| match &clause.trigger {
                    Trigger::On(item) => here(clause.places, item),
                    Trigger::All(items) => items.iter().any(|item| here(clause.places, item)),
                    _ => false,
                })
    }

    pub(super) fn is_lasting(&self, command: &str, reply: &str) -> bool {
        let undoing = self
            .definition
            .clauses
            .iter()
            .filter(|clause| matches!(clause.trigger, Trigger::Compensate(_)));
        let sent_by_undo = undoing
            .flat_map(|clause| clause.branches)
            .flat_map(|branch| branch.effects)
            .any(|effect| effect.verb == Verb::Send && effect.message.name == command);
        let excused = self
            .definition
            .no_undo
            .iter()
            .flat_map(|list| list.iter())
            .any(|named| named.name == command || named.name == reply);
        !sent_by_undo && !excused && self.undo_of(command, reply).is_none()
    }

    /// The commands that older builds may have left unanswered in a state.
    pub(super) fn retired_in(&self, state: u16) -> Vec<&'static str> {
        let here = |places: &[Place]| places.contains(&Place::Rest) || places.contains(&Place::State(state));
        let retired = self.definition.retired.iter();
        let commands = retired.filter_map(|retired| match retired {
            Retired::Send { command, places } => {
                (command.wants_reply() && here(places)).then_some(command.name)
            }
            Retired::Timer(_) | Retired::State(_) => None,
        });
        commands.collect()
    }

    pub(super) fn awaits_reply(&self, state: u16) -> bool {
        !self.retired_states().contains(&state)
            && self.definition.clauses.iter().any(|clause| {
                let items = match &clause.trigger {
                    Trigger::On(item) => std::slice::from_ref(item),
                    Trigger::All(items) => items,
                    _ => &[],
                };
                let mut replies = items
                    .iter()
                    .filter(|item| item.messages[0].kind == MessageKind::Reply);
                clause.places.contains(&Place::State(state))
                    && replies.any(|item| !self.is_for_older_builds(item, state))
            })
    }

    /// Whether a state takes an item only as the answer to what older builds sent.
    fn is_for_older_builds(&self, item: &Item, state: u16) -> bool {
        let retired = self.retired_in(state);
        let answers = |(name, command): &(&&str, &&MessageInfo)| {
            let mut replies = command.replies.iter();
            replies.any(|reply| names(item, reply.message.name, Some(name)))
        };
        let mut asked = self.sent.iter().filter(answers).map(|(name, _)| name).peekable();
        asked.peek().is_some() && asked.all(|name| retired.contains(name))
    }
}
