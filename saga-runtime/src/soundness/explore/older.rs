//! Instances of older builds, in states that only they are in.
//!
//! Nothing is told of them but what must be true: whoever is answered may have waited, nobody is missed who may have waited,
//! and of the steps done before, none is said to be without an undo.

use super::Search;
use crate::soundness::{
    facts::{Edge, NOWHERE},
    older::{is_asked_in, takes_unclear},
};

impl Search<'_> {
    /// Enters each retired state, without knowing how.
    pub(super) const fn start_older(&mut self) {
        let mut place = 0;
        while place < self.outside {
            if self.model.is_retired(place) {
                let instance = place as u128 | self.layout.older | self.layout.all_answers;
                let root = self.trace.count;
                self.arrive(NOWHERE, instance, Edge::NONE);
                if !self.full {
                    self.current = instance;
                    self.replies_to_older(root, instance, place);
                    self.joins_of_older(root, instance, place);
                }
            }
            place += 1;
        }
    }

    const fn replies_to_older(&mut self, root: usize, instance: u128, place: usize) {
        let mut request = 0;
        while request < self.model.request_count {
            if is_asked_in(self.model, self.routes, place, request) {
                let open = instance | 1 << self.layout.open_shift(request);
                self.arrive(root, open, Edge::sent_before(request));
            }
            request += 1;
        }
        let mut input = 0;
        while input < self.model.replies_from[self.model.request_count] as usize {
            if let Some(clause) = takes_unclear(self.model, self.routes, place, input) {
                self.run(root, instance, clause, Edge::of_input(input));
            }
            input += 1;
        }
    }

    const fn joins_of_older(&mut self, root: usize, instance: u128, place: usize) {
        let mut joins = self.routes.joins_in[place];
        while joins != 0 {
            self.run_join(root, instance, joins.trailing_zeros() as usize);
            joins &= joins - 1;
        }
    }
}
