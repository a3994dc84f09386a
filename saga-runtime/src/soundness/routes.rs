//! What each state does with each message: the runtime's own choice, made once for the whole saga.

use crate::{
    definition::{Arity, Item, Place, Treatment, Trigger},
    message::MessageKind,
};

use super::{
    capacity::{ALWAYS, CLAUSES, Excess, INPUTS, JOIN_ITEMS, JOINS, KEPT, NONE, PLACES},
    model::{Model, items},
};

/// What becomes of a message in a state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// No clause and no exception names it here.
    Unnamed,
    Ignored,
    Deferred,
    Unexpected,
    /// An `on` clause takes it, or an `all` clause keeps it.
    Clause(usize),
}

impl Route {
    const fn number(self) -> u16 {
        match self {
            Self::Unnamed => 0,
            Self::Ignored => 1,
            Self::Deferred => 2,
            Self::Unexpected => UNEXPECTED,
            Self::Clause(clause) => FIRST_CLAUSE + clause as u16,
        }
    }

    const fn of(number: u16) -> Self {
        match number {
            0 => Self::Unnamed,
            1 => Self::Ignored,
            2 => Self::Deferred,
            UNEXPECTED => Self::Unexpected,
            clause => Self::Clause((clause - FIRST_CLAUSE) as usize),
        }
    }
}

/// Routes by number, as the innermost loop reads them.
pub(super) const UNEXPECTED: u16 = 3;
pub(super) const FIRST_CLAUSE: u16 = 4;

/// Whether a reply routed like this closes its request and does nothing else. In `compensate` the runtime takes what is
/// unnamed or deferred as well; elsewhere such a reply is as good as not come.
pub(super) const fn is_closed_by(route: u16, compensating: bool) -> bool {
    route < FIRST_CLAUSE && (compensating || route == 1 || route == UNEXPECTED)
}

/// One item of a join.
#[derive(Clone, Copy)]
pub(super) struct JoinItem {
    pub(super) arity: Arity,
    /// The inputs that fill it: bits over the slots.
    pub(super) slots: u64,
    /// The requests that may still fill it.
    pub(super) requests: u64,
}

/// The routes of a saga, and what may happen in each of its states without being asked for.
pub(super) struct Routes {
    pub(super) to: [[u16; INPUTS]; PLACES],
    /// How firmly a route was chosen: a named state beats `_`, `of` beats no `of`.
    rank: [[u8; INPUTS]; PLACES],
    /// Commands, events and timers that may come at any time, state by state: clauses and their inputs.
    pub(super) always: [(u16, u8); ALWAYS],
    pub(super) always_from: [u16; PLACES + 1],
    /// The join of a clause, or [`NONE`].
    pub(super) join_of: [u8; CLAUSES],
    pub(super) joins: [u16; JOINS],
    pub(super) join_count: usize,
    pub(super) join_items: [JoinItem; JOIN_ITEMS],
    pub(super) join_items_from: [u16; JOINS + 1],
    /// The joins of a state: bits over the joins.
    pub(super) joins_in: [u32; PLACES],
    /// Where an arrival is kept until its join runs, or [`NONE`].
    pub(super) slot_of: [u8; INPUTS],
    /// Slots of items without `?` and `*`, which must be filled.
    pub(super) needed: u64,
    pub(super) slot_count: usize,
    pub(super) excess: Option<Excess>,
}

impl Routes {
    pub(super) const fn new(model: &Model) -> Self {
        let mut routes = Self::blank();
        if model.excess.is_none() {
            routes.number_joins(model);
            routes.name_clauses(model);
            routes.name_exceptions(model);
            routes.list_always(model);
        }
        routes
    }

    const fn blank() -> Self {
        Self {
            to: [[0; INPUTS]; PLACES],
            rank: [[0; INPUTS]; PLACES],
            always: [(0, NONE); ALWAYS],
            always_from: [0; PLACES + 1],
            join_of: [NONE; CLAUSES],
            joins: [0; JOINS],
            join_count: 0,
            join_items: [JoinItem {
                arity: Arity::One,
                slots: 0,
                requests: 0,
            }; JOIN_ITEMS],
            join_items_from: [0; JOINS + 1],
            joins_in: [0; PLACES],
            slot_of: [NONE; INPUTS],
            needed: 0,
            slot_count: 0,
            excess: None,
        }
    }

    pub(super) const fn route(&self, place: usize, input: usize) -> Route {
        Route::of(self.to[place][input])
    }

    /// Whether a message is taken, ignored, deferred or declared unexpected here.
    pub(super) const fn is_named(&self, place: usize, input: usize) -> bool {
        self.to[place][input] != 0
    }

    /// Whether a state of its own name, not `_`, made this route.
    pub(super) const fn is_explicit(&self, place: usize, input: usize) -> bool {
        self.rank[place][input] >= EXPLICIT
    }

    /// Whether that route names the command after `of`.
    pub(super) const fn is_of(&self, place: usize, input: usize) -> bool {
        self.rank[place][input] == EXPLICIT + 1
    }

    const fn name_clauses(&mut self, model: &Model) {
        let mut clause = 0;
        while clause < model.definition.clauses.len() {
            let places = model.clause(clause).places;
            if !matches!(model.clause(clause).trigger, Trigger::Start(_)) {
                let items = items(&model.clause(clause).trigger);
                let mut at = 0;
                while at < items.len() {
                    self.name(model, &items[at], places, Route::Clause(clause));
                    at += 1;
                }
            }
            clause += 1;
        }
    }

    const fn name_exceptions(&mut self, model: &Model) {
        let mut at = 0;
        while at < model.definition.exceptions.len() {
            let exception = &model.definition.exceptions[at];
            let route = match exception.how {
                Treatment::Ignore => Route::Ignored,
                Treatment::Defer => Route::Deferred,
                Treatment::Unexpected => Route::Unexpected,
            };
            self.name(model, &exception.item, exception.places, route);
            at += 1;
        }
    }

    const fn name(&mut self, model: &Model, item: &Item, places: &[Place], route: Route) {
        let mut message = 0;
        while message < item.messages.len() {
            let mut link = model.inputs_of(item.messages[message]);
            while link != 0 {
                if model.admits(item, link - 1) {
                    self.name_input(model, link - 1, item.of.is_some(), places, route);
                }
                link = model.next_input(link);
            }
            message += 1;
        }
    }

    const fn name_input(&mut self, model: &Model, input: usize, of: bool, places: &[Place], route: Route) {
        let mut at = 0;
        while at < places.len() {
            match places[at] {
                Place::State(state) => self.offer(state as usize, input, EXPLICIT + of as u8, route),
                Place::Compensate => self.offer(model.compensate(), input, EXPLICIT + of as u8, route),
                Place::End => self.offer(model.end(), input, EXPLICIT + of as u8, route),
                Place::Rest => {
                    let mut state = 0;
                    while state < model.definition.states.len() {
                        self.offer(state, input, REST + of as u8, route);
                        state += 1;
                    }
                }
            }
            at += 1;
        }
    }

    const fn offer(&mut self, place: usize, input: usize, rank: u8, route: Route) {
        if rank > self.rank[place][input] {
            self.rank[place][input] = rank;
            self.to[place][input] = route.number();
        }
    }

    const fn list_always(&mut self, model: &Model) {
        let timers = Timers::of(model);
        let (mut place, mut count) = (0, 0);
        while place <= model.compensate() {
            self.always_from[place] = count as u16;
            let mut input = model.replies_from[model.request_count] as usize;
            while input < model.input_count {
                match self.route(place, input) {
                    // What an older build asked for, this one does not follow elsewhere.
                    Route::Clause(_) if is_reply(model, input) && !model.is_retired(place) => {}
                    Route::Clause(clause) => count = self.add_always(count, clause, input as u8),
                    Route::Unnamed if starts_again(model, input) => {
                        count = self.add_always(count, START_AGAIN, input as u8);
                    }
                    _ => {}
                }
                input += 1;
            }
            count = self.list_timers(model, &timers, place, count);
            place += 1;
        }
        self.always_from[place] = count as u16;
        self.always_from[place + 1] = count as u16;
    }

    const fn list_timers(&mut self, model: &Model, timers: &Timers, place: usize, mut count: usize) -> usize {
        let mut at = 0;
        while at < timers.count {
            let clause = timers.clauses[at] as usize;
            if runs_in(model, clause, place) {
                count = self.add_always(count, clause, NONE);
            }
            at += 1;
        }
        count
    }

    const fn add_always(&mut self, count: usize, clause: usize, input: u8) -> usize {
        if count == ALWAYS {
            self.excess = Some(Excess::of("pairs of a state and a handler", ALWAYS));
            return count;
        }
        self.always[count] = (clause as u16, input);
        count + 1
    }

    /// Twice: the second time each item knows the slots that any other has asked for.
    const fn number_joins(&mut self, model: &Model) {
        self.number_joins_once(model);
        self.join_count = 0;
        self.number_joins_once(model);
    }

    const fn number_joins_once(&mut self, model: &Model) {
        let mut items = 0;
        let mut clause = 0;
        while clause < model.definition.clauses.len() {
            if let Trigger::All(list) = model.clause(clause).trigger {
                if self.join_count == JOINS {
                    self.excess = Some(Excess::of("`all` handlers", JOINS));
                    return;
                }
                if items + list.len() > JOIN_ITEMS {
                    self.excess = Some(Excess::of("messages in `all` handlers", JOIN_ITEMS));
                    return;
                }
                self.join_of[clause] = self.join_count as u8;
                self.joins[self.join_count] = clause as u16;
                self.join_items_from[self.join_count] = items as u16;
                self.place_join(model, clause);
                let mut at = 0;
                while at < list.len() {
                    self.join_items[items] = self.join_item(model, &list[at]);
                    items += 1;
                    at += 1;
                }
                self.join_count += 1;
            }
            clause += 1;
        }
        self.join_items_from[self.join_count] = items as u16;
    }

    const fn place_join(&mut self, model: &Model, clause: usize) {
        let mut place = 0;
        while place < model.compensate() {
            if runs_in(model, clause, place) {
                self.joins_in[place] |= 1 << self.join_of[clause];
            }
            place += 1;
        }
    }

    const fn join_item(&mut self, model: &Model, item: &Item) -> JoinItem {
        let mut found = JoinItem {
            arity: item.arity,
            slots: 0,
            requests: 0,
        };
        let mut message = 0;
        while message < item.messages.len() {
            let mut link = model.inputs_of(item.messages[message]);
            while link != 0 {
                let input = link - 1;
                if model.admits(item, input) {
                    if !matches!(item.arity, Arity::Many) {
                        found.slots |= 1 << self.slot(input);
                    } else if self.slot_of[input] != NONE {
                        // Not waited for, but used up like the others.
                        found.slots |= 1 << self.slot_of[input];
                    }
                    if model.inputs[input].request != NONE {
                        found.requests |= 1 << model.inputs[input].request;
                    }
                }
                link = model.next_input(link);
            }
            message += 1;
        }
        if matches!(item.arity, Arity::One) {
            self.needed |= found.slots;
        }
        found
    }

    const fn slot(&mut self, input: usize) -> u8 {
        if self.slot_of[input] == NONE {
            if self.slot_count == KEPT {
                self.excess = Some(Excess::of("messages kept by `all` handlers", KEPT));
                return 0;
            }
            self.slot_of[input] = self.slot_count as u8;
            self.slot_count += 1;
        }
        self.slot_of[input]
    }
}

const REST: u8 = 1;
const EXPLICIT: u8 = 3;

/// Whether a clause that no message routes to (a timer, a join) belongs to a place.
const fn runs_in(model: &Model, clause: usize, place: usize) -> bool {
    let places = model.clause(clause).places;
    let mut at = 0;
    while at < places.len() {
        let here = match places[at] {
            Place::State(state) => state as usize == place,
            Place::Rest => place < model.definition.states.len(),
            Place::Compensate | Place::End => false,
        };
        if here {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_reply(model: &Model, input: usize) -> bool {
    matches!(
        model.message(model.inputs[input].message).kind,
        MessageKind::Reply
    )
}

/// Stands for a clause where a starting command joins those who wait.
pub(super) const START_AGAIN: usize = u16::MAX as usize;

const fn starts_again(model: &Model, input: usize) -> bool {
    let asker = model.inputs[input].asker;
    asker != NONE && model.starts_again & (1 << asker) != 0
}

/// The clauses that are set off by time, looked for once.
struct Timers {
    clauses: [u16; CLAUSES],
    count: usize,
}

impl Timers {
    const fn of(model: &Model) -> Self {
        let mut timers = Self {
            clauses: [0; CLAUSES],
            count: 0,
        };
        let mut clause = 0;
        while clause < model.definition.clauses.len() {
            if is_timer(&model.clause(clause).trigger) {
                timers.clauses[timers.count] = clause as u16;
                timers.count += 1;
            }
            clause += 1;
        }
        timers
    }
}

/// Whether a clause is set off by time.
pub(super) const fn is_timer(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::After(_) | Trigger::Every(_) | Trigger::At)
}
