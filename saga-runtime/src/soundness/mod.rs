//! Whether a process has a hole: one exploration of everything a saga can come to, and the rules read off it.
//!
//! All of it runs in const evaluation, so that a mistake is a compile error. `#[saga]` writes one constant per saga
//! and one check per token, at which every rule that concerns it is asked; a saga written by hand may do the same:
//!
//! ```
//! # use saga_runtime::{definition::*, message::*, soundness::{self, Exploration}};
//! # const PING: MessageInfo = MessageInfo { name: "Ping", declared: "Ping", version: 1,
//! #     kind: MessageKind::Command, endpoint: Some("desk"), replies: &[], external: false, outsiders: false, fields: &[], form: Form::Unit,
//! #     upgrades: &[] };
//! # const DEFINITION: &Definition = &Definition { name: "Desk", version: 1, endpoint: "desk", states: &["Active"],
//! #     clauses: &[Clause { handler: "ping", trigger: Trigger::Start(Item { messages: &[&PING], of: None,
//! #     arity: Arity::One }), places: &[], branches: &[Branch { label: None, effects: &[], target: Some(Target::End) }] }],
//! #     exceptions: &[], no_timeout: &[], no_undo: &[], settled: &[], endless: false,
//! #     fields: &[], form: Form::Named, upgrades: &[], renamed: &[], retired: &[],
//! #     key: &[], key_paths: &[] };
//! const EXPLORATION: &Exploration = &soundness::explore(DEFINITION);
//! const _: () = soundness::saga(EXPLORATION);
//! const _: () = soundness::clause(EXPLORATION, 0); // clause 0
//! const _: () = soundness::item(EXPLORATION, 0, 0, 0); // .. its item 0, in all its places
//! const _: () = soundness::target(EXPLORATION, 0, 0); // .. its branch 0
//! ```
//!
//! ```text
//! model ──▶ routes ──▶ moves ──▶ explore ──too many──▶ fallback
//! numbers   who takes   masks     exact, with          state by state
//!           what where            shortest ways          │
//!                                     └──▶ facts ◀───────┘ ──▶ rules, one per file ──▶ tokens, report
//! ```
//!
//! No rule refuses a correct saga: what depends on a handler's own decision counts as possible, and what cannot be
//! known is not claimed. `undoing` and `log` say what a configuration has to know of the steps done, `older` what is known of
//! instances in retired states.

pub mod capacity;
mod explore;
mod facts;
mod fallback;
mod log;
mod messages;
mod model;
mod moves;
mod older;
mod report;
mod routes;
mod rules;
pub mod system;
#[cfg(test)]
mod tests;
mod tokens;
mod undoing;

pub use tokens::{clause, effect, exception, item, retired, saga, target};

use crate::{
    definition::{Definition, Item, Place, Trigger},
    message::MessageKind,
};

use self::{
    capacity::{Excess, NONE},
    explore::Search,
    facts::{Facts, Trace},
    fallback::Fallback,
    model::{Meaning, Model, items},
    moves::{Layout, Moves},
    routes::Routes,
};

/// Everything the rules ask of one saga.
pub struct Exploration {
    model: Model,
    routes: Routes,
    trace: Trace,
    facts: Facts,
    /// Requests of which some reply is not handled somewhere: bits over the requests.
    unhandled: u64,
    /// States that wait for nothing but replies, none of which ever comes: bits over the states.
    forgotten: u128,
    /// Requests that undos open, whose answers the runtime awaits: bits over the requests.
    undoing: u64,
    /// Configurations were told apart; otherwise states were judged as wholes.
    exact: bool,
    /// What the saga has too much of; then nothing was explored, and [`saga`] says so.
    excess: Option<Excess>,
    /// Nothing is asked of the tokens.
    silent: bool,
    /// Each finding is told by itself, even one that follows from another: only so can be seen that none gets lost.
    apart: bool,
}

impl Exploration {
    /// How many configurations, or steps of the coarser search, were looked at.
    pub const fn size(&self) -> usize {
        self.trace.count
    }

    /// Asks nothing if a mistake has been told elsewhere that the findings would only follow from.
    #[must_use]
    pub const fn silent_if(mut self, told: bool) -> Self {
        self.silent = told || self.silent;
        self
    }

    /// Whether every configuration was looked at by itself.
    pub const fn is_exact(&self) -> bool {
        self.exact
    }
}

/// Explores a saga. Meant for const evaluation: at run time, an unoptimised build takes several megabytes of stack.
pub const fn explore(definition: &'static Definition) -> Exploration {
    let model = Model::new(definition);
    let routes = Routes::new(&model);
    let excess = if model.excess.is_some() {
        model.excess
    } else {
        routes.excess
    };
    let mut exploration = Exploration {
        model,
        routes,
        trace: Trace::new(),
        facts: Facts::new(),
        unhandled: 0,
        forgotten: 0,
        undoing: 0,
        exact: true,
        excess,
        silent: excess.is_some(),
        apart: false,
    };
    if excess.is_none() {
        exploration.search();
        exploration.conclude();
        exploration.find_unhandled();
        exploration.find_forgotten();
    }
    exploration
}

impl Exploration {
    const fn search(&mut self) {
        let layout = Layout::new(&self.model, &self.routes);
        if layout.fits() {
            let moves = Moves::new(&self.model, &layout);
            if !moves.full {
                let mut search = Search::new(&self.model, &self.routes, &layout, &moves);
                search.explore();
                if !search.full {
                    self.trace = search.trace;
                    self.facts = search.facts;
                    return;
                }
            }
        }
        let mut fallback = Fallback::new(&self.model, &self.routes);
        fallback.run();
        self.trace = fallback.trace;
        self.facts = fallback.facts;
        self.exact = false;
    }

    /// What undoing sends; its answers are no clause's business.
    const fn conclude(&mut self) {
        let mut clause = 0;
        while clause < self.model.definition.clauses.len() {
            if matches!(self.model.clause(clause).trigger, Trigger::Compensate(_))
                && self.undoes_anything(clause)
            {
                self.note_sends(clause);
            }
            clause += 1;
        }
    }

    const fn find_unhandled(&mut self) {
        let mut place = 0;
        while place <= self.model.end() {
            // In `compensate` the runtime takes them all.
            let mut open = if place == self.model.compensate() {
                0
            } else {
                self.facts.open_seen[place]
            };
            while open != 0 {
                let request = open.trailing_zeros() as usize / 2;
                open &= open - 1;
                let mut input = self.model.replies_from[request] as usize;
                while input < self.model.replies_from[request + 1] as usize {
                    if !self.routes.is_named(place, input) {
                        self.unhandled |= 1 << request;
                    }
                    input += 1;
                }
            }
            place += 1;
        }
    }

    /// The `send` before such a state is forgotten; where a command or an event is awaited too, nobody can tell.
    const fn find_forgotten(&mut self) {
        let (mut awaits, mut comes) = (0_u128, 0_u128);
        let mut clause = 0;
        while clause < self.model.definition.clauses.len() {
            let written = self.model.clause(clause);
            let items = items(&written.trigger);
            let mut at = 0;
            while !items.is_empty() && at < written.places.len() {
                if let Place::State(state) = written.places[at] {
                    awaits |= 1 << state;
                    comes |= (self.any_comes(items, state as usize) as u128) << state;
                }
                at += 1;
            }
            clause += 1;
        }
        let mut state = 0;
        while state < self.model.compensate() {
            if self.is_reached(state) && !self.model.is_retired(state) {
                self.forgotten |= awaits & !comes & (1 << state);
            }
            state += 1;
        }
    }

    const fn any_comes(&self, items: &[Item], place: usize) -> bool {
        let mut item = 0;
        while item < items.len() {
            if !self.never_comes(&items[item], place) {
                return true;
            }
            item += 1;
        }
        false
    }

    /// Whether all messages of an item are replies, none of which can come in this place or was kept for it.
    const fn never_comes(&self, item: &Item, place: usize) -> bool {
        let mut message = 0;
        while message < item.messages.len() {
            if !matches!(item.messages[message].kind, MessageKind::Reply) {
                return false;
            }
            let mut link = self.model.inputs_of(item.messages[message]);
            while link != 0 {
                if self.model.admits(item, link - 1) && self.can_come(link - 1, place) {
                    return false;
                }
                link = self.model.next_input(link);
            }
            message += 1;
        }
        true
    }

    const fn can_come(&self, input: usize, place: usize) -> bool {
        let slot = self.routes.slot_of[input];
        if self.model.inputs[input].request == NONE {
            return self.model.is_retired(place);
        }
        let request = self.model.inputs[input].request as usize;
        self.is_open(place, request)
            || (place == self.model.compensate() && self.undoing & (1 << request) != 0)
            || (slot != NONE && self.facts.kept[place] & (1 << slot) != 0)
    }

    /// Whether a state waits for nothing but replies, and none of them ever comes.
    const fn is_forgotten(&self, place: usize) -> bool {
        place < self.model.compensate() && self.forgotten & (1 << place) != 0
    }

    const fn undoes_anything(&self, clause: usize) -> bool {
        let mut input = 0;
        while input < self.model.replies_from[self.model.request_count] as usize {
            if let Some(undo) = self.model.undo_of(input)
                && undo == clause
                && self.is_ever_open(self.model.inputs[input].request as usize)
            {
                return true;
            }
            input += 1;
        }
        false
    }

    const fn note_sends(&mut self, clause: usize) {
        let branches = self.model.clause(clause).branches;
        let mut branch = 0;
        while branch < branches.len() {
            let mut at = 0;
            while at < branches[branch].effects.len() {
                if let Some(request) = self.sent(clause, branch, at) {
                    self.undoing |= 1 << request;
                }
                at += 1;
            }
            branch += 1;
        }
    }

    /// The request that an effect opens.
    const fn sent(&self, clause: usize, branch: usize, effect: usize) -> Option<usize> {
        match self.model.meaning(clause, branch, effect) {
            Meaning::Opens(request) => Some(request as usize),
            _ => None,
        }
    }

    /// Whether a request is open in some configuration of a place.
    const fn is_open(&self, place: usize, request: usize) -> bool {
        self.facts.open_seen[place] & (1 << (2 * request)) != 0
    }

    const fn is_ever_open(&self, request: usize) -> bool {
        let mut place = 0;
        while place <= self.model.end() {
            if self.is_open(place, request) {
                return true;
            }
            place += 1;
        }
        false
    }

    const fn is_reached(&self, place: usize) -> bool {
        self.facts.reached[place] != 0
    }
}
