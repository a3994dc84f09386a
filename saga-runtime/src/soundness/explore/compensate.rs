//! The state that the runtime runs, as the search sees it.

use super::Search;
use crate::soundness::{
    facts::{Edge, NOWHERE},
    model::Model,
    moves::PLACE,
    routes::{Route, Routes},
};

impl Search<'_> {
    /// What the runtime does in `compensate`: await what is open, undo step by step, conclude when nothing is left.
    pub(super) const fn undo(&mut self, node: usize, configuration: u128, place: usize) {
        let detailed = self.layout.leaves_compensate;
        if detailed {
            self.replies(node, configuration, place);
        } else {
            self.replies_while_undoing(node, configuration, place);
        }
        let mut left = configuration & self.layout.all_opens != 0;
        let mut input = 0;
        while input < self.model.replies_from[self.model.request_count] as usize {
            if let Some(clause) = self.model.undo_of(input) {
                let step = self.layout.step[input];
                if !detailed {
                    self.run(node, configuration, clause, Edge::NONE);
                } else if configuration & step != 0 {
                    // It may have been done more than once.
                    self.run(node, configuration & !step, clause, Edge::NONE);
                    self.run(node, configuration, clause, Edge::NONE);
                    left = true;
                }
            }
            input += 1;
        }
        if !left {
            self.conclude(node, configuration);
        }
    }

    /// `compensate` in one configuration: named replies may come at any time, the runtime takes the others.
    const fn replies_while_undoing(&mut self, node: usize, configuration: u128, place: usize) {
        let mut input = 0;
        while input < self.model.replies_from[self.model.request_count] as usize {
            if let Route::Clause(clause) = self.routes.route(place, input) {
                self.run(node, configuration, clause, Edge::of_input(input));
            }
            input += 1;
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
        let keep = if self.layout.leaves_compensate {
            self.layout.all_opens | self.layout.all_steps
        } else {
            0
        };
        let keep = keep | PLACE | self.layout.all_waits | self.layout.all_answers;
        if let Some(bucket) = self.free_bucket(next & keep) {
            self.insert(node, next & keep, edge, bucket);
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
            let done = next & self.layout.step[input] != 0;
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
