//! Every configuration a saga can be in, breadth first, so that the first way found is the shortest.
//!
//! What may happen is what the runtime does, with every choice left open: each outcome of a handler, each `?` and `*`,
//! each order of messages. A reply may come while its request is open; commands, events and the timers of a state
//! may come at any time, an `after` that stays once per entry. A deferred message is one that has not come yet. In
//! `compensate` the runtime awaits every open request and undoes; what no clause hears of there is one bit, however much it
//! is.

mod compensate;
mod happens;
mod older;
mod steps;

use self::{
    compensate::lasting_open,
    happens::raised,
    steps::{FIRST, Known, NOTHING, Steps, UNKNOWN},
};
use super::{
    capacity::{BRANCHES, CONFIGURATIONS},
    facts::{Edge, Facts, NODES, NOWHERE, Trace},
    model::Model,
    moves::{EVEN, FRESH, Layout, Moves, OPENS, PLACE},
    routes::Routes,
};
use crate::definition::{Arity, Trigger};

/// A prime, so that the remainder spreads configurations, and so many that few share a bucket.
const BUCKETS: usize = 8_179;
/// Stands in the queue for a finding that is no configuration of its own.
const FINDING: u128 = u128::MAX;
/// Ways in which the steps that one outcome strikes may have come about.
const STRUCK: usize = 64;

/// A breadth-first search under way.
pub(super) struct Search<'a> {
    model: &'a Model,
    routes: &'a Routes,
    layout: &'a Layout,
    moves: &'a Moves,
    configurations: [u128; NODES],
    /// The same configurations by their remainder, with open addressing; [`FINDING`] where empty.
    seen: [u128; BUCKETS],
    steps: Steps,
    /// The first place that is no declared state: `compensate`.
    outside: usize,
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
            seen: [FINDING; BUCKETS],
            steps: Steps::new(),
            outside: model.definition.states.len(),
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
        let followed = self.follow_all(0);
        // What an instance of this build comes to is told first.
        if self.model.retired != 0 {
            self.start_older();
            self.follow_all(followed);
        }
        self.full |= self.steps.full;
        self.gather();
        let mut branch = 0;
        while branch < self.model.branch_count() {
            self.facts.asked[branch] = self.layout.waiting(self.asked[branch]);
            self.facts.open_after[branch] = self.layout.open(self.led_to[branch]);
            self.facts.kept_after[branch] = self.layout.kept(self.led_to[branch]);
            if (self.asked[branch] | self.led_to[branch]) & self.layout.older != 0 {
                self.facts.asked[branch] = u64::MAX;
                self.facts.open_after[branch] = self.layout.open(self.layout.all_opens);
                self.facts.kept_after[branch] = u64::MAX;
            }
            branch += 1;
        }
    }

    const fn follow_all(&mut self, mut node: usize) -> usize {
        while node < self.trace.count && !self.full {
            if self.configurations[node] != FINDING {
                self.follow(node);
            }
            node += 1;
        }
        node
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
        if place == self.outside {
            return self.undo(node, configuration);
        }
        if self.routes.joins_in[place] != 0
            && let Some(join) = self.due_join(configuration, place)
        {
            return self.run_join(node, configuration, join);
        }
        if !self.model.definition.retired.is_empty() {
            self.was_sent_before(node, configuration, place);
        }
        self.happens_of_itself(node, configuration, place);
        if configuration & self.layout.all_opens != 0 {
            self.replies(node, configuration, place);
        } else if !self.leads_on(configuration, place) {
            self.note_stuck(node, configuration, place);
        }
    }

    /// An instance of an older build may be in the same place, with a request open that this one does not send there.
    const fn was_sent_before(&mut self, node: usize, configuration: u128, place: usize) {
        let mut at = 0;
        while at < self.model.definition.retired.len() {
            if let Some(request) = self.model.left_open(at, place) {
                let shift = self.layout.open_shift(request);
                if (configuration >> shift) & 3 == 0 {
                    let open = configuration + (1 << shift);
                    self.arrive(node, open, Edge::sent_before(request));
                }
            }
            at += 1;
        }
    }

    /// Commands, events and timers.
    const fn happens_of_itself(&mut self, node: usize, configuration: u128, place: usize) {
        let mut at = self.routes.always_from[place] as usize;
        let to = self.routes.always_from[place + 1] as usize;
        while at < to {
            let mut number = self.steps.always[at];
            if number == UNKNOWN {
                let known = self.known();
                number = self.steps.find_always(&known, at);
            }
            let number = (number - FIRST) as usize;
            if configuration & self.steps.happenings[number].unless == 0 {
                self.happens(node, configuration, number, 0);
            }
            at += 1;
        }
    }

    /// The replies to whatever is open. Of "three or more", as many may still be open after one has come.
    const fn replies(&mut self, node: usize, configuration: u128, place: usize) {
        let counts = (configuration & self.layout.all_opens) >> OPENS;
        let mut open = (counts | counts >> 1) & EVEN;
        while open != 0 {
            let at = open.trailing_zeros() as usize;
            open &= open - 1;
            let count = (counts >> at) & 3;
            let closed = configuration - (1 << (OPENS + at));
            let request = at >> 1;
            let mut input = self.model.replies_from[request] as usize;
            let to = self.model.replies_from[request + 1] as usize;
            while input < to {
                let mut number = self.steps.replies[place][input];
                if number == UNKNOWN {
                    let known = self.known();
                    number = self.steps.find_reply(&known, place, input);
                }
                if number != NOTHING {
                    let number = (number - FIRST) as usize;
                    self.happens(node, closed, number, count);
                    if count == 3 {
                        self.happens(node, configuration, number, count);
                    }
                }
                input += 1;
            }
        }
    }

    const fn known(&self) -> Known<'a> {
        Known {
            model: self.model,
            routes: self.routes,
            layout: self.layout,
            moves: self.moves,
        }
    }

    /// Runs a handler every way it may turn out, where it starts a saga, completes a join or undoes a step.
    const fn run(&mut self, node: usize, configuration: u128, clause: usize, edge: Edge) {
        let mut number = self.model.branches_from[clause] as usize;
        let last = self.model.branches_from[clause + 1] as usize;
        while number < last {
            self.facts.ran[number] = true;
            self.asked[number] |= configuration;
            let mut at = self.moves.from[number] as usize;
            let to = self.moves.from[number + 1] as usize;
            while at < to {
                self.lead(node, configuration, at, number, edge.with_branch(number));
                at += 1;
            }
            number += 1;
        }
    }

    /// Goes where one way of a branch leads, once for each way in which what it strikes may have come about.
    const fn lead(&mut self, node: usize, configuration: u128, at: usize, branch: usize, edge: Edge) {
        let step = self.moves.list[at];
        let mut ways = [0; STRUCK];
        ways[0] = configuration;
        let mut count = 1;
        let mut strike = step.strikes_from as usize;
        while strike < step.strikes_to as usize {
            (ways, count) = self.strike(&ways, count, self.moves.strikes[strike]);
            strike += 1;
        }
        let mut way = 0;
        while way < count {
            let mut next = (ways[way] & !step.clear) | step.set;
            let mut send = step.sends_from as usize;
            while send < step.sends_to as usize {
                let (shift, more) = self.moves.sends[send];
                next = raised(next, shift, more);
                send += 1;
            }
            self.led_to[branch] |= next;
            if next != self.current {
                self.arrive(node, next, edge);
            }
            way += 1;
        }
    }

    /// Strikes the last of some steps, in every way that it may be the last.
    const fn strike(&mut self, ways: &[u128; STRUCK], count: usize, kinds: u16) -> ([u128; STRUCK], usize) {
        let (mut struck, mut number) = ([0; STRUCK], 0);
        let mut way = 0;
        while way < count {
            let last = self.layout.undoing.log.last(ways[way], kinds);
            if number + last.count >= STRUCK {
                self.full = true;
                return (struck, number);
            }
            if last.count == 0 {
                struck[number] = ways[way];
                number += 1;
            }
            let mut at = 0;
            while at < last.count {
                struck[number] = last.list[at].1;
                number += 1;
                at += 1;
            }
            way += 1;
        }
        (struck, number)
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
        if place >= self.outside {
            return self.arrive_outside(node, next, edge, place);
        }
        if next & FRESH != 0 && (self.routes.joins_in[place] == 0 || self.due_join(next, place).is_none()) {
            next &= !FRESH;
        }
        if let Some(bucket) = self.free_bucket(next) {
            self.insert(node, next, edge, bucket);
        }
    }

    /// Where a configuration belongs that was not seen yet.
    const fn free_bucket(&self, configuration: u128) -> Option<usize> {
        let mut bucket = (configuration % BUCKETS as u128) as usize;
        while self.seen[bucket] != FINDING {
            if self.seen[bucket] == configuration {
                return None;
            }
            bucket = (bucket + 1) % BUCKETS;
        }
        Some(bucket)
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
        self.seen[bucket] = configuration;
        if configuration & FRESH == 0 && (place != self.outside || self.is_awaiting(configuration)) {
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

    /// A state that waits for replies, and none is on its way: the forgotten `send`. What an older build has sent, nobody
    /// knows.
    const fn note_stuck(&mut self, node: usize, configuration: u128, place: usize) {
        if configuration & self.layout.older == 0
            && let Some(branch) = self.trace.last_branch(node)
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
