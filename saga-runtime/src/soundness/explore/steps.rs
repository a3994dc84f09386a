//! What may happen, prepared once and then only laid over configurations.
//!
//! Const evaluation inlines nothing and optimises nothing: what does not depend on the configuration is worked out when
//! it first happens, and what is only of interest in the end is gathered by laying configurations over one another.

use crate::soundness::{
    capacity::{ALWAYS, CLAUSES, INPUTS, MOVES, NONE, PLACES},
    facts::Edge,
    model::Model,
    moves::{FRESH, Layout, Move, Moves, PLACE},
    routes::{FIRST_CLAUSE, Routes, START_AGAIN, UNEXPECTED, is_closed_by},
};

/// Distinct pairs of a message or a timer and what becomes of it.
const HAPPENINGS: usize = INPUTS + 2 * CLAUSES;
/// Ways in which all of those may turn out.
const STEPS: usize = MOVES;

/// A message that comes to where it is routed, or a timer that fires.
#[derive(Clone, Copy)]
pub(super) struct Happening {
    /// It does not happen where one of these bits is set: the timer has fired, the sender has been answered.
    pub(super) unless: u128,
    /// The bits that the message itself sets: its sender waits, its step is done, it is kept for a join.
    pub(super) adds: u128,
    /// The bits it sets where others of its kind are still to come.
    pub(super) adds_before_others: u128,
    /// The ways in which it may turn out.
    pub(super) from: u16,
    pub(super) to: u16,
    route: u16,
    /// The next happening of the same message; the number plus one.
    next: u16,
}

/// One way in which something may turn out: some bits kept, some set, then counts raised.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) keep: u128,
    pub(super) set: u128,
    /// It leads from a declared state to another or stays there, sends nothing, and no join is waiting anywhere.
    pub(super) is_plain: bool,
    /// The step that it completes, where those are counted, or [`NONE`].
    pub(super) kind: u8,
    /// The number of its move; [`MOVES`] where nothing runs.
    pub(super) step: u16,
    pub(super) sends_from: u16,
    pub(super) sends_to: u16,
    pub(super) edge: Edge,
}

/// What has been prepared so far.
pub(super) struct Steps {
    /// What a reply does in a place: [`UNKNOWN`], [`NOTHING`], or the number of the happening plus [`FIRST`].
    pub(super) replies: [[u16; INPUTS]; PLACES],
    /// What comes of itself, as [`Routes::always`] lists it; numbers as above.
    pub(super) always: [u16; ALWAYS],
    pub(super) happenings: [Happening; HAPPENINGS],
    count: usize,
    /// The first happening of each message, and of the timers; the number plus one.
    first: [u16; NONE as usize + 1],
    pub(super) list: [Step; STEPS],
    step_count: usize,
    /// Every configuration in which it happened, laid over one another, and marked with [`FRESH`].
    pub(super) over: [u128; HAPPENINGS],
    /// There is no room for more.
    pub(super) full: bool,
}

pub(super) const UNKNOWN: u16 = 0;
pub(super) const NOTHING: u16 = 1;
pub(super) const FIRST: u16 = 2;

impl Steps {
    pub(super) const fn new() -> Self {
        Self {
            replies: [[UNKNOWN; INPUTS]; PLACES],
            always: [UNKNOWN; ALWAYS],
            happenings: [Happening {
                unless: 0,
                adds: 0,
                adds_before_others: 0,
                from: 0,
                to: 0,
                route: 0,
                next: 0,
            }; HAPPENINGS],
            count: 0,
            first: [0; NONE as usize + 1],
            list: [Step {
                keep: 0,
                set: 0,
                is_plain: false,
                kind: NONE,
                step: MOVES as u16,
                sends_from: 0,
                sends_to: 0,
                edge: Edge::NONE,
            }; STEPS],
            step_count: 0,
            over: [0; HAPPENINGS],
            full: false,
        }
    }

    /// Looks up what a reply does in a place. In `compensate` the runtime takes what nothing names.
    pub(super) const fn find_reply(&mut self, known: &Known<'_>, place: usize, input: usize) -> u16 {
        let route = known.routes.to[place][input];
        let compensating = place == known.model.compensate();
        let found = if route >= FIRST_CLAUSE {
            self.find(known, route, input) as u16 + FIRST
        } else if is_closed_by(route, compensating) {
            let as_if = if route == UNEXPECTED && !compensating {
                route
            } else {
                IGNORED
            };
            self.find(known, as_if, input) as u16 + FIRST
        } else {
            NOTHING
        };
        self.replies[place][input] = found;
        found
    }

    /// Looks up what a command, an event or a timer does, by its position among them.
    pub(super) const fn find_always(&mut self, known: &Known<'_>, at: usize) -> u16 {
        let (clause, input) = known.routes.always[at];
        let route = if clause as usize == START_AGAIN {
            STARTS_AGAIN
        } else {
            FIRST_CLAUSE + clause
        };
        self.always[at] = self.find(known, route, input as usize) as u16 + FIRST;
        self.always[at]
    }

    const fn find(&mut self, known: &Known<'_>, route: u16, input: usize) -> usize {
        let mut link = self.first[input] as usize;
        while link != 0 {
            if self.happenings[link - 1].route == route {
                return link - 1;
            }
            link = self.happenings[link - 1].next as usize;
        }
        if self.count == HAPPENINGS {
            self.full = true;
            return 0;
        }
        let mut happening = if input == NONE as usize {
            of_timer(known, (route - FIRST_CLAUSE) as usize)
        } else if input < known.model.replies_from[known.model.request_count] as usize {
            of_reply(known, route, input)
        } else {
            of_message(known, route, input)
        };
        happening.route = route;
        happening.from = self.step_count as u16;
        self.add_steps(known, route, input);
        happening.to = self.step_count as u16;
        happening.next = self.first[input];
        self.happenings[self.count] = happening;
        self.count += 1;
        self.first[input] = self.count as u16;
        self.count - 1
    }

    /// What is kept or closed happens in one way; a handler runs in each of its own.
    const fn add_steps(&mut self, known: &Known<'_>, route: u16, input: usize) {
        let edge = if input == NONE as usize {
            Edge::NONE
        } else {
            Edge::of_input(input)
        };
        let kind = if route == UNEXPECTED || input == NONE as usize {
            NONE
        } else {
            known.layout.undoing.kind[input]
        };
        if !runs(known, route) {
            return self.add(known, MOVES, kind, edge);
        }
        let clause = (route - FIRST_CLAUSE) as usize;
        let mut branch = known.model.branches_from[clause] as usize;
        while branch < known.model.branches_from[clause + 1] as usize {
            let mut at = known.moves.from[branch] as usize;
            while at < known.moves.from[branch + 1] as usize {
                self.add(known, at, kind, edge.with_branch(branch));
                at += 1;
            }
            branch += 1;
        }
    }

    const fn add(&mut self, known: &Known<'_>, number: usize, kind: u8, edge: Edge) {
        if self.step_count == STEPS {
            self.full = true;
            return;
        }
        let step = if number == MOVES {
            &Move::NONE
        } else {
            &known.moves.list[number]
        };
        let stays = step.clear & PLACE == 0;
        let inside = stays || ((step.set & PLACE) as usize) < known.model.compensate();
        self.list[self.step_count] = Step {
            keep: !step.clear,
            set: step.set,
            is_plain: !known.layout.leaves_compensate
                && inside
                && step.sends_from == step.sends_to
                && step.strikes_from == step.strikes_to
                && kind == NONE
                && known.layout.fresh == 0,
            kind,
            step: number as u16,
            sends_from: step.sends_from,
            sends_to: step.sends_to,
            edge,
        };
        self.step_count += 1;
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }
}

/// What is known of a saga before it is explored.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) model: &'a Model,
    pub(super) routes: &'a Routes,
    pub(super) layout: &'a Layout,
    pub(super) moves: &'a Moves,
}

/// A message that is taken and comes to nothing.
const IGNORED: u16 = 1;
/// A starting command that joins those who wait.
const STARTS_AGAIN: u16 = u16::MAX;

/// Whether a handler runs; a join only keeps what comes.
const fn runs(known: &Known<'_>, route: u16) -> bool {
    route >= FIRST_CLAUSE
        && route != STARTS_AGAIN
        && known.routes.join_of[(route - FIRST_CLAUSE) as usize] == NONE
}

const fn happening(unless: u128, adds: u128, adds_before_others: u128) -> Happening {
    Happening {
        unless,
        adds,
        adds_before_others,
        from: 0,
        to: 0,
        route: 0,
        next: 0,
    }
}

const fn of_timer(known: &Known<'_>, clause: usize) -> Happening {
    happening(known.layout.once[clause], 0, 0)
}

/// A starting command for an instance that another message started: its sender waits, unless it was answered.
const fn of_message(known: &Known<'_>, route: u16, input: usize) -> Happening {
    let asking = known.layout.asking[input];
    if route == STARTS_AGAIN {
        let asker = known.model.inputs[input].asker as usize;
        return happening(known.layout.answered[asker] | asking, asking, 0);
    }
    if runs(known, route) {
        return happening(0, asking, 0);
    }
    happening(0, asking | known.layout.slot[input] | known.layout.fresh, 0)
}

/// An optional item of a join is satisfied by "none open" too, so that its arrival matters only while others are.
const fn of_reply(known: &Known<'_>, route: u16, input: usize) -> Happening {
    let fresh = known.layout.fresh;
    if route == UNEXPECTED {
        return happening(0, fresh, 0);
    }
    let done = known.layout.undoing.step[input] | fresh;
    if route < FIRST_CLAUSE || runs(known, route) {
        return happening(0, done, 0);
    }
    let slot = known.layout.slot[input];
    if slot & known.layout.arrivals(known.routes.needed) != 0 {
        happening(0, done | slot, 0)
    } else {
        happening(0, done, slot)
    }
}

const _: () =
    assert!(FRESH != 0 && INPUTS < NONE as usize && HAPPENINGS + (FIRST as usize) < u16::MAX as usize);
