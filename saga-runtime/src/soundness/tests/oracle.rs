//! The same question asked plainly: rich configurations in ordered sets, the language's text turned into loops.
//!
//! Written apart from the exploration and sharing nothing with it but the definition. Where the exploration counts
//! "three or more", so does the oracle, and of a step done more than once neither knows the places in the order of
//! completion; everything else is spelled out, as the engine does it.

mod compensation;
mod definition;
mod older;
mod outcome;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use self::compensation::Steps;
use crate::{definition::*, message::MessageInfo};

/// A declared state, or one of the other two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    State(u16),
    Compensate,
    End,
}

impl Default for Spot {
    fn default() -> Self {
        Self::State(0)
    }
}

/// What a saga may be in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Configuration {
    spot: Spot,
    /// How many requests are open, by command; three stands for more.
    open: BTreeMap<&'static str, u8>,
    waiting: BTreeSet<&'static str>,
    /// Starting commands that have been answered.
    answered: BTreeSet<&'static str>,
    /// Successes: the command and its reply.
    done: BTreeSet<(&'static str, &'static str)>,
    /// Steps that have an undo, by the clause that undoes them.
    steps: Steps,
    /// What the undo under way has asked for, once for each request.
    undoing: Vec<&'static str>,
    /// What joins keep: the command answered (none for events), and the message.
    kept: BTreeSet<(Option<&'static str>, &'static str)>,
    /// Timers that have fired and stayed, by handler.
    fired: BTreeSet<&'static str>,
    /// An instance of an older build, of which not everything is known.
    older: bool,
    /// A join may be due.
    fresh: bool,
}

/// What the rules are read off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) reached: BTreeSet<Spot>,
    /// Where a request may be open.
    pub(super) open: BTreeSet<(Spot, &'static str)>,
    /// Branches that ran, and whose senders waited then.
    pub(super) ran: BTreeSet<(usize, usize)>,
    pub(super) asked: BTreeSet<(usize, usize, &'static str)>,
    /// What is open after a branch that leads to a state.
    pub(super) open_after: BTreeSet<(usize, usize, &'static str)>,
    /// Whose senders were left waiting by a branch, or by the end of an unwritten `compensated`.
    pub(super) left: BTreeSet<(Option<(usize, usize)>, &'static str)>,
    /// Replies whose steps nothing undoes, at an entry into `compensate`.
    pub(super) lasting: BTreeSet<(&'static str, &'static str)>,
    /// States in which, awaiting a reply, nothing can happen any more.
    pub(super) stuck: BTreeSet<Spot>,
}

pub(super) struct Oracle {
    definition: &'static Definition,
    sent: BTreeMap<&'static str, &'static MessageInfo>,
    seen: BTreeSet<Configuration>,
    queue: VecDeque<Configuration>,
    pub(super) found: Findings,
    limit: usize,
}

/// Plays every order of messages; `None` beyond `limit` configurations.
pub(super) fn play(definition: &'static Definition, limit: usize) -> Option<Findings> {
    let mut oracle = Oracle::of(definition, limit);
    oracle.start();
    oracle.start_older();
    while let Some(configuration) = oracle.queue.pop_front() {
        if oracle.seen.len() > oracle.limit {
            return None;
        }
        oracle.follow(&configuration);
    }
    Some(oracle.found)
}

/// Whether a clause answers somebody who waits.
pub(super) fn answers(definition: &'static Definition, clause: usize) -> bool {
    let oracle = Oracle::of(definition, 0);
    let branches = definition.clauses[clause].branches.iter();
    let mut effects = branches.flat_map(|branch| branch.effects);
    effects.any(|effect| effect.verb == Verb::Reply && oracle.answered_by(clause, effect).is_some())
}

fn names(item: &Item, message: &str, command: Option<&str>) -> bool {
    item.messages.iter().any(|named| named.name == message)
        && item
            .of
            .is_none_or(|of| command.is_none_or(|command| of.name == command))
}

/// Who has a message in a state.
enum Taker {
    On(usize),
    Join,
    Closes {
        recorded: bool,
    },
    /// Deferred: as good as not come yet.
    Later,
    Nobody,
}

impl Oracle {
    fn of(definition: &'static Definition, limit: usize) -> Self {
        Self {
            definition,
            sent: definition::sent(definition),
            seen: BTreeSet::new(),
            queue: VecDeque::new(),
            found: Findings::default(),
            limit,
        }
    }

    fn start(&mut self) {
        for (index, clause) in self.definition.clauses.iter().enumerate() {
            let Trigger::Start(item) = clause.trigger else {
                continue;
            };
            for message in item.messages {
                let mut nothing = Configuration {
                    fresh: true,
                    ..Configuration::default()
                };
                if message.wants_reply() {
                    nothing.waiting.insert(message.name);
                }
                self.run(index, &nothing, None, true);
            }
        }
    }

    fn follow(&mut self, at: &Configuration) {
        if at.spot == Spot::End || self.go_on_undoing(at) {
            return;
        }
        if let Some(join) = self.complete_join(at) {
            let mut next = at.clone();
            let Trigger::All(items) = self.definition.clauses[join].trigger else {
                unreachable!()
            };
            next.kept
                .retain(|(command, message)| !items.iter().any(|item| names(item, message, *command)));
            next.fresh = false;
            self.run(join, &next, Some(at), false);
            return;
        }
        self.sent_before(at);
        if self.happen(at) {
            return;
        }
        if let Spot::State(state) = at.spot
            && !at.older
            && at.open.values().all(|&count| count == 0)
            && self.awaits_reply(state)
        {
            self.found.stuck.insert(at.spot);
        }
    }

    /// An older build may have left a request open here that this one does not send here.
    fn sent_before(&mut self, at: &Configuration) {
        let Spot::State(state) = at.spot else { return };
        for command in self.retired_in(state) {
            if !at.open.contains_key(command) {
                let mut next = at.clone();
                next.open.insert(command, 1);
                self.arrive(next, Some(at), None);
            }
        }
    }

    fn happen(&mut self, at: &Configuration) -> bool {
        let mut led = self.commands_and_events(at);
        led |= self.timers(at);
        led |= self.replies(at);
        led |= self.answers_to_undos(at);
        led
    }

    fn commands_and_events(&mut self, at: &Configuration) -> bool {
        let mut led = false;
        for (name, message) in self.free_messages_in(at.spot) {
            let mut next = at.clone();
            if message.wants_reply() {
                next.waiting.insert(name);
            }
            match self.taker(at.spot, name, None) {
                Taker::On(clause) => led |= self.run(clause, &next, Some(at), false),
                Taker::Join => {
                    if self.is_needed(None, name) {
                        next.kept.insert((None, name));
                    }
                    next.fresh = true;
                    led |= self.arrive(next, Some(at), None);
                }
                Taker::Closes { .. } | Taker::Later => {}
                Taker::Nobody => {
                    if self.starts(name)
                        && self.starting() > 1
                        && message.wants_reply()
                        && !at.answered.contains(name)
                    {
                        led |= self.arrive(next, Some(at), None);
                    }
                }
            }
        }
        led
    }

    fn timers(&mut self, at: &Configuration) -> bool {
        let Spot::State(state) = at.spot else { return false };
        let mut led = false;
        for (index, clause) in self.definition.clauses.iter().enumerate() {
            let timer = matches!(
                clause.trigger,
                Trigger::After(_) | Trigger::Every(_) | Trigger::At
            );
            let here = clause
                .places
                .iter()
                .any(|place| matches!(place, Place::Rest) || *place == Place::State(state));
            if timer && here && !at.fired.contains(clause.handler) {
                led |= self.run(index, at, Some(at), false);
            }
        }
        led
    }

    fn replies(&mut self, at: &Configuration) -> bool {
        let mut led = false;
        let open: Vec<_> = at
            .open
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(name, count)| (*name, *count))
            .collect();
        for (command, count) in open {
            for reply in self.sent[command].replies {
                let remaining: &[u8] = if count == 3 { &[2, 3] } else { &[count - 1] };
                for &left in remaining {
                    let mut next = at.clone();
                    next.open.insert(command, left);
                    if left == 0 {
                        next.open.remove(command);
                    }
                    next.fresh = true;
                    led |= self.reply(at, next, command, reply.message.name, reply.refusal, left);
                }
            }
        }
        led
    }

    fn reply(
        &mut self,
        at: &Configuration,
        mut next: Configuration,
        command: &'static str,
        reply: &'static str,
        refusal: bool,
        left: u8,
    ) -> bool {
        let taker = self.taker(at.spot, reply, Some(command));
        let compensating = at.spot == Spot::Compensate;
        if compensating || !matches!(taker, Taker::Closes { recorded: false }) {
            self.complete(&mut next, command, reply, refusal);
        }
        match taker {
            Taker::On(clause) => self.run(clause, &next, Some(at), false),
            // There the runtime takes whatever is not handled, and keeps nothing for later.
            _ if compensating => self.arrive(next, Some(at), None),
            Taker::Join => {
                let needed = self.is_needed(Some(command), reply);
                if needed || left > 0 {
                    next.kept.insert((Some(command), reply));
                }
                self.arrive(next, Some(at), None)
            }
            Taker::Closes { .. } => self.arrive(next, Some(at), None),
            Taker::Nobody | Taker::Later => false,
        }
    }

    fn complete_join(&self, at: &Configuration) -> Option<usize> {
        let Spot::State(state) = at.spot else { return None };
        (0..self.definition.clauses.len()).find(|&index| {
            let clause = &self.definition.clauses[index];
            let Trigger::All(items) = clause.trigger else {
                return false;
            };
            let here = clause
                .places
                .iter()
                .any(|place| matches!(place, Place::Rest) || *place == Place::State(state));
            let needs = items.iter().any(|item| item.arity == Arity::One);
            here && (needs || at.fresh) && items.iter().all(|item| self.is_satisfied(at, item))
        })
    }

    fn is_satisfied(&self, at: &Configuration, item: &Item) -> bool {
        let arrived = at
            .kept
            .iter()
            .any(|(command, message)| names(item, message, *command));
        let open = at.open.keys().any(|command| {
            self.sent[command]
                .replies
                .iter()
                .any(|reply| names(item, reply.message.name, Some(command)))
        });
        match item.arity {
            Arity::One => arrived,
            Arity::Optional => arrived || !open,
            Arity::Many => !open,
        }
    }

    fn arrive(
        &mut self,
        mut next: Configuration,
        from: Option<&Configuration>,
        by: Option<(usize, usize)>,
    ) -> bool {
        next.open.retain(|_, count| *count > 0);
        match next.spot {
            Spot::End => {
                self.found
                    .left
                    .extend(next.waiting.iter().map(|name| (by, *name)));
                next = Configuration {
                    spot: Spot::End,
                    open: next.open,
                    ..Configuration::default()
                };
            }
            Spot::Compensate => {
                if from.is_none_or(|from| from.spot != Spot::Compensate) {
                    self.note_lasting(&next);
                }
                next.fresh = false;
            }
            Spot::State(_) => {}
        }
        if self.complete_join(&next).is_none() && !next.goes_on_undoing() {
            next.fresh = false;
            self.found.reached.insert(next.spot);
            self.found
                .open
                .extend(next.open.keys().map(|command| (next.spot, *command)));
        }
        let led = from.is_none_or(|from| {
            Configuration {
                fresh: from.fresh,
                ..next.clone()
            } != *from
        });
        if self.seen.insert(next.clone()) {
            self.queue.push_back(next);
        }
        led
    }

    fn note_lasting(&mut self, at: &Configuration) {
        for (&command, info) in &self.sent {
            for reply in info.replies.iter().filter(|reply| !reply.refusal) {
                let name = reply.message.name;
                let done = at.done.contains(&(command, name));
                let taker = self.is_named(Spot::Compensate, name, command);
                let coming = at.open.contains_key(command) && !taker;
                if (done || coming) && self.is_lasting(command, name) {
                    self.found.lasting.insert((command, name));
                }
            }
        }
    }
}

/// One more request of a command is open; three stands for more.
fn raise(open: &mut BTreeMap<&'static str, u8>, command: &'static str) {
    let count = open.entry(command).or_default();
    *count = (*count + 1).min(3);
}
