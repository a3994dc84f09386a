//! What a handler comes to: each branch, each `?` and `*`, and where it leads.

use super::{Configuration, Oracle, Spot, compensation::Steps, raise};
use crate::definition::*;

impl Oracle {
    /// Runs a clause in every way it may turn out; whether any way led to another configuration than `from`.
    pub(super) fn run(
        &mut self,
        clause: usize,
        at: &Configuration,
        from: Option<&Configuration>,
        starts: bool,
    ) -> bool {
        let mut led = false;
        for (branch, written) in self.definition.clauses[clause].branches.iter().enumerate() {
            self.found.ran.insert((clause, branch));
            let asking = match at.older {
                true => self.asking(),
                false => at.waiting.clone(),
            };
            let asked = asking.iter().map(|name| (clause, branch, *name));
            self.found.asked.extend(asked);
            let mut ways = vec![at.clone()];
            for effect in written.effects {
                ways = ways
                    .iter()
                    .flat_map(|way| self.perform(clause, effect, way))
                    .collect();
            }
            for mut way in ways {
                self.go(clause, written.target, &mut way, starts);
                if let Some(Target::State(_)) = written.target {
                    let open = self
                        .sent
                        .keys()
                        .filter(|name| way.older || way.open.contains_key(*name));
                    self.found
                        .open_after
                        .extend(open.map(|name| (clause, branch, *name)));
                }
                led |= self.arrive(way, from, Some((clause, branch)));
            }
        }
        led
    }

    fn perform(&self, clause: usize, effect: &Effect, at: &Configuration) -> Vec<Configuration> {
        let counts: &[u8] = match effect.arity {
            Arity::One => &[1],
            Arity::Optional => &[0, 1],
            Arity::Many => &[0, 1, 2, 3],
        };
        let mut ways = Vec::new();
        for &count in counts {
            let mut so_often = vec![at.clone()];
            for _ in 0..count {
                so_often = so_often
                    .iter()
                    .flat_map(|way| self.perform_once(clause, effect, way))
                    .collect();
            }
            ways.extend(so_often);
        }
        ways
    }

    fn perform_once(&self, clause: usize, effect: &Effect, at: &Configuration) -> Vec<Configuration> {
        let mut next = at.clone();
        match effect.verb {
            Verb::Publish => vec![next],
            Verb::Send => self.send(clause, effect.message, &next),
            Verb::Reply => {
                if let Some(command) = self.answered_by(clause, effect) {
                    next.waiting.remove(command);
                    if self.starts(command) && self.starting() > 1 {
                        next.answered.insert(command);
                    }
                }
                vec![next]
            }
        }
    }

    fn go(&self, clause: usize, target: Option<Target>, at: &mut Configuration, starts: bool) {
        let trigger = &self.definition.clauses[clause].trigger;
        let spot = match target {
            Some(Target::State(state)) => Spot::State(state),
            Some(Target::Compensate) => Spot::Compensate,
            Some(Target::End) => Spot::End,
            None if starts => Spot::State(0),
            None if matches!(trigger, Trigger::Compensated) => Spot::End,
            None => {
                let sends = self.definition.clauses[clause]
                    .branches
                    .iter()
                    .filter(|branch| branch.target.is_none())
                    .flat_map(|branch| branch.effects)
                    .any(|effect| effect.verb == Verb::Send && effect.message.wants_reply());
                if matches!(trigger, Trigger::After(_)) && sends {
                    at.fired.insert(self.definition.clauses[clause].handler);
                }
                return;
            }
        };
        at.spot = spot;
        at.fired.clear();
        at.fresh = true;
        if let Spot::State(state) = spot {
            // Where a handler leads out of `compensate`, what an undo asked for is open like anything else.
            for command in std::mem::take(&mut at.undoing) {
                raise(&mut at.open, command);
            }
            if self.definition.settled.contains(&state) {
                at.done.clear();
                at.steps = Steps::default();
            }
        }
    }
}
