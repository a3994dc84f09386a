//! Compensation as the engine runs it: what is done is undone in reverse order, one step at a time.

use std::collections::BTreeMap;

use super::{Configuration, Oracle, Spot, raise};
use crate::{definition::*, message::MessageInfo};

/// Completed steps that have an undo, each by the clause that undoes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Steps {
    /// Those done once, in order of completion.
    once: Vec<usize>,
    /// Those done more than once, anywhere in that order: how many are left; two stands for more.
    repeated: BTreeMap<usize, u8>,
}

impl Steps {
    fn is_empty(&self) -> bool {
        self.once.is_empty() && self.repeated.is_empty()
    }

    fn push(&mut self, undo: usize) {
        let known = self.once.iter().position(|done| *done == undo);
        if let Some(at) = known {
            self.once.remove(at);
        }
        if known.is_some() || self.repeated.contains_key(&undo) {
            self.repeated.insert(undo, 2);
        } else {
            self.once.push(undo);
        }
    }

    /// What the last step that one of these clauses undoes may be, and what is then left.
    fn last(&self, undos: &dyn Fn(usize) -> bool) -> Vec<(usize, Self)> {
        let mut ways = Vec::new();
        if let Some(at) = self.once.iter().rposition(|done| undos(*done)) {
            let mut left = self.clone();
            ways.push((left.once.remove(at), left));
        }
        for (&undo, &count) in self.repeated.iter().filter(|(undo, _)| undos(**undo)) {
            let mut left = self.clone();
            left.repeated.remove(&undo);
            if count == 1 {
                ways.push((undo, left));
                continue;
            }
            for count in 1..=2 {
                let mut left = left.clone();
                left.repeated.insert(undo, count);
                ways.push((undo, left));
            }
        }
        ways
    }
}

impl Configuration {
    /// Whether the runtime goes on by itself before any message can come.
    pub(super) fn goes_on_undoing(&self) -> bool {
        self.spot == Spot::Compensate
            && self.undoing.is_empty()
            && (!self.steps.is_empty() || self.open.is_empty())
    }
}

impl Oracle {
    /// A reply has come: the step is done, and is undone some day if it has an undo.
    pub(super) fn complete(
        &self,
        at: &mut Configuration,
        command: &'static str,
        reply: &'static str,
        refusal: bool,
    ) {
        if !refusal {
            at.done.insert((command, reply));
        }
        if let Some(undo) = self.undo_of(command, reply) {
            at.steps.push(undo);
        }
    }

    /// In `compensate`, with no undo under way: the last step is undone, or if there is none and nothing is open,
    /// the whole is concluded.
    pub(super) fn go_on_undoing(&mut self, at: &Configuration) -> bool {
        if !at.goes_on_undoing() {
            return false;
        }
        for (undo, steps) in at.steps.last(&|_| true) {
            let left = Configuration { steps, ..at.clone() };
            self.run(undo, &left, Some(at), false);
        }
        if at.steps.is_empty() {
            self.conclude(at);
        }
        true
    }

    fn conclude(&mut self, at: &Configuration) {
        // Whatever was done has been undone, or needs no undo.
        let undone = Configuration {
            done: Default::default(),
            ..at.clone()
        };
        let mut clauses = self.definition.clauses.iter();
        match clauses.position(|clause| matches!(clause.trigger, Trigger::Compensated)) {
            Some(clause) => self.run(clause, &undone, Some(at), false),
            None => {
                let spot = Spot::End;
                self.arrive(Configuration { spot, ..undone }, Some(at), None)
            }
        };
    }

    /// What an undo asked for is done at last: a refusal, or none at all, only parks the instance until a person has
    /// seen to it. No clause hears of it, and it is no step.
    pub(super) fn answers_to_undos(&mut self, at: &Configuration) -> bool {
        for answered in 0..at.undoing.len() {
            let mut next = at.clone();
            next.undoing.remove(answered);
            self.arrive(next, Some(at), None);
        }
        !at.undoing.is_empty()
    }

    /// A command is sent: by an undo, whose answer is awaited, or by hand, which strikes the step that it undoes.
    pub(super) fn send(
        &self,
        clause: usize,
        command: &'static MessageInfo,
        at: &Configuration,
    ) -> Vec<Configuration> {
        let mut next = at.clone();
        if command.wants_reply() {
            next.kept.retain(|(asked, _)| *asked != Some(command.name));
        }
        if matches!(self.definition.clauses[clause].trigger, Trigger::Compensate(_)) {
            next.undoing.extend(command.wants_reply().then_some(command.name));
            next.undoing.sort_unstable();
            return vec![next];
        }
        if command.wants_reply() {
            raise(&mut next.open, command.name);
        }
        let struck = next.steps.last(&|undo| self.sends(undo, command.name));
        if struck.is_empty() {
            return vec![next];
        }
        let struck = struck.into_iter().map(|(_, steps)| Configuration {
            steps,
            ..next.clone()
        });
        struck.collect()
    }

    fn sends(&self, clause: usize, command: &str) -> bool {
        let effects = self.definition.clauses[clause]
            .branches
            .iter()
            .flat_map(|branch| branch.effects);
        let mut sends = effects.filter(|effect| effect.verb == Verb::Send);
        sends.any(|effect| effect.message.name == command)
    }
}
