//! The innermost loop: what has been prepared, laid over a configuration.

use super::{BUCKETS, FINDING, Search, steps::FIRST};
use crate::soundness::{capacity::NONE, moves::FRESH};

impl Search<'_> {
    /// Lays over a configuration what happens there, in every way that it may turn out; of a reply, `count` were open.
    ///
    /// A call costs const evaluation as much as twenty statements, and copying a struct as much as ten: hence the length.
    pub(super) const fn happens(&mut self, node: usize, configuration: u128, number: usize, count: u128) {
        let happening = &self.steps.happenings[number];
        let mut base = configuration | happening.adds;
        if count > 1 {
            base |= happening.adds_before_others;
        }
        let mut at = happening.from as usize;
        let to = happening.to as usize;
        self.steps.over[number] |= base | FRESH;
        while at < to {
            let step = &self.steps.list[at];
            let mut next = (base & step.keep) | step.set;
            if step.is_plain {
                let mut bucket = (next % BUCKETS as u128) as usize;
                let mut seen = self.seen[bucket];
                while seen != next {
                    if seen == FINDING {
                        let edge = self.steps.list[at].edge;
                        self.insert(node, next, edge, bucket);
                        break;
                    }
                    bucket = (bucket + 1) % BUCKETS;
                    seen = self.seen[bucket];
                }
            } else if self.layout.undoing.log.count > 0 {
                self.happens_to_the_log(node, base, at);
            } else {
                let edge = step.edge;
                let mut send = step.sends_from as usize;
                let sends_to = step.sends_to as usize;
                while send < sends_to {
                    let (shift, more) = self.moves.sends[send];
                    next = raised(next, shift, more);
                    send += 1;
                }
                if next != self.current {
                    self.arrive(node, next, edge);
                }
            }
            at += 1;
        }
    }

    /// The same where steps are counted: this may complete one, or strike some.
    const fn happens_to_the_log(&mut self, node: usize, mut configuration: u128, at: usize) {
        let step = self.steps.list[at];
        if step.kind != NONE {
            configuration = self.layout.undoing.log.push(configuration, step.kind);
        }
        match step.edge.branch() {
            Some(branch) => self.lead(node, configuration, step.step as usize, branch, step.edge),
            None if configuration != self.current => self.arrive(node, configuration, step.edge),
            None => {}
        }
    }

    /// Whether anything that comes of itself leads to another configuration.
    pub(super) const fn leads_on(&self, configuration: u128, place: usize) -> bool {
        let mut at = self.routes.always_from[place] as usize;
        while at < self.routes.always_from[place + 1] as usize {
            let happening = &self.steps.happenings[(self.steps.always[at] - FIRST) as usize];
            let mut step = happening.from as usize;
            while configuration & happening.unless == 0 && step < happening.to as usize {
                let step_taken = &self.steps.list[step];
                let next = ((configuration | happening.adds) & step_taken.keep) | step_taken.set;
                if (next ^ configuration) & !FRESH != 0 || step_taken.sends_from < step_taken.sends_to {
                    return true;
                }
                step += 1;
            }
            at += 1;
        }
        false
    }

    /// What the branches did that ran through [`Self::happens`].
    pub(super) const fn gather(&mut self) {
        let mut number = 0;
        while number < self.steps.count() {
            let over = self.steps.over[number];
            let happening = self.steps.happenings[number];
            let mut at = happening.from as usize;
            while over != 0 && at < happening.to as usize {
                let step = self.steps.list[at];
                if let Some(branch) = step.edge.branch() {
                    self.facts.ran[branch] = true;
                    self.asked[branch] |= over;
                    self.led_to[branch] |= (over & step.keep) | step.set;
                    let mut send = step.sends_from as usize;
                    while send < step.sends_to as usize {
                        self.led_to[branch] |= 1 << self.moves.sends[send].0;
                        send += 1;
                    }
                }
                at += 1;
            }
            number += 1;
        }
    }
}

/// A configuration in which so many more of a request are open; three stands for more.
pub(super) const fn raised(configuration: u128, shift: u8, more: u8) -> u128 {
    let now = (configuration >> shift) & 3;
    let sum = now + more as u128;
    configuration + ((if sum > 3 { 3 } else { sum } - now) << shift)
}
