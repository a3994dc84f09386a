//! Breadth first, so that what is found first is found by the shortest way.

use std::collections::VecDeque;

use super::{
    FaultKind,
    fault::Fault,
    liveness,
    local::Standing,
    property::Mode,
    world::{ANSWERED, Config, GIVEN, Move, NOT_GIVEN, Step, World},
};
use crate::hash::HashMap;

/// How a configuration was first come to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) parent: u32,
    pub(super) step: Step,
}

/// What a search has come to.
#[derive(Debug, Default)]
pub(super) struct Searched {
    pub(super) states: usize,
    pub(super) transitions: usize,
    pub(super) crashes: usize,
    pub(super) depth: usize,
    pub(super) complete: bool,
    /// What is wrong, and the way to it.
    pub(super) violation: Option<(Fault, Vec<Step>)>,
}

/// A search under way.
pub(super) struct Search<'w, 'p> {
    world: &'w mut World<'p>,
    origins: Vec<Origin>,
    seen: HashMap<u64, u32>,
    /// Which configuration leads to which.
    edges: Vec<(u32, u32)>,
    /// Where everything has come to its end.
    good: Vec<u32>,
    frontier: VecDeque<(u32, u32, Box<Config>)>,
    transitions: usize,
    /// Of the transitions, those that end in a crash.
    crashes: usize,
    depth: u32,
}

impl<'w, 'p> Search<'w, 'p> {
    pub(super) fn new(world: &'w mut World<'p>) -> Self {
        Self {
            world,
            origins: Vec::new(),
            seen: HashMap::default(),
            edges: Vec::new(),
            good: Vec::new(),
            frontier: VecDeque::new(),
            transitions: 0,
            crashes: 0,
            depth: 0,
        }
    }

    /// Looks at everything that can happen, up to the most states that may be kept.
    pub(super) fn run(mut self) -> Searched {
        let initial = self.world.initial();
        self.reach(&initial, 0, 0, Move::Give(0).into());
        let (mut moves, mut next) = (Vec::new(), Vec::new());
        while let Some((index, depth, config)) = self.frontier.pop_front() {
            self.depth = depth;
            self.world.moves(&config, &mut moves);
            let stuck = moves.iter().all(|(_, optional)| *optional);
            let unfinished = self.unfinished(&config, stuck);
            match unfinished {
                None => self.good.push(index),
                Some(fault) if stuck => return self.violated(fault, index, None),
                Some(_) => {}
            }
            for &(mv, _) in &moves {
                self.transitions += 1;
                let outcome = self.world.outcome(&config, mv);
                if let Some(fault) = self.world.outcome_at(outcome).fault.clone() {
                    return self.violated(fault, index, Some(mv));
                }
                if let Err(fault) = self.world.apply(&config, mv, outcome, &mut next) {
                    return self.violated(fault, index, Some(mv));
                }
                if !self.step(&next, index, depth, mv.into()) {
                    return self.gave_up();
                }
                if self.world.come_again(&mut next, outcome) {
                    self.transitions += 1;
                    self.crashes += 1;
                    if !self.step(&next, index, depth, Step { mv, dies: true }) {
                        return self.gave_up();
                    }
                }
            }
        }
        self.finished()
    }

    /// Notes that one configuration leads to another; whether there was room for it.
    fn step(&mut self, next: &Config, from: u32, depth: u32, step: Step) -> bool {
        let reached = self.reach(next, from, depth + 1, step);
        self.edges.extend(reached.map(|reached| (from, reached)));
        reached.is_some()
    }

    /// The number of a configuration, known or new; `None`: there are too many.
    fn reach(&mut self, config: &Config, parent: u32, depth: u32, step: Step) -> Option<u32> {
        #[cfg(test)]
        let fingerprint = match self.world.options.exact {
            true => super::canonical::hash_of(config),
            false => self.world.fingerprint(config),
        };
        #[cfg(not(test))]
        let fingerprint = self.world.fingerprint(config);
        if let Some(&known) = self.seen.get(&fingerprint) {
            return Some(known);
        }
        if self.origins.len() + self.world.remembered() >= self.world.options.most_states {
            return None;
        }
        let index = u32::try_from(self.origins.len()).ok()?;
        self.seen.insert(fingerprint, index);
        self.origins.push(Origin { parent, step });
        self.frontier.push_back((index, depth, config.into()));
        Some(index)
    }

    /// Why a configuration is not one in which everything has come to its end. `stuck`: nothing more has to happen.
    fn unfinished(&self, config: &Config, stuck: bool) -> Option<Fault> {
        let world = &self.world;
        for &local in world.layout.locals(config) {
            let known = world.locals.get(local);
            let id = &world.locals.instances[usize::from(known.local.instance)];
            let saga = world
                .parts
                .saga_named(&id.saga)
                .map(|saga| &world.parts.sagas[saga]);
            let endless = saga.is_some_and(|saga| saga.definition().endless);
            let fine = match known.standing {
                Standing::Absent | Standing::Finished => true,
                Standing::Parked => world.options.parked_is_fine,
                Standing::Live => endless,
            };
            if !fine {
                return Some(self.never_ends(local));
            }
            let Some(saga) = saga.filter(|_| stuck && known.standing != Standing::Absent) else {
                continue;
            };
            for (nth, property) in saga.properties.iter().enumerate() {
                if property.mode == Mode::Eventually && known.local.held & 1 << (nth % 64) == 0 {
                    let fault = Fault::new(FaultKind::Property, property.said());
                    return Some(fault.at(known.local.instance));
                }
            }
        }
        self.unanswered(config)
    }

    fn unanswered(&self, config: &Config) -> Option<Fault> {
        let world = &self.world;
        let each = world.inputs.copies.iter().zip(world.layout.inputs(config));
        for (copy, &given) in each {
            let missing = match given {
                NOT_GIVEN => !copy.optional,
                GIVEN => copy.envelope.reply_to.is_some() && !world.options.parked_is_fine,
                ANSWERED => false,
                _ => false,
            };
            if missing {
                let text = format!("whoever sent `{}` is never answered", copy.envelope.name);
                let fault = Fault::new(FaultKind::Unanswered, text);
                return Some(match copy.instance {
                    Some(instance) => fault.at(instance),
                    None => fault,
                });
            }
        }
        None
    }

    fn never_ends(&self, local: u32) -> Fault {
        let known = self.world.locals.get(local);
        let state = super::outcome::state(&known.local.found);
        let parked = match &known.local.found {
            crate::store::Found::Live(row) => row.parked.clone(),
            _ => None,
        };
        let text = match parked {
            Some(why) => format!("it never ends: parked in `{state}`, {why}"),
            None => format!("it never ends: nothing more can happen in `{state}`"),
        };
        Fault::new(FaultKind::NeverEnds, text).at(known.local.instance)
    }

    fn finished(self) -> Searched {
        let lost = liveness::cannot_end(self.origins.len(), &self.edges, &self.good);
        match lost {
            None => self.searched(true, None),
            Some(index) => {
                let text = "and so on for ever: nothing that can happen leads to an end";
                let way = self.way_to(index, None);
                let (way, config) = self.world.go_round(way);
                let locals = self.world.layout.locals(&config).to_vec();
                let instance = locals.into_iter().find(|&local| {
                    let standing = self.world.locals.get(local).standing;
                    matches!(standing, Standing::Live | Standing::Parked)
                });
                let fault = Fault::new(FaultKind::EndlessLoop, text);
                let fault = match instance {
                    Some(local) => fault.at(self.world.locals.get(local).local.instance),
                    None => fault,
                };
                self.searched(true, Some((fault, way)))
            }
        }
    }

    fn gave_up(self) -> Searched {
        self.searched(false, None)
    }

    fn violated(self, fault: Fault, at: u32, last: Option<Move>) -> Searched {
        let way = self.way_to(at, last.map(Step::from));
        self.searched(false, Some((fault, way)))
    }

    fn searched(self, complete: bool, violation: Option<(Fault, Vec<Step>)>) -> Searched {
        Searched {
            states: self.origins.len(),
            transitions: self.transitions,
            crashes: self.crashes,
            depth: self.depth as usize,
            complete,
            violation,
        }
    }

    fn way_to(&self, mut at: u32, last: Option<Step>) -> Vec<Step> {
        let mut way: Vec<Step> = last.into_iter().collect();
        while at != 0 {
            let origin = self.origins[at as usize];
            way.push(origin.step);
            at = origin.parent;
        }
        way.reverse();
        way
    }
}
