//! What the written effects and undos come to, looked up once.

use super::{Answered, Input, Meaning, Model, names};
use crate::{
    definition::{Effect, Trigger, Verb},
    message::MessageInfo,
    soundness::{capacity::NONE, messages::declares},
};

impl Model {
    pub(super) const fn find_meanings(&mut self) {
        let (mut clause, mut number) = (0, 0);
        while clause < self.definition.clauses.len() {
            let branches = self.clause(clause).branches;
            let mut branch = 0;
            while branch < branches.len() {
                let mut at = 0;
                while at < branches[branch].effects.len() {
                    self.meanings[number] = self.find_meaning(clause, &branches[branch].effects[at]);
                    number += 1;
                    at += 1;
                }
                branch += 1;
            }
            clause += 1;
        }
    }

    const fn find_meaning(&self, clause: usize, effect: &Effect) -> Meaning {
        match effect.verb {
            Verb::Publish => Meaning::Nothing,
            Verb::Reply => Meaning::Answers(self.answered(clause, effect)),
            Verb::Send => match self.messages.find(effect.message) {
                Some(number) if self.request_of[number] != NONE => Meaning::Opens(self.request_of[number]),
                _ => Meaning::Nothing,
            },
        }
    }

    /// Whose senders `reply` answers: the trigger's, else those of the only command that declares the reply.
    const fn answered(&self, clause: usize, effect: &Effect) -> Answered {
        if let Some(command) = effect.to {
            return match self.asker(command) {
                Some(asker) if declares(command, effect.message) => Answered::Asker(asker as u8),
                _ => Answered::Nobody,
            };
        }
        if let Some(asker) = self.asking_trigger(clause)
            && declares(self.message(self.askers[asker]), effect.message)
        {
            return Answered::Asker(asker as u8);
        }
        self.only_asker_for(effect.message)
    }

    const fn only_asker_for(&self, reply: &MessageInfo) -> Answered {
        let mut found = Answered::Nobody;
        let mut asker = 0;
        while asker < self.asker_count {
            if declares(self.message(self.askers[asker]), reply) {
                if let Answered::Asker(first) = found {
                    return Answered::Several(first, asker as u8);
                }
                found = Answered::Asker(asker as u8);
            }
            asker += 1;
        }
        found
    }

    /// `of` beats none, as in the runtime.
    pub(super) const fn find_undos(&mut self) {
        let mut clause = 0;
        while clause < self.definition.clauses.len() {
            if let Trigger::Compensate(item) = &self.clause(clause).trigger {
                let mut message = 0;
                while message < item.messages.len() {
                    let mut link = self.inputs_of(item.messages[message]);
                    while link != 0 {
                        if self.admits(item, link - 1) && (item.of.is_some() || !self.is_undone_of(link - 1))
                        {
                            self.undo[link - 1] = clause as u16 + 1;
                        }
                        link = self.next_input(link);
                    }
                    message += 1;
                }
            }
            clause += 1;
        }
    }

    /// Whether an undo that says `of` was found for a reply.
    const fn is_undone_of(&self, input: usize) -> bool {
        match self.undo_of(input) {
            Some(clause) => match &self.clause(clause).trigger {
                Trigger::Compensate(item) => item.of.is_some(),
                _ => false,
            },
            None => false,
        }
    }

    /// Compensation itself is not undone, so that a command some undo sends never counts.
    pub(super) const fn find_lasting_steps(&mut self) {
        let mut input = 0;
        while self.compensates && input < self.replies_from[self.request_count] as usize {
            let Input { request, refusal, .. } = self.inputs[input];
            if !refusal
                && self.undoing & (1 << request) == 0
                && self.undo[input] == 0
                && !self.needs_no_undo(input)
            {
                self.stays[input] = true;
                self.lasting |= 1 << request;
            }
            input += 1;
        }
    }

    pub(super) const fn find_starts(&mut self) {
        let (mut clause, mut starts) = (0, 0);
        while clause < self.definition.clauses.len() {
            if let Trigger::Start(item) = &self.clause(clause).trigger {
                starts += item.messages.len();
                if let Some(asker) = self.asking_trigger(clause) {
                    self.starts_again |= 1 << asker;
                }
            }
            clause += 1;
        }
        if starts < 2 {
            self.starts_again = 0;
        }
    }

    const fn needs_no_undo(&self, input: usize) -> bool {
        let reply = self.message(self.inputs[input].message);
        let command = self.command_of(self.inputs[input].request as usize);
        let lists = self.definition.no_undo;
        let mut at = 0;
        while at < lists.len() {
            if names(lists[at], reply) || names(lists[at], command) {
                return true;
            }
            at += 1;
        }
        false
    }
}
