//! What configurations know of the steps done, and what still matters of them in `compensate`.

use crate::definition::{Target, Trigger};

use super::{
    capacity::{INPUTS, NONE},
    log::{Awaits, Log, awaits},
    model::Model,
    routes::{Route, Routes},
};

/// Where the steps done lie in a configuration.
pub(super) struct Undoing {
    /// The bit that a reply sets: a step that nothing undoes, or one whose undo awaits something.
    pub(super) step: [u128; INPUTS],
    /// The number of the reply's undo among those that are counted, or [`NONE`].
    pub(super) kind: [u8; INPUTS],
    pub(super) log: Log,
    /// Where one of these is set as `compensate` is entered, something is awaited there, or may be.
    pub(super) awaits: u128,
    pub(super) may_await: u128,
    /// In `compensate`: a request is open of which nothing there hears, or an undo awaits its answer.
    pub(super) held: u128,
    /// In `compensate`, where undos are followed one by one: one of them awaits its answer.
    pub(super) running: u128,
    /// The counts of requests of which something there hears.
    pub(super) heard: u128,
    /// The requests of which nothing there hears: bits at even positions.
    pub(super) unheard: u128,
    /// What is kept for joins matters in `compensate` too, as it leads to a state in the end.
    pub(super) returns: bool,
}

impl Undoing {
    /// Places the steps from some bit on; returns the bit after them as well.
    pub(super) const fn new(model: &Model, in_detail: bool, at: usize) -> (Self, usize) {
        let mut undoing = Self {
            step: [0; INPUTS],
            kind: [NONE; INPUTS],
            log: Log::new(model, in_detail, at),
            awaits: 0,
            may_await: 0,
            held: 0,
            running: 0,
            heard: 0,
            unheard: 0,
            returns: returns(model),
        };
        let mut bits = at + undoing.log.bits();
        if model.compensates {
            bits = undoing.place_steps(model, in_detail, bits);
            if !undoing.log.one_by_one && bits <= 128 {
                undoing.note_counted(model);
            }
        }
        (undoing, bits)
    }

    const fn place_steps(&mut self, model: &Model, in_detail: bool, mut bits: usize) -> usize {
        let mut input = 0;
        while input < model.replies_from[model.request_count] as usize {
            if let Some(undo) = model.undo_of(input) {
                self.kind[input] = self.log.kind(undo);
                if in_detail {
                    self.step[input] = bit(bits);
                    bits += 1;
                } else if self.kind[input] == NONE && !self.log.one_by_one {
                    bits = self.place_awaiting(awaits(model, undo), input, bits);
                }
            } else if model.is_lasting(input) {
                self.step[input] = bit(bits);
                bits += 1;
            }
            input += 1;
        }
        bits
    }

    /// All steps share one bit whose undo awaits something for sure, and one whose undo may.
    const fn place_awaiting(&mut self, awaits: Awaits, input: usize, bits: usize) -> usize {
        let shared = match awaits {
            Awaits::Never => return bits,
            Awaits::Maybe => &mut self.may_await,
            Awaits::Always => &mut self.awaits,
        };
        let mut next = bits;
        if *shared == 0 {
            *shared = bit(bits);
            next += 1;
        }
        self.step[input] = *shared;
        next
    }

    const fn note_counted(&mut self, model: &Model) {
        let mut kind = 0;
        while kind < self.log.count {
            let done = self.log.done(kind);
            match awaits(model, self.log.clause(kind as u8)) {
                Awaits::Never => {}
                Awaits::Maybe => self.may_await |= done,
                Awaits::Always => self.awaits |= done,
            }
            kind += 1;
        }
    }

    /// Places what is awaited in `compensate`; returns the bit after it.
    pub(super) const fn place_waits(&mut self, model: &Model, mut bits: usize) -> usize {
        if model.compensates {
            self.held = bit(bits);
            bits += 1;
        }
        if self.log.one_by_one {
            self.running = bit(bits);
            bits += 1;
        }
        bits
    }

    /// Sorts the requests by whether a clause hears of an answer in `compensate`, or its undo is followed by itself.
    pub(super) const fn sort_requests(&mut self, model: &Model, routes: &Routes, first: usize) {
        let mut request = 0;
        while request < model.request_count {
            let mut heard = false;
            let mut input = model.replies_from[request] as usize;
            while input < model.replies_from[request + 1] as usize {
                heard |= takes(model, routes, input) || (self.log.one_by_one && self.kind[input] != NONE);
                input += 1;
            }
            if heard {
                self.heard |= 0b11 << (first + 2 * request);
            } else {
                self.unheard |= 1 << (2 * request);
            }
            request += 1;
        }
    }
}

const fn takes(model: &Model, routes: &Routes, input: usize) -> bool {
    match routes.route(model.compensate(), input) {
        Route::Clause(clause) => routes.join_of[clause] == NONE,
        _ => false,
    }
}

/// Whether `compensated` leads to a state.
const fn returns(model: &Model) -> bool {
    let mut clause = 0;
    while clause < model.definition.clauses.len() {
        let branches = model.clause(clause).branches;
        let mut branch = 0;
        while matches!(model.clause(clause).trigger, Trigger::Compensated) && branch < branches.len() {
            if matches!(branches[branch].target, Some(Target::State(_))) {
                return true;
            }
            branch += 1;
        }
        clause += 1;
    }
    false
}

/// One bit; none where there is no more room, which the layout tells.
pub(super) const fn bit(at: usize) -> u128 {
    if at < 128 { 1 << at } else { 0 }
}
