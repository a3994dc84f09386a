//! The step log, as far as configurations must know it to tell what `compensate` comes to.
//!
//! Of an undo that answers nobody it only matters whether something is awaited: all of those are one bit, which many
//! configurations share. An undo whose command is also sent by hand, which strikes the step, is counted. Where an undo
//! answers somebody, all that are awaited or answer are followed one by one, in the reverse order of completion; of a step
//! done more than once, the places in that order are not known.

use crate::definition::{Arity, Trigger, Verb};

use super::{
    capacity::NONE,
    messages::same,
    model::{Answered, Meaning, Model},
};

/// Undos that are counted, at most.
pub(super) const KINDS: usize = 16;
/// Undos of which the order is known, at most.
const IN_ORDER: usize = 7;
/// Bits of a place in the order.
const WIDTH: usize = 3;

/// Whether an undo asks for something whose answer is awaited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaits {
    Never,
    /// Some outcomes do, or the `?` or `*` of one.
    Maybe,
    Always,
}

/// Which undos are counted, and where.
pub(super) struct Log {
    clauses: [u16; KINDS],
    pub(super) count: usize,
    /// They are run one by one; otherwise only whether something is awaited matters.
    pub(super) one_by_one: bool,
    /// The order in which steps done once were completed is known.
    ordered: bool,
    /// Where the counts begin, and the order.
    counts: usize,
    order: usize,
    /// There are more than [`KINDS`].
    pub(super) full: bool,
}

/// What the last of some steps may be, and what is then left.
pub(super) struct Ways {
    pub(super) list: [(u8, u128); 2 * KINDS],
    pub(super) count: usize,
}

impl Log {
    /// The log of a saga whose configurations have room for it from some bit; `apart`: it is kept in another way.
    pub(super) const fn new(model: &Model, apart: bool, at: usize) -> Self {
        let mut log = Self {
            clauses: [0; KINDS],
            count: 0,
            one_by_one: false,
            ordered: false,
            counts: at,
            order: at,
            full: false,
        };
        if apart || !model.compensates {
            return log;
        }
        let mut clause = 0;
        while clause < model.definition.clauses.len() {
            if is_undo(model, clause) {
                log.one_by_one |= answers(model, clause) || is_struck_for_another(model, clause);
            }
            clause += 1;
        }
        clause = 0;
        while clause < model.definition.clauses.len() {
            if is_undo(model, clause) && log.must_count(model, clause) {
                log.add(clause);
            }
            clause += 1;
        }
        log.ordered = log.one_by_one && log.count <= IN_ORDER;
        log.order = at + 2 * log.count;
        log
    }

    const fn must_count(&self, model: &Model, clause: usize) -> bool {
        let awaited = !matches!(awaits(model, clause), Awaits::Never);
        if self.one_by_one {
            awaited || answers(model, clause) || is_struck(model, clause)
        } else {
            awaited && is_struck(model, clause)
        }
    }

    const fn add(&mut self, clause: usize) {
        if self.count == KINDS {
            self.full = true;
            return;
        }
        self.clauses[self.count] = clause as u16;
        self.count += 1;
    }

    /// How many bits it takes.
    pub(super) const fn bits(&self) -> usize {
        2 * self.count + if self.ordered { WIDTH * self.count } else { 0 }
    }

    /// All of its bits.
    pub(super) const fn all(&self) -> u128 {
        ((1 << self.bits()) - 1) << self.counts
    }

    /// The number of a counted undo, or [`NONE`].
    pub(super) const fn kind(&self, clause: usize) -> u8 {
        let mut kind = 0;
        while kind < self.count {
            if self.clauses[kind] as usize == clause {
                return kind as u8;
            }
            kind += 1;
        }
        NONE
    }

    pub(super) const fn clause(&self, kind: u8) -> usize {
        self.clauses[kind as usize] as usize
    }

    /// The steps that a command strikes when it is sent by hand: bits over the counted undos.
    pub(super) const fn struck_by(&self, model: &Model, command: &str) -> u16 {
        let (mut kind, mut struck) = (0, 0);
        while kind < self.count {
            if sends(model, self.clauses[kind] as usize, command) {
                struck |= 1 << kind;
            }
            kind += 1;
        }
        struck
    }

    /// The bit that is set where such a step is done at all; the next one says that more than one is.
    pub(super) const fn done(&self, kind: usize) -> u128 {
        1 << (self.counts + 2 * kind)
    }

    pub(super) const fn is_empty(&self, configuration: u128) -> bool {
        let mut kind = 0;
        while kind < self.count {
            if configuration & self.done(kind) != 0 {
                return false;
            }
            kind += 1;
        }
        true
    }

    /// A step is completed.
    pub(super) const fn push(&self, configuration: u128, kind: u8) -> u128 {
        let done = self.done(kind as usize);
        if configuration & done != 0 {
            return self.forget_place(configuration, kind) | done << 1;
        }
        if !self.ordered {
            return configuration | done;
        }
        let mut place = 0;
        while self.at(configuration, place) != 0 {
            place += 1;
        }
        configuration | done | (kind as u128 + 1) << (self.order + WIDTH * place)
    }

    /// What the last step of some kinds may be, and what is then left.
    pub(super) const fn last(&self, configuration: u128, kinds: u16) -> Ways {
        let mut ways = Ways {
            list: [(NONE, 0); 2 * KINDS],
            count: 0,
        };
        let (mut placed, mut last) = (0_u16, NONE);
        let mut place = 0;
        while self.ordered && place < self.count && self.at(configuration, place) != 0 {
            let kind = self.at(configuration, place) as u8 - 1;
            placed |= 1 << kind;
            if kinds & (1 << kind) != 0 {
                last = kind;
            }
            place += 1;
        }
        if last != NONE {
            let left = self.forget_place(configuration, last) & !self.done(last as usize);
            ways.add(last, left);
        }
        let mut kind = 0;
        while kind < self.count {
            let done = self.done(kind);
            if kinds & !placed & (1 << kind) != 0 && configuration & done != 0 {
                if configuration & done << 1 == 0 {
                    ways.add(kind as u8, configuration & !done);
                } else {
                    ways.add(kind as u8, configuration & !(done << 1));
                    ways.add(kind as u8, configuration);
                }
            }
            kind += 1;
        }
        ways
    }

    /// What stands at a place in the order: a number plus one, 0 where nothing does.
    const fn at(&self, configuration: u128, place: usize) -> u128 {
        if place == self.count {
            return 0;
        }
        (configuration >> (self.order + WIDTH * place)) & ((1 << WIDTH) - 1)
    }

    /// Takes a kind out of the order; those after it move up.
    const fn forget_place(&self, configuration: u128, kind: u8) -> u128 {
        let mut place = 0;
        while self.ordered && place < self.count {
            if self.at(configuration, place) == kind as u128 + 1 {
                let from = self.order + WIDTH * place;
                let all = ((1_u128 << (WIDTH * (self.count - place))) - 1) << from;
                let later = ((configuration & all) >> (from + WIDTH)) << from;
                return (configuration & !all) | later;
            }
            place += 1;
        }
        configuration
    }
}

impl Ways {
    const fn add(&mut self, kind: u8, left: u128) {
        self.list[self.count] = (kind, left);
        self.count += 1;
    }
}

const fn is_undo(model: &Model, clause: usize) -> bool {
    matches!(model.clause(clause).trigger, Trigger::Compensate(_))
}

/// Whether the answer to something that an undo asks for is awaited.
pub(super) const fn awaits(model: &Model, clause: usize) -> Awaits {
    let branches = model.clause(clause).branches;
    let (mut any, mut all) = (false, true);
    let mut branch = 0;
    while branch < branches.len() {
        let mut surely = false;
        let mut effect = 0;
        while effect < branches[branch].effects.len() {
            if matches!(model.meaning(clause, branch, effect), Meaning::Opens(_)) {
                any = true;
                surely |= matches!(branches[branch].effects[effect].arity, Arity::One);
            }
            effect += 1;
        }
        all &= surely;
        branch += 1;
    }
    match (any, all) {
        (false, _) => Awaits::Never,
        (true, false) => Awaits::Maybe,
        (true, true) => Awaits::Always,
    }
}

/// Whether an undo answers somebody who waits.
const fn answers(model: &Model, clause: usize) -> bool {
    let branches = model.clause(clause).branches;
    let mut branch = 0;
    while branch < branches.len() {
        let mut effect = 0;
        while effect < branches[branch].effects.len() {
            if matches!(
                model.meaning(clause, branch, effect),
                Meaning::Answers(Answered::Asker(_))
            ) {
                return true;
            }
            effect += 1;
        }
        branch += 1;
    }
    false
}

/// Whether a clause sends a command of this name.
const fn sends(model: &Model, clause: usize, command: &str) -> bool {
    let branches = model.clause(clause).branches;
    let mut branch = 0;
    while branch < branches.len() {
        let mut effect = 0;
        while effect < branches[branch].effects.len() {
            let sent = &branches[branch].effects[effect];
            if matches!(sent.verb, Verb::Send) && same(sent.message.name, command) {
                return true;
            }
            effect += 1;
        }
        branch += 1;
    }
    false
}

/// Whether something that an undo sends is sent by hand as well.
const fn is_struck(model: &Model, undo: usize) -> bool {
    let mut clause = 0;
    while clause < model.definition.clauses.len() {
        if !is_undo(model, clause) && any_sent(model, undo, clause) {
            return true;
        }
        clause += 1;
    }
    false
}

/// Whether a command sent by hand may strike this step or another one.
const fn is_struck_for_another(model: &Model, undo: usize) -> bool {
    let mut other = 0;
    while other < model.definition.clauses.len() {
        if other != undo
            && is_undo(model, other)
            && any_sent(model, undo, other)
            && is_struck(model, undo)
            && !(matches!(awaits(model, undo), Awaits::Never)
                && matches!(awaits(model, other), Awaits::Never))
        {
            return true;
        }
        other += 1;
    }
    false
}

/// Whether two clauses send the same command.
const fn any_sent(model: &Model, one: usize, other: usize) -> bool {
    let branches = model.clause(one).branches;
    let mut branch = 0;
    while branch < branches.len() {
        let mut effect = 0;
        while effect < branches[branch].effects.len() {
            let sent = &branches[branch].effects[effect];
            if matches!(sent.verb, Verb::Send) && sends(model, other, sent.message.name) {
                return true;
            }
            effect += 1;
        }
        branch += 1;
    }
    false
}
