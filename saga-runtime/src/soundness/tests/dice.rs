//! Random sagas, each from its seed, of every word that the search reads.
//!
//! What it does not read is left out: versions, keys and old names concern what is stored, `no_timeout` and `endless`
//! the graph of states that the macro looks at.

mod cast;

use std::time::Duration;

use self::cast::Cast;
use super::language::leak;
use crate::{
    definition::*,
    message::{Form, MessageInfo, MessageKind},
};

/// Throws sagas (splitmix64).
pub(super) struct Dice(pub(super) u64);

/// A saga as far as it has been thrown.
struct Draft {
    cast: Cast,
    compensates: bool,
    /// Clauses may lead out of compensation, which the macro refuses and the search only covers.
    leaves_compensate: bool,
    clauses: Vec<Clause>,
    exceptions: Vec<Exception>,
}

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.roll(list.len() as u64) as usize]
    }

    pub(super) fn saga(&mut self, leaves_compensate: bool) -> &'static Definition {
        let mut draft = Draft {
            cast: self.cast(),
            compensates: self.chance(60),
            leaves_compensate,
            clauses: Vec::new(),
            exceptions: Vec::new(),
        };
        self.starts(&mut draft);
        for state in 0..draft.cast.states {
            self.state(state, &mut draft);
        }
        if draft.compensates {
            self.compensation(&mut draft);
        }
        self.after_the_end(&mut draft);
        let retired = self.retired(&draft);
        let no_undo = self.no_undo(&draft.cast);
        let settled = match self.chance(20) {
            true => vec![self.any_state(&draft.cast)],
            false => Vec::new(),
        };
        Box::leak(Box::new(Definition {
            name: "Random",
            version: 1,
            endpoint: "home",
            states: &["A", "B", "C", "D"][..usize::from(draft.cast.states)],
            clauses: leak(draft.clauses),
            exceptions: leak(draft.exceptions),
            no_timeout: &[],
            no_undo: leak(no_undo),
            settled: leak(settled),
            endless: false,
            fields: &[],
            form: Form::Named,
            upgrades: &[],
            renamed: &[],
            retired: leak(retired),
            key: &[],
            key_paths: &[],
        }))
    }

    fn starts(&mut self, draft: &mut Draft) {
        for start in draft.cast.starts.clone() {
            let branches = self.branches(draft, 90);
            draft.add("start", Trigger::Start(one(start)), &[], branches);
        }
    }

    /// What one state does with each message: a handler, a join, an exception, or nothing.
    fn state(&mut self, state: u16, draft: &mut Draft) {
        let Cast {
            replies,
            free,
            starts,
            ..
        } = &draft.cast;
        let messages = replies.iter().chain(free).chain(&starts[..1]);
        let mut messages: Vec<_> = messages.copied().collect();
        if self.chance(35) {
            self.join(state, &mut messages, draft);
        }
        for message in messages {
            self.message(state, message, draft);
        }
        if self.chance(60) {
            self.timer(state, draft);
        }
    }

    fn join(&mut self, state: u16, messages: &mut Vec<&'static MessageInfo>, draft: &mut Draft) {
        let joined: Vec<_> = (0..=self.roll(3))
            .map(|_| messages.swap_remove(self.roll(messages.len() as u64) as usize))
            .collect();
        let items: Vec<_> = joined
            .into_iter()
            .map(|message| Item {
                arity: self.arity(60),
                ..self.item(message, &draft.cast)
            })
            .collect();
        let places = self.places(state, &draft.cast);
        let branches = self.branches(draft, 80);
        draft.add("join", Trigger::All(leak(items)), &places, branches);
    }

    fn message(&mut self, state: u16, message: &'static MessageInfo, draft: &mut Draft) {
        let places = self.places(state, &draft.cast);
        let item = self.item(message, &draft.cast);
        let handled = match message.kind {
            MessageKind::Reply => 65,
            MessageKind::Command | MessageKind::Event => 25,
        };
        if self.chance(handled) {
            let branches = self.branches(draft, 65);
            draft.add("on", Trigger::On(item), &places, branches);
        } else if self.chance(40) {
            let how = self.pick(&[Treatment::Ignore, Treatment::Defer, Treatment::Unexpected]);
            draft.set_aside(how, item, places);
        }
    }

    /// A message: now and then as the answer to one command, or with all that its command may be answered with.
    fn item(&mut self, message: &'static MessageInfo, cast: &Cast) -> Item {
        let askers = cast.askers(message);
        let mut item = one(message);
        if !askers.is_empty() && self.chance(10) {
            item.of = Some(self.pick(&askers));
        } else if !askers.is_empty() && self.chance(8) {
            let replies = self.pick(&askers).replies.iter();
            item.messages = leak(replies.map(|reply| reply.message).collect());
        }
        item
    }

    fn places(&mut self, state: u16, cast: &Cast) -> Vec<Place> {
        match self.roll(100) {
            0..86 => vec![Place::State(state)],
            86..93 => vec![Place::Rest],
            _ => vec![Place::State(state), Place::State(self.any_state(cast))],
        }
    }

    fn any_state(&mut self, cast: &Cast) -> u16 {
        self.roll(u64::from(cast.states)) as u16
    }

    fn timer(&mut self, state: u16, draft: &mut Draft) {
        let trigger = self.pick(&[
            Trigger::After(Duration::from_secs(60)),
            Trigger::At,
            Trigger::Every(Duration::from_secs(1)),
        ]);
        let places = self.places(state, &draft.cast);
        let branches = self.branches(draft, 60);
        draft.add("timer", trigger, &places, branches);
    }

    fn compensation(&mut self, draft: &mut Draft) {
        let commands = [&draft.cast.sent[..], &draft.cast.retired].concat();
        let answering = if self.chance(30) { 80 } else { 10 };
        for command in commands {
            if !draft.cast.undos.contains(&command) && self.chance(75) {
                let undone = self.item(command.replies[0].message, &draft.cast);
                let count = if self.chance(15) { 2 } else { 1 };
                let branches = (0..count)
                    .map(|_| branch(self.undo(answering, &draft.cast), None))
                    .collect();
                draft.add("undo", Trigger::Compensate(undone), &[], branches);
            }
        }
        if self.chance(30) {
            let undone = self.item(draft.cast.replies[0], &draft.cast);
            let branches = vec![branch(self.undo(answering, &draft.cast), None)];
            draft.add("undo", Trigger::Compensate(undone), &[], branches);
        }
        if self.chance(70) {
            let mut branches = self.branches_of(draft, false, 80);
            // What is sent at the end of compensation stays open like anything else.
            branches.truncate(1);
            draft.add("compensated", Trigger::Compensated, &[], branches);
        }
        self.meanwhile(draft);
    }

    /// What undoes a step: mostly one command. Now and then somebody is answered as well.
    fn undo(&mut self, answering: u64, cast: &Cast) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..=self.roll(100) / 85 {
            let arity = self.arity(85);
            effects.push(effect(Verb::Send, self.pick(&cast.undos), arity));
        }
        if self.chance(answering) {
            let at = self.roll(2) as usize;
            effects.insert(at, effect(Verb::Reply, self.pick(&cast.answers), Arity::One));
        }
        effects
    }

    /// What comes while steps are undone.
    fn meanwhile(&mut self, draft: &mut Draft) {
        let leaving = if draft.leaves_compensate { 60 } else { 0 };
        let messages = [&draft.cast.free[..], &draft.cast.replies].concat();
        for message in messages {
            let item = self.item(message, &draft.cast);
            let named = match message.kind {
                MessageKind::Reply => 15,
                MessageKind::Command | MessageKind::Event => 30,
            };
            if self.chance(named) {
                let branches = self.branches_of(draft, false, leaving);
                draft.add("meanwhile", Trigger::On(item), &[Place::Compensate], branches);
            } else if self.chance(10) {
                let how = self.pick(&[Treatment::Ignore, Treatment::Unexpected, Treatment::Defer]);
                draft.set_aside(how, item, vec![Place::Compensate]);
            }
        }
    }

    fn after_the_end(&mut self, draft: &mut Draft) {
        for reply in draft.cast.replies.clone() {
            if self.chance(20) {
                let how = self.pick(&[Treatment::Ignore, Treatment::Unexpected]);
                let item = self.item(reply, &draft.cast);
                draft.set_aside(how, item, vec![Place::End]);
            }
        }
        if self.chance(20) {
            let status = effect(Verb::Reply, draft.cast.free[0].replies[0].message, Arity::One);
            let query = Trigger::On(one(draft.cast.free[0]));
            draft.add("ended", query, &[Place::End], vec![branch(vec![status], None)]);
        }
    }

    /// What older builds did: commands that this one never sends, or not there, and timers.
    fn retired(&mut self, draft: &Draft) -> Vec<Retired> {
        let mut retired = Vec::new();
        let mut commands = draft.cast.retired.clone();
        if self.chance(10) {
            commands.push(self.pick(&draft.cast.sent));
        }
        for command in commands {
            let state = self.any_state(&draft.cast);
            let places = leak(self.places(state, &draft.cast));
            retired.push(Retired::Send { command, places });
        }
        if self.chance(30) {
            retired.push(Retired::State(self.any_state(&draft.cast)));
        }
        let timers = draft.clauses.iter().filter(|clause| is_timer(clause));
        retired.extend(
            timers
                .filter(|_| self.chance(10))
                .map(|timer| Retired::Timer(timer.handler)),
        );
        retired
    }

    fn no_undo(&mut self, cast: &Cast) -> Vec<&'static [&'static MessageInfo]> {
        let command = cast.sent[0];
        let replies = || command.replies.iter().map(|reply| reply.message);
        match self.roll(10) {
            0..2 => vec![leak(vec![command])],
            2 => vec![leak(replies().take(1).collect())],
            3 => vec![leak(replies().collect())],
            _ => Vec::new(),
        }
    }

    fn branches(&mut self, draft: &Draft, leaving: u64) -> Vec<Branch> {
        self.branches_of(draft, draft.compensates, leaving)
    }

    fn branches_of(&mut self, draft: &Draft, compensates: bool, leaving: u64) -> Vec<Branch> {
        let count = if self.chance(20) { 2 } else { 1 };
        (0..count)
            .map(|_| self.outcome(&draft.cast, compensates, leaving))
            .collect()
    }

    fn outcome(&mut self, cast: &Cast, compensates: bool, leaving: u64) -> Branch {
        let effects = (0..self.roll(3)).map(|_| self.effect(cast)).collect();
        let target = self.chance(leaving).then(|| match self.roll(10) {
            0..2 => Target::End,
            2..5 if compensates => Target::Compensate,
            _ => Target::State(self.any_state(cast)),
        });
        branch(effects, target)
    }

    fn effect(&mut self, cast: &Cast) -> Effect {
        let arity = self.arity(80);
        match self.roll(20) {
            0 => effect(Verb::Publish, cast.published, arity),
            1..13 => effect(Verb::Send, self.pick(&cast.sent), arity),
            _ => {
                let arity = if arity == Arity::Many { Arity::One } else { arity };
                let to = self.chance(20).then(|| self.pick(&cast.free[..1]));
                let to = to.or_else(|| self.chance(20).then(|| self.pick(&cast.starts)));
                Effect {
                    to,
                    ..effect(Verb::Reply, self.pick(&cast.answers), arity)
                }
            }
        }
    }

    fn arity(&mut self, one: u64) -> Arity {
        if self.chance(one) {
            Arity::One
        } else {
            self.pick(&[Arity::Optional, Arity::Many])
        }
    }
}

impl Draft {
    fn add(&mut self, word: &str, trigger: Trigger, places: &[Place], branches: Vec<Branch>) {
        self.clauses.push(Clause {
            handler: format!("{word}{}", self.clauses.len()).leak(),
            trigger,
            places: leak(places.to_vec()),
            branches: leak(branches),
        });
    }

    fn set_aside(&mut self, how: Treatment, item: Item, places: Vec<Place>) {
        self.exceptions.push(Exception {
            how,
            item,
            places: leak(places),
        });
    }
}

fn is_timer(clause: &Clause) -> bool {
    matches!(
        clause.trigger,
        Trigger::After(_) | Trigger::At | Trigger::Every(_)
    )
}

fn one(message: &'static MessageInfo) -> Item {
    Item {
        messages: leak(vec![message]),
        of: None,
        arity: Arity::One,
    }
}

fn effect(verb: Verb, message: &'static MessageInfo, arity: Arity) -> Effect {
    Effect {
        verb,
        message,
        arity,
        to: None,
    }
}

fn branch(effects: Vec<Effect>, target: Option<Target>) -> Branch {
    Branch {
        label: None,
        effects: leak(effects),
        target,
    }
}
