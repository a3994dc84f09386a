//! Giving out the numbers: to outcomes and effects, to requests and askers, to every way a message may come in.

use super::{Input, Model, items};
use crate::{
    definition::{Definition, Effect, Item, Place, Retired, Target, Trigger, Verb},
    message::{MessageInfo, MessageKind},
    soundness::capacity::{
        ASKERS, BRANCHES, CLAUSES, EFFECTS, Excess, INPUTS, MESSAGES, NONE, REQUESTS, STATES,
    },
};

impl Model {
    pub(super) const fn number_outcomes(&mut self) {
        let mut clause = 0;
        let (mut branches, mut effects) = (0, 0);
        while clause < self.definition.clauses.len() {
            self.branches_from[clause] = branches as u16;
            let list = self.clause(clause).branches;
            let mut branch = 0;
            while branch < list.len() {
                self.effects_from[branches] = effects as u16;
                effects += list[branch].effects.len();
                branches += 1;
                if matches!(list[branch].target, Some(Target::Compensate)) {
                    self.compensates = true;
                }
                branch += 1;
            }
            clause += 1;
        }
        self.branches_from[clause] = branches as u16;
        self.effects_from[branches] = effects as u16;
    }

    pub(super) const fn number_requests_and_askers(&mut self) {
        let mut clause = 0;
        while clause < self.definition.clauses.len() {
            let list = self.clause(clause).branches;
            let undo = matches!(self.clause(clause).trigger, Trigger::Compensate(_));
            let mut branch = 0;
            while branch < list.len() {
                self.number_sends(list[branch].effects, undo);
                branch += 1;
            }
            let items = items(&self.clause(clause).trigger);
            let mut item = 0;
            while item < items.len() {
                self.number_askers(&items[item]);
                item += 1;
            }
            clause += 1;
        }
        let mut retired = 0;
        while retired < self.definition.retired.len() {
            if let Retired::Send { command, .. } = self.definition.retired[retired]
                && command.wants_reply()
            {
                self.number_request(command);
            }
            retired += 1;
        }
        if self.messages.full {
            self.excess = Some(Excess::of("messages", MESSAGES));
        }
    }

    const fn number_sends(&mut self, effects: &'static [Effect], undo: bool) {
        let mut at = 0;
        while at < effects.len() {
            let effect = &effects[at];
            if matches!(effect.verb, Verb::Send) && effect.message.wants_reply() {
                let request = self.number_request(effect.message);
                if undo {
                    self.undoing |= 1 << request;
                }
            }
            at += 1;
        }
    }

    const fn number_request(&mut self, command: &'static MessageInfo) -> usize {
        let number = self.messages.intern(command);
        if self.request_of[number] == NONE {
            if self.request_count == REQUESTS {
                self.excess = Some(Excess::of("commands with replies sent", REQUESTS));
                return 0;
            }
            self.request_of[number] = self.request_count as u8;
            self.requests[self.request_count] = number as u16;
            self.request_count += 1;
        }
        self.request_of[number] as usize
    }

    const fn number_askers(&mut self, item: &Item) {
        let mut at = 0;
        while at < item.messages.len() {
            let message = item.messages[at];
            if matches!(message.kind, MessageKind::Command) && message.wants_reply() {
                let number = self.messages.intern(message);
                if self.asker_of[number] == NONE {
                    if self.asker_count == ASKERS {
                        self.excess = Some(Excess::of("commands with replies taken", ASKERS));
                        return;
                    }
                    self.asker_of[number] = self.asker_count as u8;
                    self.askers[self.asker_count] = number as u16;
                    self.asker_count += 1;
                }
            }
            at += 1;
        }
    }

    pub(super) const fn number_inputs(&mut self) {
        let mut request = 0;
        while request < self.request_count {
            self.replies_from[request] = self.input_count as u16;
            let replies = self.command_of(request).replies;
            let mut at = 0;
            while at < replies.len() {
                self.add_input(replies[at].message, request as u8, replies[at].refusal);
                at += 1;
            }
            request += 1;
        }
        self.replies_from[request] = self.input_count as u16;
        let mut clause = 0;
        while clause < self.definition.clauses.len() {
            let items = items(&self.clause(clause).trigger);
            let retired = self.names_retired(self.clause(clause).places);
            let mut item = 0;
            while item < items.len() {
                self.add_free_inputs(&items[item], retired);
                item += 1;
            }
            clause += 1;
        }
        let mut exception = 0;
        while exception < self.definition.exceptions.len() {
            self.add_free_inputs(&self.definition.exceptions[exception].item, false);
            exception += 1;
        }
        if self.messages.full {
            self.excess = Some(Excess::of("messages", MESSAGES));
        }
    }

    pub(super) const fn find_retired(&mut self) {
        let mut at = 0;
        while at < self.definition.retired.len() {
            if let Retired::State(state) = self.definition.retired[at] {
                self.retired |= 1 << state;
            }
            at += 1;
        }
    }

    /// Whether one of these is a retired state.
    const fn names_retired(&self, places: &[Place]) -> bool {
        let mut at = 0;
        while at < places.len() {
            if let Place::State(state) = places[at]
                && self.is_retired(state as usize)
            {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Commands and events come of their own accord; so do, in a retired state, replies to what only older builds sent.
    const fn add_free_inputs(&mut self, item: &Item, retired: bool) {
        let mut at = 0;
        while at < item.messages.len() {
            let message = item.messages[at];
            if (retired || !matches!(message.kind, MessageKind::Reply)) && self.inputs_of(message) == 0 {
                self.add_input(message, NONE, false);
            }
            at += 1;
        }
    }

    const fn add_input(&mut self, message: &'static MessageInfo, request: u8, refusal: bool) {
        let number = self.messages.intern(message);
        if self.input_count == INPUTS {
            self.excess = Some(Excess::of("ways a message may come in", INPUTS));
            return;
        }
        self.inputs[self.input_count] = Input {
            message: number as u16,
            request,
            refusal,
            asker: self.asker_of[number],
        };
        self.next_input[self.input_count] = self.first_input[number];
        self.input_count += 1;
        self.first_input[number] = self.input_count as u16;
    }
}

pub(super) const fn too_large(definition: &Definition) -> Option<Excess> {
    let (mut clause, mut branches, mut effects) = (0, 0, 0);
    while clause < definition.clauses.len() {
        let list = definition.clauses[clause].branches;
        branches += list.len();
        let mut branch = 0;
        while branch < list.len() {
            effects += list[branch].effects.len();
            branch += 1;
        }
        clause += 1;
    }
    match () {
        _ if definition.states.len() > STATES => Some(Excess::of("states", STATES)),
        _ if clause > CLAUSES => Some(Excess::of("handlers", CLAUSES)),
        _ if branches > BRANCHES => Some(Excess::of("outcomes", BRANCHES)),
        _ if effects > EFFECTS => Some(Excess::of("effects", EFFECTS)),
        _ => None,
    }
}
