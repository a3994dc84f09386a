//! Every configuration a saga can be in, breadth first, so that the first way found is the shortest.
//!
//! What may happen is what the runtime does, with every choice left open: each outcome of a handler, each `?` and `*`,
//! each order of messages. A reply may come while its request is open; commands, events and the timers of a state
//! may come at any time, an `after` that stays once per entry. A deferred message is one that has not come yet. In
//! `compensate` the runtime awaits every open request and undoes; as nothing stays open there, one configuration per
//! set of waiting senders stands for all of it, unless some clause leads out early.

mod compensate;

use self::compensate::lasting_open;
use super::{
    capacity::{BRANCHES, CONFIGURATIONS, NONE},
    facts::{Edge, Facts, NODES, NOWHERE, Trace},
    model::Model,
    moves::{FRESH, Layout, Moves, OPENS, PLACE},
    routes::{FIRST_CLAUSE, Routes, START_AGAIN, UNEXPECTED, is_closed_by},
};
use crate::definition::{Arity, Trigger};

const BUCKETS: usize = CONFIGURATIONS * 2;
/// Stands in the queue for a finding that is no configuration of its own.
const FINDING: u128 = u128::MAX;

/// A breadth-first search under way.
pub(super) struct Search<'a> {
    model: &'a Model,
    routes: &'a Routes,
    layout: &'a Layout,
    moves: &'a Moves,
    configurations: [u128; NODES],
    /// Open addressing over configurations; the number plus one, 0 where empty.
    buckets: [u16; BUCKETS],
    pub(super) trace: Trace,
    pub(super) facts: Facts,
    /// The configuration that is followed.
    current: u128,
    /// Every configuration in which a branch ran, laid over one another.
    asked: [u128; BRANCHES],
    /// Every configuration a branch led to, laid over one another.
    led_to: [u128; BRANCHES],
    /// The clause that says what happens when everything is undone.
    compensated: Option<usize>,
    /// Requests whose success in `compensate` nobody would undo: bits at even positions.
    lasting_open: u128,
    /// There are more configurations than [`CONFIGURATIONS`].
    pub(super) full: bool,
}

impl<'a> Search<'a> {
    pub(super) const fn new(
        model: &'a Model,
        routes: &'a Routes,
        layout: &'a Layout,
        moves: &'a Moves,
    ) -> Self {
        Self {
            model,
            routes,
            layout,
            moves,
            configurations: [0; NODES],
            buckets: [0; BUCKETS],
            trace: Trace::new(),
            facts: Facts::new(),
            current: FINDING,
            asked: [0; BRANCHES],
            led_to: [0; BRANCHES],
            compensated: compensated(model),
            lasting_open: lasting_open(model, routes),
            full: false,
        }
    }

    pub(super) const fn explore(&mut self) {
        self.start();
        let mut node = 0;
        while node < self.trace.count && !self.full {
            if self.configurations[node] != FINDING {
                self.follow(node);
            }
            node += 1;
        }
        let mut branch = 0;
        while branch < self.model.branch_count() {
            self.facts.asked[branch] = self.layout.waiting(self.asked[branch]);
            self.facts.open_after[branch] = self.layout.open(self.led_to[branch]);
            self.facts.kept_after[branch] = self.layout.kept(self.led_to[branch]);
            branch += 1;
        }
    }

    const fn start(&mut self) {
        let mut clause = 0;
        while clause < self.model.definition.clauses.len() {
            if let Trigger::Start(item) = &self.model.clause(clause).trigger {
                let mut message = 0;
                while message < item.messages.len() {
                    let link = self.model.inputs_of(item.messages[message]);
                    let (edge, asking) = match link {
                        0 => (Edge::NONE, 0),
                        link => (Edge::of_input(link - 1), self.layout.asking[link - 1]),
                    };
                    self.run(NOWHERE, asking, clause, edge);
                    message += 1;
                }
            }
            clause += 1;
        }
    }

    /// Everything that may happen next.
    const fn follow(&mut self, node: usize) {
        let configuration = self.configurations[node];
        self.current = configuration;
        let place = (configuration & PLACE) as usize;
        if self.routes.joins_in[place] != 0
            && let Some(join) = self.due_join(configuration, place)
        {
            return self.run_join(node, configuration, join);
        }
        let led = self.happens_of_itself(node, configuration, place);
        if place == self.model.compensate() {
            self.undo(node, configuration, place);
        } else if configuration & self.layout.all_opens != 0 {
            self.replies(node, configuration, place);
        } else if !led {
            self.note_stuck(node, place);
        }
    }

    /// Commands, events and timers. Whether any of them led to another configuration, new or not.
    const fn happens_of_itself(&mut self, node: usize, configuration: u128, place: usize) -> bool {
        let mut led = false;
        let mut at = self.routes.always_from[place] as usize;
        let to = self.routes.always_from[place + 1] as usize;
        while at < to {
            let (clause, input) = self.routes.always[at];
            let clause = clause as usize;
            if input == NONE {
                if configuration & self.layout.once[clause] == 0 {
                    led |= self.run(node, configuration, clause, Edge::NONE);
                }
            } else if clause == START_AGAIN {
                led |= self.start_again(node, configuration, input as usize);
            } else {
                led |= self.taken(node, configuration, clause, input as usize);
            }
            at += 1;
        }
        led
    }

    /// A starting command for an instance that another message started: its sender waits, unless it was answered.
    const fn start_again(&mut self, node: usize, configuration: u128, input: usize) -> bool {
        let asker = self.model.inputs[input].asker as usize;
        if configuration & (self.layout.answered[asker] | self.layout.asking[input]) != 0 {
            return false;
        }
        self.arrive(
            node,
            configuration | self.layout.asking[input],
            Edge::of_input(input),
        );
        true
    }

    /// A command or event that a clause takes or a join keeps.
    const fn taken(&mut self, node: usize, configuration: u128, clause: usize, input: usize) -> bool {
        let next = configuration | self.layout.asking[input];
        let edge = Edge::of_input(input);
        if self.routes.join_of[clause] == NONE {
            return self.run(node, next, clause, edge);
        }
        let kept = next | self.layout.slot[input];
        self.arrive(node, kept | self.layout.fresh, edge);
        kept != configuration
    }

    /// The replies to whatever is open.
    const fn replies(&mut self, node: usize, configuration: u128, place: usize) {
        let mut open = self.layout.open(configuration);
        while open != 0 {
            let request = open.trailing_zeros() as usize / 2;
            open &= open - 1;
            let shift = OPENS + 2 * request;
            let count = (configuration >> shift) & 3;
            let closed = (configuration - (1 << shift)) | self.layout.fresh;
            let mut plain = u128::MAX;
            let mut input = self.model.replies_from[request] as usize;
            let to = self.model.replies_from[request + 1] as usize;
            while input < to {
                let route = self.routes.to[place][input];
                if route >= FIRST_CLAUSE {
                    self.answered(node, closed | self.layout.step[input], route, input, count);
                } else if is_closed_by(route, place == self.model.compensate()) {
                    let step = if route == UNEXPECTED {
                        0
                    } else {
                        self.layout.step[input]
                    };
                    // Replies that are ignored alike lead to one configuration.
                    if step != plain {
                        plain = step;
                        self.closed(node, closed | step, input, count);
                    }
                }
                input += 1;
            }
        }
    }

    /// A request is closed without a handler; "three or more" less one may still be three or more.
    const fn closed(&mut self, node: usize, next: u128, input: usize, count: u128) {
        self.arrive(node, next, Edge::of_input(input));
        if count == 3 {
            let one = 1 << self.layout.open_shift(self.model.inputs[input].request as usize);
            self.arrive(node, next + one, Edge::of_input(input));
        }
    }

    /// A reply that a handler takes or a join keeps.
    const fn answered(&mut self, node: usize, closed: u128, route: u16, input: usize, count: u128) {
        let clause = (route - FIRST_CLAUSE) as usize;
        let edge = Edge::of_input(input);
        let mut next = closed;
        if self.routes.join_of[clause] == NONE {
            self.run(node, next, clause, edge);
        } else {
            // An optional item is satisfied by "none open" too, so that its arrival matters only while others are.
            if count > 1 || self.layout.slot[input] & self.layout.arrivals(self.routes.needed) != 0 {
                next |= self.layout.slot[input];
            }
            self.arrive(node, next, edge);
        }
        if count == 3 {
            let one = 1 << self.layout.open_shift(self.model.inputs[input].request as usize);
            self.answered(node, next + one, route, input, 2);
        }
    }

    /// Runs a handler every way it may turn out. Whether any way led to another configuration.
    ///
    /// Const evaluation inlines nothing, and a call costs it as much as twenty statements: hence the length.
    const fn run(&mut self, node: usize, configuration: u128, clause: usize, edge: Edge) -> bool {
        let mut led = false;
        let mut number = self.model.branches_from[clause] as usize;
        let last = self.model.branches_from[clause + 1] as usize;
        while number < last {
            self.facts.ran[number] = true;
            self.asked[number] |= configuration;
            let mut at = self.moves.from[number] as usize;
            let to = self.moves.from[number + 1] as usize;
            while at < to {
                let step = self.moves.list[at];
                let mut next = (configuration & !step.clear) | step.set;
                let mut send = step.sends_from as usize;
                while send < step.sends_to as usize {
                    let (shift, count) = self.moves.sends[send];
                    let now = (next >> shift) & 3;
                    let sum = now + count as u128;
                    next += (if sum > 3 { 3 } else { sum } - now) << shift;
                    send += 1;
                }
                self.led_to[number] |= next;
                if (next ^ self.current) & !FRESH != 0 {
                    led = true;
                }
                if next != self.current {
                    let edge = Edge {
                        branch: number as u16 + 1,
                        input: edge.input,
                    };
                    self.arrive(node, next, edge);
                }
                at += 1;
            }
            number += 1;
        }
        led
    }

    const fn run_join(&mut self, node: usize, configuration: u128, join: usize) {
        let mut slots = 0;
        let mut item = self.routes.join_items_from[join] as usize;
        while item < self.routes.join_items_from[join + 1] as usize {
            slots |= self.routes.join_items[item].slots;
            item += 1;
        }
        let used = configuration & !(self.layout.arrivals(slots) | FRESH);
        self.run(node, used, self.routes.joins[join] as usize, Edge::NONE);
    }

    /// The first join that this configuration completes.
    const fn due_join(&self, configuration: u128, place: usize) -> Option<usize> {
        let mut joins = self.routes.joins_in[place];
        while joins != 0 {
            let join = joins.trailing_zeros() as usize;
            if self.is_complete(configuration, join) {
                return Some(join);
            }
            joins &= joins - 1;
        }
        None
    }

    /// A join of nothing but `?` and `*` is complete wherever nothing is open; it runs when that comes about.
    const fn is_complete(&self, configuration: u128, join: usize) -> bool {
        let open = self.layout.open(configuration);
        let mut comes_about = configuration & FRESH != 0;
        let mut at = self.routes.join_items_from[join] as usize;
        while at < self.routes.join_items_from[join + 1] as usize {
            let item = &self.routes.join_items[at];
            let arrived = configuration & self.layout.arrivals(item.slots) != 0;
            let satisfied = match item.arity {
                Arity::One => arrived,
                Arity::Optional => arrived || !any_open(open, item.requests),
                Arity::Many => !any_open(open, item.requests),
            };
            if !satisfied {
                return false;
            }
            comes_about |= matches!(item.arity, Arity::One);
            at += 1;
        }
        comes_about
    }

    /// Takes note of where a step led.
    const fn arrive(&mut self, node: usize, mut next: u128, edge: Edge) {
        let place = (next & PLACE) as usize;
        if place >= self.model.definition.states.len() {
            return self.arrive_outside(node, next, edge, place);
        }
        if next & FRESH != 0 && (self.routes.joins_in[place] == 0 || self.due_join(next, place).is_none()) {
            next &= !FRESH;
        }
        let (low, high) = (next as u64 as u128, next >> 64);
        let mut bucket = ((low * SPREAD + high * SPREAD_HIGH) >> 48) as usize % BUCKETS;
        while self.buckets[bucket] != 0 {
            if self.configurations[self.buckets[bucket] as usize - 1] == next {
                return;
            }
            bucket = (bucket + 1) % BUCKETS;
        }
        self.insert(node, next, edge, bucket);
    }

    const fn arrive_outside(&mut self, node: usize, next: u128, edge: Edge, place: usize) {
        if place == self.model.end() {
            self.arrive_at_end(node, next, edge);
        } else {
            self.arrive_at_compensate(node, next, edge);
        }
    }

    /// `end` keeps what is open; nothing else of it is ever asked again.
    const fn arrive_at_end(&mut self, node: usize, next: u128, edge: Edge) {
        let waiting = self.layout.waiting(next);
        if waiting & !self.facts.known_waiting(edge.branch()) != 0 {
            let end = self.find(node, edge, self.model.end());
            self.facts.note_waiting(edge.branch(), waiting, end);
        }
        let place = self.model.end();
        let open = self.layout.open(next);
        if self.facts.reached[place] == 0 || open & !self.facts.open_seen[place] != 0 {
            let end = self.find(node, edge, place);
            self.facts.note_reached(place, end);
            self.facts.note_open(place, open, end);
        }
    }

    /// Adds a node for something found out on the way, that is not followed any further.
    const fn find(&mut self, node: usize, edge: Edge, place: usize) -> usize {
        let found = self.trace.add(node, edge, place);
        self.configurations[found] = FINDING;
        found
    }

    /// Adds a configuration that is new, at a bucket that is free.
    const fn insert(&mut self, parent: usize, configuration: u128, edge: Edge, bucket: usize) {
        if self.trace.count >= CONFIGURATIONS {
            self.full = true;
            return;
        }
        let place = (configuration & PLACE) as usize;
        let node = self.trace.add(parent, edge, place);
        self.configurations[node] = configuration;
        self.buckets[bucket] = node as u16 + 1;
        if configuration & FRESH == 0 {
            self.note_state(node, configuration, place);
        }
    }

    /// What can be seen of a configuration in which a message may come.
    const fn note_state(&mut self, node: usize, configuration: u128, place: usize) {
        self.facts.note_reached(place, node);
        let open = self.layout.open(configuration);
        if open & !self.facts.open_seen[place] != 0 {
            self.facts.note_open(place, open, node);
        }
        if self.routes.slot_count > 0 {
            self.facts.kept[place] |= self.layout.kept(configuration);
        }
    }

    /// A state that waits for replies, and none is on its way: the forgotten `send`.
    const fn note_stuck(&mut self, node: usize, place: usize) {
        if let Some(branch) = self.trace.last_branch(node)
            && self.facts.stuck[branch] == 0
            && self.model.awaits_reply(place)
        {
            self.facts.stuck[branch] = node as u16 + 1;
        }
    }
}

/// The `compensated` clause.
pub(super) const fn compensated(model: &Model) -> Option<usize> {
    let mut clause = 0;
    while clause < model.definition.clauses.len() {
        if matches!(model.clause(clause).trigger, Trigger::Compensated) {
            return Some(clause);
        }
        clause += 1;
    }
    None
}

/// Whether any of these requests is open; `open` has its bits at even positions.
const fn any_open(open: u128, mut requests: u64) -> bool {
    while requests != 0 {
        if open & (1 << (2 * requests.trailing_zeros())) != 0 {
            return true;
        }
        requests &= requests - 1;
    }
    false
}

/// Multipliers that spread configurations over the buckets: odd, and small enough that no sum overflows.
const SPREAD: u128 = 0x1e37_79b9_7f4a_7c15;
const SPREAD_HIGH: u128 = 0x2545_f491_4f6c_dd1d;
