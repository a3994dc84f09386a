//! What the user reads: the mistake, the shortest way to it, and the remedy, composed without an allocator.

use std::time::Duration;

use crate::definition::{Item, Trigger};

use super::{Exploration, capacity::CONFIGURATIONS, facts::Edge, model::items};

const CAPACITY: usize = 3072;

/// A text of bounded length.
#[derive(Clone, Copy)]
pub(super) struct Text {
    bytes: [u8; CAPACITY],
    length: usize,
    /// Something did not fit; nothing is added after that.
    cut: bool,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; CAPACITY],
            length: 0,
            cut: false,
        }
    }

    pub(super) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }

    /// Adds a piece, or an ellipsis in its place once the text is full.
    pub(super) const fn push(&mut self, piece: &str) {
        const ROOM: usize = CAPACITY - "…".len();
        if self.cut {
            return;
        }
        if self.length + piece.len() > ROOM {
            self.cut = true;
            return self.copy("…");
        }
        self.copy(piece);
    }

    const fn copy(&mut self, piece: &str) {
        let bytes = piece.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self.bytes[self.length] = bytes[at];
            self.length += 1;
            at += 1;
        }
    }

    pub(super) const fn number(&mut self, number: u128) {
        if number >= 10 {
            self.number(number / 10);
        }
        const DIGITS: &str = "0123456789";
        let digit = (number % 10) as usize;
        self.push(DIGITS.split_at(digit).1.split_at(1).0);
    }

    /// `` `name` ``
    pub(super) const fn quoted(&mut self, name: &str) {
        self.push("`");
        self.push(name);
        self.push("`");
    }

    /// A separator of a list: nothing before the first item.
    pub(super) const fn separate(&mut self, first: bool, separator: &str) {
        if !first {
            self.push(separator);
        }
    }

    /// The way it is written: `30 min`, `24 h`, `3 d`.
    pub(super) const fn duration(&mut self, duration: Duration) {
        const UNITS: [(u128, &str); 4] = [
            (86_400_000, " d"),
            (3_600_000, " h"),
            (60_000, " min"),
            (1_000, " s"),
        ];
        let millis = duration.as_millis();
        let mut at = 0;
        while at < UNITS.len() {
            let (unit, name) = UNITS[at];
            // A day is written as such from two on: `24 h`, but `3 d`.
            if millis.is_multiple_of(unit) && millis > 0 && !(at == 0 && millis == unit) {
                self.number(millis / unit);
                return self.push(name);
            }
            at += 1;
        }
        self.number(millis);
        self.push(" ms");
    }

    /// Ends a report: how it comes to that, and how far the finding can be trusted.
    pub(super) const fn way(&mut self, exploration: &Exploration, node: usize, last: Option<&str>) {
        self.push("\nhow it comes to that: ");
        self.steps(exploration, node, last);
        self.coarse(exploration);
    }

    /// Says that states were judged as wholes, where they were.
    pub(super) const fn coarse(&mut self, exploration: &Exploration) {
        if !exploration.exact {
            self.push("\nnote: there are more than ");
            self.number(CONFIGURATIONS as u128);
            self.push(" configurations, so that each state is judged as a whole; a request may seem open that is not");
        }
    }

    const fn steps(&mut self, exploration: &Exploration, node: usize, last: Option<&str>) {
        let mut way = [0_u16; super::facts::NODES];
        let mut length = 0;
        let mut next = Some(node);
        while let Some(node) = next {
            way[length] = node as u16;
            length += 1;
            next = exploration.trace.parent(node);
        }
        let mut first = true;
        while length > 0 {
            length -= 1;
            first = !self.step(exploration, way[length] as usize, first) && first;
        }
        if let Some(message) = last {
            self.push("; then ");
            self.push(message);
        }
    }

    /// Tells one step; a join that runs by itself is told by the message that completed it.
    const fn step(&mut self, exploration: &Exploration, node: usize, first: bool) -> bool {
        let edge = exploration.trace.edge(node);
        if let Some(request) = edge.request_before() {
            self.push("; ");
            self.push(exploration.model.command_of(request).name);
            self.push(" sent by an older build");
            return true;
        }
        if let Some(input) = edge.input() {
            self.push(if first { "" } else { "; then " });
            self.push(
                exploration
                    .model
                    .message(exploration.model.inputs[input].message)
                    .name,
            );
        } else if let Some(parent) = exploration.trace.parent(node)
            && !self.silent_step(exploration, edge, parent, node)
        {
            return false;
        } else if edge.branch().is_none() && exploration.trace.parent(node).is_none() {
            self.push("an instance of an older build in ");
            self.quoted(exploration.model.place_name(exploration.trace.place(node)));
        }
        self.label(exploration, edge);
        true
    }

    const fn silent_step(
        &mut self,
        exploration: &Exploration,
        edge: Edge,
        parent: usize,
        node: usize,
    ) -> bool {
        let trigger = match edge.branch() {
            Some(number) => Some(exploration.model.clause(exploration.model.branch_at(number).0)),
            None => None,
        };
        match trigger {
            // Something was answered there of which no clause hears.
            None if exploration.trace.place(node) == exploration.model.compensate() => return false,
            None => self.push("; all undone"),
            Some(clause) => match &clause.trigger {
                Trigger::Compensated => self.push("; all undone"),
                Trigger::Compensate(item) => {
                    self.push("; undo of ");
                    self.push(item.messages[0].name);
                }
                // What came before is not known.
                Trigger::All(items) if exploration.trace.parent(parent).is_none() => {
                    self.push("; then ");
                    self.items(items);
                }
                Trigger::All(_) => return clause.branches.len() > 1,
                trigger => {
                    self.timer(trigger, clause.handler);
                    self.push(" in ");
                    self.push(exploration.model.place_name(exploration.trace.place(parent)));
                }
            },
        }
        true
    }

    const fn timer(&mut self, trigger: &Trigger, handler: &str) {
        match trigger {
            Trigger::After(duration) => {
                self.push("; after ");
                self.duration(*duration);
            }
            Trigger::Every(duration) => {
                self.push("; every ");
                self.duration(*duration);
            }
            _ => {
                self.push("; at the time of `");
                self.push(handler);
                self.push("`");
            }
        }
    }

    const fn label(&mut self, exploration: &Exploration, edge: Edge) {
        if let Some(number) = edge.branch() {
            let (clause, branch) = exploration.model.branch_at(number);
            if let Some(label) = exploration.model.clause(clause).branches[branch].label {
                self.push(" (");
                self.push(label);
                self.push(")");
            }
        }
    }

    /// What sets a clause off, as it is written.
    pub(super) const fn trigger(&mut self, trigger: &'static Trigger, handler: &str) {
        match trigger {
            Trigger::Compensated => self.push("compensated"),
            Trigger::Compensate(item) => self.items(std::slice::from_ref(item)),
            Trigger::After(duration) | Trigger::Every(duration) => self.duration(*duration),
            Trigger::At => self.push(handler),
            trigger => self.items(items(trigger)),
        }
    }

    /// The messages of an item, each quoted.
    pub(super) const fn quoted_items(&mut self, item: &Item) {
        let mut message = 0;
        while message < item.messages.len() {
            self.separate(message == 0, ", ");
            self.quoted(item.messages[message].name);
            message += 1;
        }
    }

    /// The messages of some items.
    pub(super) const fn items(&mut self, items: &[Item]) {
        let (mut item, mut first) = (0, true);
        while item < items.len() {
            let mut message = 0;
            while message < items[item].messages.len() {
                self.separate(first, ", ");
                self.push(items[item].messages[message].name);
                first = false;
                message += 1;
            }
            item += 1;
        }
    }
}

/// Refuses to compile with the text of a report, if there is one.
#[track_caller]
pub(super) const fn refuse(report: Option<Text>) {
    if let Some(text) = report {
        #[expect(clippy::panic, reason = "in const evaluation a panic is the compile error")]
        {
            panic!("{}", text.as_str())
        }
    }
}
