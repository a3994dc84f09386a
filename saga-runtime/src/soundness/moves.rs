//! Configurations as bits, and every outcome as masks over them.
//!
//! From the lowest bit: the place (8), whether a join may be due (1), then two bits per request (none, one, two, more
//! open), one per command whose senders may wait, the steps done as far as they matter, one bit per starting command that
//! has been answered (where several can start), one per arrival kept for a join, one per `after` that has fired and stayed,
//! what `compensate` awaits, and whether an older build began it.

use crate::definition::{Arity, Effect, Place, Target, Trigger, Verb};

use super::{
    capacity::{ASKERS, BRANCHES, CLAUSES, INPUTS, MOVES, NONE, REQUESTS, SENDS},
    model::{Answered, Meaning, Model, includes},
    routes::Routes,
    undoing::{Undoing, bit},
};

/// The bits of the place.
pub(super) const PLACE: u128 = 0xff;
/// Something happened in this step that may complete a join.
pub(super) const FRESH: u128 = 1 << 8;

/// Where the counts of open requests begin, two bits each.
pub(super) const OPENS: usize = 9;

/// Where each part of a configuration lies.
pub(super) struct Layout {
    waits: usize,
    slots: usize,
    /// All bits of requests, waiting senders, steps, arrivals and fired timers.
    pub(super) all_opens: u128,
    pub(super) all_waits: u128,
    pub(super) all_steps: u128,
    pub(super) all_answers: u128,
    pub(super) all_slots: u128,
    all_once: u128,
    /// The steps that replies complete, where they matter.
    pub(super) undoing: Undoing,
    /// The sender that a command leaves waiting.
    pub(super) asking: [u128; INPUTS],
    /// Where a message is kept for a join.
    pub(super) slot: [u128; INPUTS],
    /// Where all replies to a request are kept.
    arriving: [u128; REQUESTS],
    /// A starting command that has been answered, where that has to be known.
    pub(super) answered: [u128; ASKERS],
    /// An `after` that has fired and stayed, if it fires once per entry.
    pub(super) once: [u128; CLAUSES],
    /// Marks a step that may complete a join, where there are joins.
    pub(super) fresh: u128,
    /// An instance of an older build, of which not everything is known; where some state is retired.
    pub(super) older: u128,
    /// Some clause leads out of `compensate`, so that what happens inside it has to be followed in detail.
    pub(super) leaves_compensate: bool,
    bits: usize,
}

impl Layout {
    pub(super) const fn new(model: &Model, routes: &Routes) -> Self {
        let waits = OPENS + 2 * model.request_count;
        let steps = waits + model.asker_count;
        let leaves_compensate = leaves_compensate(model);
        let (undoing, answers) = Undoing::new(model, leaves_compensate, steps);
        let mut layout = Self {
            waits,
            slots: 0,
            all_opens: 0,
            all_waits: 0,
            all_steps: 0,
            all_answers: 0,
            all_slots: 0,
            all_once: 0,
            undoing,
            asking: [0; INPUTS],
            slot: [0; INPUTS],
            arriving: [0; REQUESTS],
            answered: [0; ASKERS],
            once: [0; CLAUSES],
            leaves_compensate,
            older: 0,
            fresh: if routes.join_count > 0 { FRESH } else { 0 },
            bits: answers,
        };
        layout.place_answers(model);
        layout.slots = layout.bits;
        layout.bits += routes.slot_count;
        let once = layout.bits;
        layout.place_timers(model);
        layout.all_opens = ones(OPENS, waits);
        layout.all_waits = ones(waits, steps);
        layout.all_steps = ones(steps, answers);
        layout.all_answers = ones(answers, layout.slots);
        layout.all_slots = ones(layout.slots, once);
        layout.all_once = ones(once, layout.bits);
        layout.bits = layout.undoing.place_waits(model, layout.bits);
        if model.retired != 0 {
            layout.older = bit(layout.bits);
            layout.bits += 1;
        }
        if layout.fits() {
            layout.place_inputs(model, routes);
            layout.undoing.sort_requests(model, routes, OPENS);
        }
        layout
    }

    /// Whether a configuration has room for everything.
    pub(super) const fn fits(&self) -> bool {
        self.bits <= 128 && !self.undoing.log.full
    }

    pub(super) const fn open_shift(&self, request: usize) -> usize {
        OPENS + 2 * request
    }

    /// The lower bit of every request that is open, counted from request 0.
    pub(super) const fn open(&self, configuration: u128) -> u128 {
        let opens = (configuration & self.all_opens) >> OPENS;
        (opens | opens >> 1) & EVEN
    }

    pub(super) const fn wait(&self, asker: usize) -> u128 {
        1 << (self.waits + asker)
    }

    /// The commands whose senders wait: bits over the askers.
    pub(super) const fn waiting(&self, configuration: u128) -> u64 {
        ((configuration & self.all_waits) >> self.waits) as u64
    }

    /// Bits over the slots, in place.
    pub(super) const fn arrivals(&self, slots: u64) -> u128 {
        if slots == 0 {
            0
        } else {
            (slots as u128) << self.slots
        }
    }

    /// What is kept for joins: bits over the slots.
    pub(super) const fn kept(&self, configuration: u128) -> u64 {
        ((configuration >> (self.slots - 1)) >> 1) as u64
    }

    const fn place_inputs(&mut self, model: &Model, routes: &Routes) {
        let mut input = 0;
        while input < model.input_count {
            if model.inputs[input].asker != NONE {
                self.asking[input] = self.wait(model.inputs[input].asker as usize);
            }
            if routes.slot_of[input] != NONE {
                self.slot[input] = self.arrivals(1 << routes.slot_of[input]);
                if model.inputs[input].request == NONE {
                    // What is never open satisfies `?` without having come.
                    self.slot[input] &= self.arrivals(routes.needed);
                } else {
                    self.arriving[model.inputs[input].request as usize] |= self.slot[input];
                }
            }
            input += 1;
        }
    }

    /// With several ways to start, a starting command may come to an instance that another one started.
    const fn place_answers(&mut self, model: &Model) {
        let mut asker = 0;
        while asker < model.asker_count {
            if model.starts_again & (1 << asker) != 0 {
                self.answered[asker] = bit(self.bits);
                self.bits += 1;
            }
            asker += 1;
        }
    }

    const fn place_timers(&mut self, model: &Model) {
        let mut clause = 0;
        while clause < model.definition.clauses.len() {
            if matches!(model.clause(clause).trigger, Trigger::After(_)) && sends_and_stays(model, clause) {
                self.once[clause] = bit(self.bits);
                self.bits += 1;
            }
            clause += 1;
        }
    }
}

/// The lower bit of each count.
pub(super) const EVEN: u128 = 0x5555_5555_5555_5555_5555_5555_5555_5555;

/// The bits from one position up to another.
const fn ones(from: usize, to: usize) -> u128 {
    below(to) & !below(from)
}

const fn below(bits: usize) -> u128 {
    if bits >= 128 { u128::MAX } else { (1 << bits) - 1 }
}

/// Strikes of all outcomes.
const STRIKES: usize = 1024;

/// One way an outcome may turn out: some bits cleared, some set, then the counts of what is sent raised, up to three.
#[derive(Clone, Copy)]
pub(super) struct Move {
    pub(super) clear: u128,
    pub(super) set: u128,
    pub(super) sends_from: u16,
    pub(super) sends_to: u16,
    /// What is sent by hand that undoes something.
    pub(super) strikes_from: u16,
    pub(super) strikes_to: u16,
}

impl Move {
    /// Nothing moves.
    pub(super) const NONE: Self = Self {
        clear: 0,
        set: 0,
        sends_from: 0,
        sends_to: 0,
        strikes_from: 0,
        strikes_to: 0,
    };
}

/// Every way every outcome may turn out.
pub(super) struct Moves {
    pub(super) list: [Move; MOVES],
    /// The moves of a branch, by its number.
    pub(super) from: [u16; BRANCHES + 1],
    count: usize,
    /// Where in a configuration the request is counted, and how many more.
    pub(super) sends: [(u8, u8); SENDS],
    send_count: usize,
    /// The steps of which the last is struck: bits over those that are counted.
    pub(super) strikes: [u16; STRIKES],
    strike_count: usize,
    /// There are too many to try one by one.
    pub(super) full: bool,
}

impl Moves {
    pub(super) const fn new(model: &Model, layout: &Layout) -> Self {
        let mut moves = Self {
            list: [Move::NONE; MOVES],
            from: [0; BRANCHES + 1],
            count: 0,
            sends: [(0, 0); SENDS],
            send_count: 0,
            strikes: [0; STRIKES],
            strike_count: 0,
            full: false,
        };
        let (mut clause, mut number) = (0, 0);
        while clause < model.definition.clauses.len() && !moves.full {
            let mut branch = 0;
            while branch < model.clause(clause).branches.len() {
                moves.from[number] = moves.count as u16;
                moves.add_branch(model, layout, clause, branch);
                number += 1;
                branch += 1;
            }
            clause += 1;
        }
        moves.from[number] = moves.count as u16;
        moves
    }

    const fn add_branch(&mut self, model: &Model, layout: &Layout, clause: usize, branch: usize) {
        let ways = ways(model, layout, clause, branch);
        let mut way = 0;
        while way < ways {
            if self.count == MOVES {
                self.full = true;
                return;
            }
            self.add_way(model, layout, clause, branch, way);
            way += 1;
        }
    }

    /// Adds one combination of what `?` and `*` may come to: the digits of `way`, in mixed radix.
    const fn add_way(
        &mut self,
        model: &Model,
        layout: &Layout,
        clause: usize,
        branch: usize,
        mut way: usize,
    ) {
        let written = &model.clause(clause).branches[branch];
        let (clear, set) = leaving(model, layout, clause, written.target);
        let mut step = Move {
            clear,
            set,
            sends_from: self.send_count as u16,
            sends_to: 0,
            strikes_from: self.strike_count as u16,
            strikes_to: 0,
        };
        let mut at = 0;
        while at < written.effects.len() {
            let meaning = model.meaning(clause, branch, at);
            let struck = struck(model, layout, clause, &written.effects[at]);
            let choices = choices(meaning, struck, written.effects[at].arity);
            let times = if choices == 1 { 1 } else { way % choices };
            way /= choices;
            match meaning {
                Meaning::Opens(request) if times > 0 => {
                    // Arrivals are kept until the join runs or the command is sent again.
                    step.clear |= layout.arriving[request as usize];
                    self.add_send(layout.open_shift(request as usize), times);
                }
                Meaning::Answers(Answered::Asker(asker)) if times > 0 => {
                    step.clear |= layout.wait(asker as usize);
                    step.set |= layout.answered[asker as usize];
                }
                _ => {}
            }
            self.add_strikes(struck, times);
            at += 1;
        }
        step.sends_to = self.send_count as u16;
        step.strikes_to = self.strike_count as u16;
        self.list[self.count] = step;
        self.count += 1;
    }

    const fn add_send(&mut self, shift: usize, times: usize) {
        if self.send_count == SENDS {
            self.full = true;
            return;
        }
        self.sends[self.send_count] = (shift as u8, times as u8);
        self.send_count += 1;
    }
    const fn add_strikes(&mut self, struck: u16, times: usize) {
        let mut time = 0;
        while struck != 0 && time < times {
            if self.strike_count == STRIKES {
                self.full = true;
                return;
            }
            self.strikes[self.strike_count] = struck;
            self.strike_count += 1;
            time += 1;
        }
    }
}

/// Where a branch leads when all is said: a start enters the first state, `compensated` ends.
pub(super) const fn target(trigger: &Trigger, target: Option<Target>) -> Option<Target> {
    match (trigger, target) {
        (Trigger::Start(_), None) => Some(Target::State(0)),
        (Trigger::Compensated, None) => Some(Target::End),
        _ => target,
    }
}

const fn leaving(model: &Model, layout: &Layout, clause: usize, written: Option<Target>) -> (u128, u128) {
    let left = PLACE | FRESH | layout.all_once;
    match target(&model.clause(clause).trigger, written) {
        None => (0, layout.once[clause]),
        Some(Target::End) => (left, model.end() as u128),
        Some(Target::Compensate) => (left, model.compensate() as u128),
        Some(Target::State(state)) => {
            let steps = if is_settled(model, state) {
                layout.all_steps
            } else {
                0
            };
            (left | steps, state as u128 | layout.fresh)
        }
    }
}

/// Whether a state is past the point of no return.
pub(super) const fn is_settled(model: &Model, state: u16) -> bool {
    let mut at = 0;
    while at < model.definition.settled.len() {
        if model.definition.settled[at] == state {
            return true;
        }
        at += 1;
    }
    false
}

/// How many ways an effect may turn out, as far as configurations can tell.
const fn choices(meaning: Meaning, struck: u16, arity: Arity) -> usize {
    match (meaning, arity) {
        (_, Arity::One) => 1,
        (Meaning::Nothing, _) if struck == 0 => 1,
        (Meaning::Nothing | Meaning::Opens(_), Arity::Many) => 4,
        _ => 2,
    }
}

/// The steps that an effect strikes: it sends by hand what undoes them.
const fn struck(model: &Model, layout: &Layout, clause: usize, effect: &Effect) -> u16 {
    let by_hand = !matches!(model.clause(clause).trigger, Trigger::Compensate(_));
    if layout.undoing.log.count > 0 && by_hand && matches!(effect.verb, Verb::Send) {
        layout.undoing.log.struck_by(model, effect.message.name)
    } else {
        0
    }
}

const fn ways(model: &Model, layout: &Layout, clause: usize, branch: usize) -> usize {
    let effects = model.clause(clause).branches[branch].effects;
    let (mut at, mut ways) = (0, 1);
    while at < effects.len() && ways <= MOVES {
        let struck = struck(model, layout, clause, &effects[at]);
        ways *= choices(model.meaning(clause, branch, at), struck, effects[at].arity);
        at += 1;
    }
    ways
}

const fn sends_and_stays(model: &Model, clause: usize) -> bool {
    let branches = model.clause(clause).branches;
    let mut branch = 0;
    while branch < branches.len() {
        let mut at = 0;
        while branches[branch].target.is_none() && at < branches[branch].effects.len() {
            let effect = &branches[branch].effects[at];
            if matches!(effect.verb, Verb::Send) && effect.message.wants_reply() {
                return true;
            }
            at += 1;
        }
        branch += 1;
    }
    false
}

const fn leaves_compensate(model: &Model) -> bool {
    let mut clause = 0;
    while clause < model.definition.clauses.len() {
        let branches = model.clause(clause).branches;
        let mut branch = 0;
        while includes(model.clause(clause).places, Place::Compensate) && branch < branches.len() {
            if branches[branch].target.is_some() {
                return true;
            }
            branch += 1;
        }
        clause += 1;
    }
    false
}
