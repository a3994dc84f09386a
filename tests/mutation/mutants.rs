//! What may go wrong as a saga is written: each mutant has one part dropped, or another of its kind in its place.

use std::collections::BTreeSet;

use crate::{
    clause::{Clause, listed},
    saga::Saga,
};

/// A saga with one thing wrong.
#[derive(Debug)]
pub(crate) struct Mutant {
    /// The saga, the handler and what is wrong, in one line.
    pub(crate) name: String,
    pub(crate) saga: Saga,
}

/// Every mutant of a saga.
pub(crate) fn of(saga: &Saga) -> Vec<Mutant> {
    let mut mutants = Mutants {
        of: saga,
        found: Vec::new(),
    };
    mutants.states();
    mutants.words();
    for clause in 0..saga.clauses.len() {
        mutants.clause(clause);
        mutants.triggers(clause);
        mutants.places(clause);
        mutants.outcomes(clause);
        mutants.effects(clause);
        mutants.targets(clause);
    }
    mutants.found
}

struct Mutants<'a> {
    of: &'a Saga,
    found: Vec<Mutant>,
}

impl Mutants<'_> {
    fn add(&mut self, what: &str, change: impl FnOnce(&mut Saga)) {
        let mut saga = self.of.clone();
        change(&mut saga);
        let name = format!("{}: {what}", saga.name);
        self.found.push(Mutant { name, saga });
    }

    fn change(&mut self, clause: usize, what: &str, change: impl FnOnce(&mut Clause)) {
        let what = format!("`{}` {what}", self.of.clauses[clause].handler);
        self.add(&what, |saga| change(&mut saga.clauses[clause]));
    }

    fn states(&mut self) {
        for (at, state) in self.of.states.iter().enumerate() {
            self.add(&format!("state `{state}` not declared"), |saga| {
                saga.states.remove(at);
            });
            self.add(&format!("state `{state}` declared as `{state}s`"), |saga| {
                saga.states[at].push('s');
            });
        }
    }

    fn words(&mut self) {
        for (at, word) in self.of.words.iter().enumerate() {
            self.add(&format!("without `{word}`"), |saga| {
                saga.words.remove(at);
            });
            let Some((messages, places)) = word.trim_end_matches(')').split_once(" in ") else {
                continue;
            };
            let places = listed(places, "|");
            let fewer = (0..places.len()).filter(|_| places.len() > 1).map(|place| {
                let mut places = places.clone();
                places.remove(place);
                places
            });
            let others = self.other_places(&places).into_iter().map(|other| vec![other]);
            for places in fewer.chain(others) {
                let changed = format!("{messages} in {})", places.join(" | "));
                self.add(&format!("`{changed}` for `{word}`"), |saga| {
                    saga.words[at] = changed.clone();
                });
            }
        }
    }

    fn clause(&mut self, clause: usize) {
        let what = format!("`{}` left out", self.of.clauses[clause].handler);
        self.add(&what, |saga| drop(saga.clauses.remove(clause)));
    }

    /// Each message dropped from a join, and each other message that the saga hears in the place of one.
    fn triggers(&mut self, clause: usize) {
        let messages = self.of.clauses[clause].messages();
        let heard: BTreeSet<String> = self.of.clauses.iter().flat_map(Clause::messages).collect();
        let items = listed(&self.of.clauses[clause].trigger, ",");
        for (at, message) in messages.iter().enumerate() {
            if items.len() > 1 {
                self.change(clause, &format!("does not take `{message}`"), |clause| {
                    let mut items = items.clone();
                    items.remove(at);
                    clause.trigger = items.join(", ");
                });
            }
            for other in heard.iter().filter(|other| *other != message) {
                self.change(clause, &format!("takes `{other}`, not `{message}`"), |clause| {
                    clause.trigger = clause.trigger.replace(message, other);
                });
            }
        }
    }

    fn places(&mut self, clause: usize) {
        let places = self.of.clauses[clause].places.clone();
        for (at, place) in places.iter().enumerate() {
            if places.len() > 1 {
                self.change(clause, &format!("not in `{place}`"), |clause| {
                    drop(clause.places.remove(at))
                });
            }
            for other in self.other_places(&places) {
                self.change(clause, &format!("in `{other}` for `{place}`"), |clause| {
                    clause.places[at] = other.clone();
                });
            }
        }
    }

    /// The states that are not named here.
    fn other_places(&self, places: &[String]) -> Vec<String> {
        let states = self.of.states.iter().filter(|state| !places.contains(state));
        states.cloned().collect()
    }

    fn outcomes(&mut self, clause: usize) {
        let branches = self.of.clauses[clause].branches.clone();
        for (at, branch) in branches.iter().enumerate().filter(|_| branches.len() > 1) {
            let what = format!("without the outcome `{}`", branch.label);
            self.change(clause, &what, |clause| drop(clause.branches.remove(at)));
        }
    }

    /// Each effect dropped, and each other one of its verb in its place.
    fn effects(&mut self, clause: usize) {
        let emitted = self.emitted();
        let branches = self.of.clauses[clause].branches.clone();
        for (branch, written) in branches.iter().enumerate() {
            for (at, effect) in written.effects.iter().enumerate() {
                self.change(clause, &format!("does not {effect}"), |clause| {
                    clause.branches[branch].effects.remove(at);
                });
                let verb = effect.split_inclusive(' ').next().unwrap();
                for other in emitted
                    .iter()
                    .filter(|other| other.starts_with(verb) && *other != effect)
                {
                    self.change(clause, &format!("does {other}, not {effect}"), |clause| {
                        clause.branches[branch].effects[at] = other.clone();
                    });
                }
            }
        }
    }

    fn emitted(&self) -> BTreeSet<String> {
        let branches = self.of.clauses.iter().flat_map(|clause| &clause.branches);
        branches
            .flat_map(|branch| branch.effects.iter().cloned())
            .collect()
    }

    /// Each target dropped, and each other one in its place. `compensated` without one ends, and a saga of one state
    /// begins there: that would be the same saga.
    fn targets(&mut self, clause: usize) {
        let branches = self.of.clauses[clause].branches.clone();
        let words = ["end".to_owned(), "compensate".to_owned()];
        let nodes: Vec<String> = self.of.states.iter().cloned().chain(words).collect();
        for (branch, target) in branches
            .iter()
            .enumerate()
            .filter_map(|(at, branch)| Some((at, branch.target.as_ref()?)))
        {
            let implied = match self.of.clauses[clause].word.as_str() {
                "compensated" => target == "end",
                "start" => self.of.states.len() == 1,
                _ => false,
            };
            if !implied {
                self.change(clause, &format!("does not lead to `{target}`"), |clause| {
                    clause.branches[branch].target = None;
                });
            }
            for other in nodes.iter().filter(|node| *node != target) {
                self.change(clause, &format!("leads to `{other}`, not `{target}`"), |clause| {
                    clause.branches[branch].target = Some(other.clone());
                });
            }
        }
    }
}
