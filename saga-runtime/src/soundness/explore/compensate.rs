//! The state that the runtime runs, as the search sees it.

use super::Search;
use crate::soundness::{
    capacity::NONE,
    facts::{Edge, NOWHERE},
    model::Model,
    moves::PLACE,
    routes::{Route, Routes, START_AGAIN},
};

impl Search<'_> {
    /// What the runtime does in `compensate`: undo step by step, await what is open, conclude when nothing is left.
    pub(super) const fn undo(&mut self, node: usize, configuration: u128) {
        if self.layout.leaves_compensate {
            return self.undo_in_detail(node, configuration);
        }
        if self.has_to_undo(configuration) {
            return self.undo_last(node, configuration);
        }
        if !self.is_awaiting(configuration) {
            return self.conclude(node, configuration);
        }
        self.happens_meanwhile(node, configuration);
        self.replies_meanwhile(node, configuration);
        let undoing = &self.layout.undoing;
        let (held, running) = (undoing.held, undoing.running);
        if configuration & held != 0 {
            self.arrive(node, configuration & !held, Edge::NONE);
        }
        if configuration & running != 0 {
            self.arrive(node, configuration & !running, Edge::NONE);
        }
    }

    /// Whether the next undo is run before anything can come, where they are run one by one.
    const fn has_to_undo(&self, configuration: u128) -> bool {
        let undoing = &self.layout.undoing;
        undoing.log.one_by_one && configuration & undoing.running == 0 && !undoing.log.is_empty(configuration)
    }

    /// Whether anything can come in a configuration of `compensate`.
    pub(super) const fn is_awaiting(&self, configuration: u128) -> bool {
        let undoing = &self.layout.undoing;
        self.layout.leaves_compensate
            || (configuration & (undoing.held | undoing.running | undoing.heard) != 0
                && !self.has_to_undo(configuration))
    }

    /// Undoes the step that was completed last.
    const fn undo_last(&mut self, node: usize, configuration: u128) {
        let last = self.layout.undoing.log.last(configuration, u16::MAX);
        let mut at = 0;
        while at < last.count {
            let (kind, left) = last.list[at];
            self.run_undo(node, left, self.layout.undoing.log.clause(kind));
            at += 1;
        }
    }

    /// Runs an undo every way it may turn out. What it asks for is awaited, and no clause hears of the answer.
    const fn run_undo(&mut self, node: usize, configuration: u128, clause: usize) {
        let mut number = self.model.branches_from[clause] as usize;
        let last = self.model.branches_from[clause + 1] as usize;
        while number < last {
            self.facts.ran[number] = true;
            self.asked[number] |= configuration;
            let mut at = self.moves.from[number] as usize;
            while at < self.moves.from[number + 1] as usize {
                let step = self.moves.list[at];
                let mut next = (configuration & !step.clear) | step.set;
                if step.sends_from < step.sends_to {
                    next |= self.layout.undoing.running;
                }
                self.arrive(node, next, Edge::NONE.with_branch(number));
                at += 1;
            }
            number += 1;
        }
    }

    /// Commands and events while something is awaited.
    const fn happens_meanwhile(&mut self, node: usize, configuration: u128) {
        let mut at = self.routes.always_from[self.outside] as usize;
        while at < self.routes.always_from[self.outside + 1] as usize {
            let (clause, input) = self.routes.always[at];
            let (clause, input) = (clause as usize, input as usize);
            let asking = self.layout.asking[input];
            let edge = Edge::of_input(input);
            if clause == START_AGAIN {
                let answered = self.layout.answered[self.model.inputs[input].asker as usize];
                if configuration & (answered | asking) == 0 {
                    self.arrive(node, configuration | asking, edge);
                }
            } else if self.routes.join_of[clause] == NONE {
                self.run(node, configuration | asking, clause, edge);
            } else {
                let kept = configuration | asking | self.layout.slot[input];
                self.arrive(node, kept, edge);
            }
            at += 1;
        }
    }

    /// Replies of which something hears. The runtime takes whatever is not handled, and keeps nothing for later.
    const fn replies_meanwhile(&mut self, node: usize, configuration: u128) {
        let mut open = self.layout.open(configuration);
        while open != 0 {
            let request = open.trailing_zeros() as usize / 2;
            open &= open - 1;
            let one = 1 << self.layout.open_shift(request);
            let mut input = self.model.replies_from[request] as usize;
            while input < self.model.replies_from[request + 1] as usize {
                self.reply_meanwhile(node, configuration - one, input);
                if (configuration / one) & 3 == 3 {
                    self.reply_meanwhile(node, configuration, input);
                }
                input += 1;
            }
        }
    }

    const fn reply_meanwhile(&mut self, node: usize, configuration: u128, input: usize) {
        let undoing = &self.layout.undoing;
        let mut done = configuration | undoing.step[input];
        if undoing.kind[input] != NONE {
            done = undoing.log.push(done, undoing.kind[input]);
        }
        match self.routes.route(self.outside, input) {
            Route::Clause(clause) if self.routes.join_of[clause] == NONE => {
                self.run(node, done, clause, Edge::of_input(input));
            }
            _ => self.arrive(node, done, Edge::of_input(input)),
        }
    }

    /// Where a clause leads out of `compensate`, what undos ask for is open like anything else, and what is done may be
    /// undone in any order, any number of times.
    const fn undo_in_detail(&mut self, node: usize, configuration: u128) {
        self.happens_of_itself(node, configuration, self.outside);
        self.replies(node, configuration, self.outside);
        let mut left = configuration & self.layout.all_opens != 0;
        let mut input = 0;
        while input < self.model.replies_from[self.model.request_count] as usize {
            let step = self.layout.undoing.step[input];
            if let Some(clause) = self.model.undo_of(input)
                && configuration & step != 0
            {
                self.run(node, configuration & !step, clause, Edge::NONE);
                self.run(node, configuration, clause, Edge::NONE);
                // It may have been struck.
                self.arrive(node, configuration & !step, Edge::NONE);
                left = true;
            }
            input += 1;
        }
        if !left {
            self.conclude(node, configuration);
        }
    }

    const fn conclude(&mut self, node: usize, configuration: u128) {
        let configuration = configuration & !self.layout.all_steps;
        match self.compensated {
            Some(clause) => {
                self.run(node, configuration, clause, Edge::NONE);
            }
            None => self.arrive(
                node,
                (configuration & !PLACE) | self.model.end() as u128,
                Edge::NONE,
            ),
        }
    }

    pub(super) const fn arrive_at_compensate(&mut self, node: usize, next: u128, edge: Edge) {
        let place = self.model.compensate();
        let entered = node == NOWHERE || self.trace.place(node) != place;
        let open = self.layout.open(next);
        if entered {
            self.note_lasting(node, next, edge);
        }
        if open & !self.facts.open_seen[place] != 0 {
            let there = self.find(node, edge, place);
            self.facts.note_open(place, open, there);
        }
        let mut keep = PLACE | self.layout.all_waits | self.layout.all_answers | self.layout.older;
        let undoing = &self.layout.undoing;
        if undoing.returns {
            keep |= self.layout.all_slots;
        }
        if self.layout.leaves_compensate {
            return self.arrive_once(
                node,
                next & (keep | self.layout.all_opens | self.layout.all_steps),
                edge,
            );
        }
        keep |= undoing.heard | undoing.held | undoing.running;
        if undoing.log.one_by_one {
            keep |= undoing.log.all();
        }
        let held = undoing.held;
        let awaits = open & undoing.unheard != 0 || next & undoing.awaits != 0;
        if awaits || next & undoing.may_await != 0 {
            self.arrive_once(node, (next & keep) | held, edge);
        }
        if !awaits {
            self.arrive_once(node, next & keep, edge);
        }
    }

    const fn arrive_once(&mut self, node: usize, configuration: u128, edge: Edge) {
        if let Some(bucket) = self.free_bucket(configuration) {
            self.insert(node, configuration, edge, bucket);
        }
    }

    /// Steps that are done, or may yet be, and that nothing undoes.
    const fn note_lasting(&mut self, node: usize, next: u128, edge: Edge) {
        let open = self.layout.open(next) & self.lasting_open;
        if open == 0 && next & self.layout.all_steps == 0 {
            return;
        }
        let mut input = 0;
        while input < self.model.replies_from[self.model.request_count] as usize {
            let request = self.model.inputs[input].request as usize;
            let done = next & self.layout.undoing.step[input] != 0;
            let coming =
                open & (1 << (2 * request)) != 0 && !self.routes.is_named(self.model.compensate(), input);
            if self.facts.lasting[input] == 0 && (done || coming) && self.model.is_lasting(input) {
                self.facts.lasting[input] = self.find(node, edge, self.model.compensate()) as u16 + 1;
            }
            input += 1;
        }
    }
}

pub(super) const fn lasting_open(model: &Model, routes: &Routes) -> u128 {
    let mut open = 0;
    let mut input = 0;
    while input < model.replies_from[model.request_count] as usize {
        if model.is_lasting(input) && !routes.is_named(model.compensate(), input) {
            open |= 1 << (2 * model.inputs[input].request as usize);
        }
        input += 1;
    }
    open
}
