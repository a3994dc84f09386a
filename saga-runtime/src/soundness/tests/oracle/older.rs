//! Instances of older builds: what is said to be known of them, told plainly.

use std::collections::{BTreeMap, BTreeSet};

use super::{Configuration, Oracle, Spot, Taker, names};
use crate::{
    definition::*,
    message::{MessageInfo, MessageKind},
};

impl Oracle {
    /// Each retired state is entered, nobody knows how: with nothing open, or with one request that it names a reply to.
    pub(super) fn start_older(&mut self) {
        for state in self.retired_states() {
            let instance = Configuration {
                spot: Spot::State(state),
                older: true,
                // What starts the saga may have been answered, so that nobody joins those who wait for it.
                answered: self.starting_again(),
                ..Configuration::default()
            };
            self.arrive(instance.clone(), None, None);
            self.asked_before(state, &instance);
            self.joined_before(state, &instance);
        }
    }

    fn asked_before(&mut self, state: u16, instance: &Configuration) {
        for (command, info) in self.sent.clone() {
            let replies = info.replies.iter().map(|reply| reply.message.name);
            let named = replies.filter(|reply| self.rank(state, reply, command) >= 3);
            let (clear, unclear): (Vec<_>, Vec<_>) = named
                .partition(|reply| self.rank(state, reply, command) == 4 || self.answered_with(reply) == 1);
            if !clear.is_empty() {
                let mut open = instance.clone();
                open.open.insert(command, 1);
                self.arrive(open, Some(instance), None);
            }
            for reply in unclear {
                if let Taker::On(clause) = self.taker(instance.spot, reply, Some(command)) {
                    self.run(clause, instance, Some(instance), false);
                }
            }
        }
    }

    /// What a join awaits may have come.
    fn joined_before(&mut self, state: u16, instance: &Configuration) {
        for (index, clause) in self.definition.clauses.iter().enumerate() {
            let here = clause.places.contains(&Place::State(state)) || clause.places.contains(&Place::Rest);
            if here && matches!(clause.trigger, Trigger::All(_)) {
                self.run(index, instance, Some(instance), false);
            }
        }
    }

    pub(super) fn retired_states(&self) -> BTreeSet<u16> {
        let retired = self.definition.retired.iter();
        let states = retired.filter_map(|retired| match retired {
            Retired::State(state) => Some(*state),
            _ => None,
        });
        states.collect()
    }

    fn starting_again(&self) -> BTreeSet<&'static str> {
        let asking = self.asking().into_iter();
        let again = asking.filter(|command| self.starts(command) && self.starting() > 1);
        again.collect()
    }

    /// The commands with replies that the saga takes.
    pub(super) fn asking(&self) -> BTreeSet<&'static str> {
        let free = self.free_messages().into_values();
        let asking = free.filter(|message| message.wants_reply());
        asking.map(|command| command.name).collect()
    }

    /// How many commands a reply may answer.
    fn answered_with(&self, reply: &str) -> usize {
        let sent = self.sent.values();
        sent.flat_map(|command| command.replies)
            .filter(|declared| declared.message.name == reply)
            .count()
    }

    /// What may come of its own accord: in a retired state also the replies that it names to what is sent no more.
    pub(super) fn free_messages_in(&self, spot: Spot) -> BTreeMap<&'static str, &'static MessageInfo> {
        let mut free = self.free_messages();
        let retired = self.retired_states();
        let Spot::State(state) = spot else { return free };
        if !retired.contains(&state) {
            return free;
        }
        for clause in self.definition.clauses {
            let names_retired = clause
                .places
                .iter()
                .any(|place| matches!(place, Place::State(state) if retired.contains(state)));
            let items = match &clause.trigger {
                Trigger::Start(item) | Trigger::On(item) => std::slice::from_ref(item),
                Trigger::All(items) => items,
                _ => &[],
            };
            for message in items.iter().flat_map(|item| item.messages) {
                let asked = self.answered_with(message.name) > 0;
                if names_retired && message.kind == MessageKind::Reply && !asked {
                    free.insert(message.name, *message);
                }
            }
        }
        free
    }

    /// How firmly a state names a reply: 3 by its own name, 4 if the command is named as well.
    fn rank(&self, state: u16, reply: &str, command: &str) -> u8 {
        let mut rank = 0;
        let mut offer = |places: &[Place], item: &Item| {
            for place in places {
                let firmly = match place {
                    Place::State(other) if *other == state => 3,
                    Place::Rest => 1,
                    _ => continue,
                };
                if names(item, reply, Some(command)) {
                    rank = rank.max(firmly + u8::from(item.of.is_some()));
                }
            }
        };
        for clause in self.definition.clauses {
            match &clause.trigger {
                Trigger::On(item) => offer(clause.places, item),
                Trigger::All(items) => items.iter().for_each(|item| offer(clause.places, item)),
                _ => {}
            }
        }
        for exception in self.definition.exceptions {
            offer(exception.places, &exception.item);
        }
        rank
    }
}
