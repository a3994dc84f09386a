//! State by state instead of configuration by configuration: coarser, never blind.
//!
//! Each place keeps, as one set each, all that may be open, may be open more than once, may be waiting and may be done
//! there. Whatever the exact search would find is found here too; what depends on "none open" is not claimed.

use crate::definition::{Arity, Target, Trigger};

use super::{
    capacity::{NONE, PLACES},
    explore::compensated,
    facts::{Edge, Facts, NOWHERE, Trace},
    model::{Answered, Meaning, Model},
    moves::{is_settled, target},
    older::{is_asked_in, takes_unclear},
    routes::{Route, Routes, START_AGAIN},
};

/// What may be the case in a place: bits over requests, askers and requests again.
#[derive(Clone, Copy)]
struct May {
    open: u64,
    many: u64,
    wait: u64,
    /// Steps done that nothing undoes.
    lasting: u64,
    /// Starting commands not yet answered, where several can start.
    unanswered: u64,
    /// An older build may have begun it, of which not everything is known.
    older: bool,
}

/// A least fixpoint under way.
pub(super) struct Fallback<'a> {
    model: &'a Model,
    routes: &'a Routes,
    may: [May; PLACES],
    /// The last node of a place that learned something; the number plus one.
    node: [u16; PLACES],
    changed: [bool; PLACES],
    compensated: Option<usize>,
    pub(super) trace: Trace,
    pub(super) facts: Facts,
}

impl<'a> Fallback<'a> {
    pub(super) const fn new(model: &'a Model, routes: &'a Routes) -> Self {
        Self {
            model,
            routes,
            may: [May {
                open: 0,
                many: 0,
                wait: 0,
                lasting: 0,
                unanswered: 0,
                older: false,
            }; PLACES],
            node: [0; PLACES],
            changed: [false; PLACES],
            compensated: compensated(model),
            trace: Trace::new(),
            facts: Facts::new(),
        }
    }

    pub(super) const fn run(&mut self) {
        self.start();
        self.settle();
        self.start_older();
        self.settle();
    }

    const fn settle(&mut self) {
        let mut settled = false;
        while !settled {
            settled = true;
            let mut place = 0;
            while place <= self.model.compensate() {
                if self.changed[place] {
                    self.changed[place] = false;
                    settled = false;
                    self.follow(place);
                }
                place += 1;
            }
        }
    }

    const fn start(&mut self) {
        let nothing = May {
            open: 0,
            many: 0,
            wait: 0,
            lasting: 0,
            unanswered: self.model.starts_again,
            older: false,
        };
        let mut clause = 0;
        while clause < self.model.definition.clauses.len() {
            if let Trigger::Start(item) = &self.model.clause(clause).trigger {
                let mut message = 0;
                while message < item.messages.len() {
                    match self.model.inputs_of(item.messages[message]) {
                        0 => self.run_branches(usize::MAX, nothing, clause, Edge::NONE),
                        link => {
                            let asked = May {
                                wait: self.asking(link - 1),
                                ..nothing
                            };
                            self.run_branches(usize::MAX, asked, clause, Edge::of_input(link - 1));
                        }
                    }
                    message += 1;
                }
            }
            clause += 1;
        }
    }

    /// Enters each retired state, without knowing how; any reply that it names may come there.
    const fn start_older(&mut self) {
        let mut place = 0;
        while place < self.model.compensate() {
            if self.model.is_retired(place) {
                let mut may = May {
                    open: 0,
                    many: 0,
                    wait: 0,
                    lasting: 0,
                    unanswered: 0,
                    older: true,
                };
                self.merge(usize::MAX, place, may, Edge::NONE);
                self.unclear_replies(place);
                let mut request = 0;
                while request < self.model.request_count {
                    if is_asked_in(self.model, self.routes, place, request) {
                        may.open |= 1 << request;
                        self.merge(place, place, may, Edge::sent_before(request));
                    }
                    request += 1;
                }
            }
            place += 1;
        }
    }

    const fn unclear_replies(&mut self, place: usize) {
        let mut input = 0;
        while input < self.model.replies_from[self.model.request_count] as usize {
            if let Some(clause) = takes_unclear(self.model, self.routes, place, input) {
                self.run_branches(place, self.may[place], clause, Edge::of_input(input));
            }
            input += 1;
        }
    }

    const fn follow(&mut self, place: usize) {
        self.was_sent_before(place);
        self.happens_of_itself(place);
        self.replies(place);
        self.joins(place);
        if place == self.model.compensate() {
            self.undo(place);
        }
    }

    const fn was_sent_before(&mut self, place: usize) {
        let mut at = 0;
        while at < self.model.definition.retired.len() {
            if let Some(request) = self.model.left_open(at, place) {
                let mut may = self.may[place];
                // More than one may have been sent, and one of them answered since.
                may.send(request, true);
                self.merge(place, place, may, Edge::sent_before(request));
            }
            at += 1;
        }
    }

    const fn happens_of_itself(&mut self, place: usize) {
        let mut at = self.routes.always_from[place] as usize;
        while at < self.routes.always_from[place + 1] as usize {
            let (clause, input) = self.routes.always[at];
            let mut may = self.may[place];
            let mut edge = Edge::NONE;
            if input != NONE {
                let admitted = if clause as usize == START_AGAIN {
                    may.unanswered
                } else {
                    u64::MAX
                };
                may.wait |= self.asking(input as usize) & admitted;
                edge = Edge::of_input(input as usize);
            }
            if clause as usize == START_AGAIN {
                self.merge(place, place, may, edge);
            } else if input == NONE || self.routes.join_of[clause as usize] == NONE {
                self.run_branches(place, may, clause as usize, edge);
            } else {
                self.merge(place, place, may, edge);
            }
            at += 1;
        }
    }

    const fn replies(&mut self, place: usize) {
        let mut input = 0;
        while input < self.model.replies_from[self.model.request_count] as usize {
            let request = self.model.inputs[input].request as usize;
            if self.may[place].open & (1 << request) != 0 {
                self.reply(place, input, request);
            }
            input += 1;
        }
    }

    const fn reply(&mut self, place: usize, input: usize, request: usize) {
        let mut may = self.may[place];
        may.close(request);
        if self.model.lasting != 0 && self.model.is_lasting(input) {
            may.lasting |= 1 << request;
        }
        let edge = Edge::of_input(input);
        match self.routes.route(place, input) {
            Route::Clause(clause) if self.routes.join_of[clause] == NONE => {
                self.run_branches(place, may, clause, edge)
            }
            Route::Clause(_) | Route::Ignored => self.merge(place, place, may, edge),
            // There the runtime takes whatever is not handled.
            _ if place == self.model.compensate() => self.merge(place, place, may, edge),
            Route::Deferred | Route::Unexpected | Route::Unnamed => {}
        }
    }

    /// Any join may complete. What it waited for is then no longer open, unless it was sent more than once.
    const fn joins(&mut self, place: usize) {
        let mut joins = self.routes.joins_in[place];
        while joins != 0 {
            let join = joins.trailing_zeros() as usize;
            let mut may = self.may[place];
            let mut item = self.routes.join_items_from[join] as usize;
            while item < self.routes.join_items_from[join + 1] as usize {
                let found = &self.routes.join_items[item];
                match found.arity {
                    Arity::Many => may.close_all(found.requests),
                    _ if found.requests.count_ones() == 1 => {
                        may.close(found.requests.trailing_zeros() as usize)
                    }
                    _ => {}
                }
                item += 1;
            }
            self.run_branches(place, may, self.routes.joins[join] as usize, Edge::NONE);
            joins &= joins - 1;
        }
    }

    const fn undo(&mut self, place: usize) {
        let mut clause = 0;
        while clause < self.model.definition.clauses.len() {
            if matches!(self.model.clause(clause).trigger, Trigger::Compensate(_)) {
                self.run_branches(place, self.may[place], clause, Edge::NONE);
            }
            clause += 1;
        }
        let done = May {
            open: 0,
            many: 0,
            lasting: 0,
            ..self.may[place]
        };
        match self.compensated {
            Some(clause) => self.run_branches(place, done, clause, Edge::NONE),
            None => self.merge(place, self.model.end(), done, Edge::NONE),
        }
    }

    const fn run_branches(&mut self, from: usize, may: May, clause: usize, edge: Edge) {
        let branches = self.model.clause(clause).branches;
        let mut branch = 0;
        while branch < branches.len() {
            let number = self.model.branch_number(clause, branch);
            self.facts.ran[number] = true;
            self.facts.asked[number] |= if may.older { u64::MAX } else { may.wait };
            let mut next = self.after_effects(may, clause, branch);
            let to = match target(&self.model.clause(clause).trigger, branches[branch].target) {
                None => from,
                Some(Target::State(state)) => {
                    // Entering empties the step log; staying does not.
                    if is_settled(self.model, state) {
                        next.lasting = 0;
                    }
                    state as usize
                }
                Some(Target::Compensate) => self.model.compensate(),
                Some(Target::End) => self.model.end(),
            };
            self.merge(from, to, next, edge.with_branch(number));
            branch += 1;
        }
    }

    const fn after_effects(&self, mut may: May, clause: usize, branch: usize) -> May {
        let effects = self.model.clause(clause).branches[branch].effects;
        let mut at = 0;
        while at < effects.len() {
            let arity = effects[at].arity;
            match self.model.meaning(clause, branch, at) {
                Meaning::Opens(request) => may.send(request as usize, matches!(arity, Arity::Many)),
                Meaning::Answers(Answered::Asker(asker)) if matches!(arity, Arity::One) => {
                    may.wait &= !(1 << asker);
                    may.unanswered &= !(1 << asker);
                }
                _ => {}
            }
            at += 1;
        }
        may
    }

    /// Adds to what may be the case in a place, and takes note of what is new.
    const fn merge(&mut self, from: usize, to: usize, mut may: May, edge: Edge) {
        let parent = if from == usize::MAX {
            NOWHERE
        } else {
            self.node[from] as usize - 1
        };
        if to == self.model.end() {
            let new = may.wait & !self.facts.known_waiting(edge.branch());
            if new != 0 {
                let node = self.trace.add(parent, edge, to);
                self.facts.note_waiting(edge.branch(), new, node);
            }
            may.wait = 0;
            may.lasting = 0;
        }
        if to == self.model.compensate() && from != to {
            self.note_lasting(parent, may, edge);
        }
        if self.node[to] == 0 || !self.may[to].holds(may) {
            let node = self.trace.add(parent, edge, to);
            self.node[to] = node as u16 + 1;
            self.may[to] = self.may[to].or(may);
            self.changed[to] = true;
            self.facts.note_reached(to, node);
            self.facts.note_open(to, spread(may.open), node);
            // What is kept for joins is not followed here, so that anything may be.
            self.facts.kept[to] = u64::MAX;
        }
    }

    const fn note_lasting(&mut self, parent: usize, may: May, edge: Edge) {
        let compensate = self.model.compensate();
        let mut input = 0;
        while (may.lasting | may.open) & self.model.lasting != 0
            && input < self.model.replies_from[self.model.request_count] as usize
        {
            let request = 1 << self.model.inputs[input].request;
            let coming = may.open & request != 0 && !self.routes.is_named(compensate, input);
            if self.facts.lasting[input] == 0
                && (coming || may.lasting & request != 0)
                && self.model.is_lasting(input)
            {
                self.facts.lasting[input] = self.trace.add(parent, edge, compensate) as u16 + 1;
            }
            input += 1;
        }
    }

    const fn asking(&self, input: usize) -> u64 {
        match self.model.inputs[input].asker {
            NONE => 0,
            asker => 1 << asker,
        }
    }
}

impl May {
    const fn send(&mut self, request: usize, many: bool) {
        let bit = 1 << request;
        if many || self.open & bit != 0 {
            self.many |= bit;
        }
        self.open |= bit;
    }

    const fn close(&mut self, request: usize) {
        self.open &= !(1 << request) | self.many;
    }

    const fn close_all(&mut self, requests: u64) {
        self.open &= !requests;
        self.many &= !requests;
    }

    const fn holds(&self, other: Self) -> bool {
        other.open & !self.open == 0
            && other.many & !self.many == 0
            && other.wait & !self.wait == 0
            && other.lasting & !self.lasting == 0
            && other.unanswered & !self.unanswered == 0
            && (self.older || !other.older)
    }

    const fn or(&self, other: Self) -> Self {
        Self {
            open: self.open | other.open,
            many: self.many | other.many,
            wait: self.wait | other.wait,
            lasting: self.lasting | other.lasting,
            unanswered: self.unanswered | other.unanswered,
            older: self.older || other.older,
        }
    }
}

/// Each bit at twice its position, as the facts keep them.
const fn spread(mut requests: u64) -> u128 {
    let mut spread = 0;
    while requests != 0 {
        spread |= 1 << (2 * requests.trailing_zeros());
        requests &= requests - 1;
    }
    spread
}
