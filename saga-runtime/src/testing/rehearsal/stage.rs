//! Playing a process step by step: one message after the other, timers when nothing else is left.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{Input, Outcome, Parts, Taker};
use crate::{
    engine::{Emission, Outlet, Slot, Verdict},
    envelope::{Envelope, MessageId},
    message::MessageKind,
    store::{Found, InstanceId},
    testing::{
        chart::Chart,
        explore::{group::takers, input::CALLER, outcome::state, parts::reply},
        machine::{self, Held, Stepped},
    },
};

/// More steps than this are a process that does not come to an end by itself.
const MANY_STEPS: usize = 10_000;
/// How often a service's handler that failed is tried again at once.
const TRIES: usize = 3;

/// What is done to the process while it is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disturbance {
    None,
    /// It is killed when this step has been done and is not committed.
    CrashBefore(usize),
    /// It is killed when this step has been committed and is not acknowledged.
    CrashAfter(usize),
    /// Everything comes twice.
    Twice,
}

/// An instance, on disk and in memory.
#[derive(Default)]
struct Actor {
    found: Option<Found>,
    slot: Option<Slot>,
}

/// A play under way.
pub(super) struct Stage<'p> {
    parts: &'p Parts,
    now: Timestamp,
    began_at: Timestamp,
    actors: BTreeMap<InstanceId, Actor>,
    queue: VecDeque<(Taker, Arc<Envelope>)>,
    /// Messages that wait for an instance to come to be.
    waiting: Vec<(InstanceId, Taker, Arc<Envelope>)>,
    /// What each taker has handled: of a broker's deliveries, only those that are new have an effect.
    handled: BTreeSet<(String, MessageId)>,
    callers: Vec<(MessageId, usize)>,
    outcome: Outcome,
}

impl<'p> Stage<'p> {
    pub(super) fn new(parts: &'p Parts, disturbance: Disturbance) -> Self {
        let beginning = crate::testing::explore::beginning();
        Self {
            parts,
            now: beginning,
            began_at: beginning,
            actors: BTreeMap::new(),
            queue: VecDeque::new(),
            waiting: Vec::new(),
            handled: BTreeSet::new(),
            callers: Vec::new(),
            outcome: Outcome {
                disturbance,
                steps: Vec::new(),
                states: BTreeMap::new(),
                answers: Vec::new(),
                emitted: BTreeMap::new(),
                faults: Vec::new(),
                chart: Chart::default(),
            },
        }
    }

    /// Plays to the end.
    pub(super) fn play(mut self, inputs: &[Input]) -> Outcome {
        self.outcome.answers = vec![Vec::new(); inputs.len()];
        for (number, input) in inputs.iter().enumerate() {
            self.give(input, number, 0);
            self.settle();
        }
        let twice = self.outcome.disturbance == Disturbance::Twice;
        for (number, input) in inputs.iter().enumerate().filter(|_| twice) {
            // A sender who does not know what became of it; of other input, a second one means a second one.
            let nth = usize::from(self.starts(input));
            self.give(input, number, nth);
            self.settle();
        }
        for (id, actor) in &self.actors {
            let found = actor.found.as_ref().unwrap_or(&Found::Absent);
            self.outcome.states.insert(id.clone(), state(found).to_owned());
        }
        self.outcome
    }

    fn starts(&self, input: &Input) -> bool {
        takers(self.parts, input).iter().any(|taker| match taker {
            Taker::Saga(saga) => self.parts.sagas[*saga].engine.is_starting(&input.envelope.name),
            Taker::Service(_) | Taker::Declared => false,
        })
    }

    fn give(&mut self, input: &Input, number: usize, nth: usize) {
        let id = MessageId(uuid::Uuid::from_u128(((number as u128) << 16 | nth as u128) + 16));
        let envelope = Arc::new(Envelope {
            id,
            conversation: id,
            created_at: self.now,
            ..Envelope::clone(&input.envelope)
        });
        self.callers.push((id, number));
        let (at, caller) = (self.elapsed(), Arc::from(CALLER));
        self.outcome
            .chart
            .message(at, &caller, &Arc::from("the system"), &envelope);
        for taker in takers(self.parts, input) {
            self.queue.push_back((taker, Arc::clone(&envelope)));
        }
    }

    /// Handles all there is to handle; when there is nothing, lets time pass up to the next timer.
    fn settle(&mut self) {
        while self.outcome.steps.len() < MANY_STEPS {
            match self.queue.pop_front() {
                Some((taker, envelope)) => {
                    self.handle(taker, &envelope);
                    if self.outcome.disturbance == Disturbance::Twice {
                        self.handle(taker, &envelope);
                    }
                }
                None if self.fire_next() => {}
                None => return,
            }
        }
        self.wrong("it does not come to an end by itself");
    }

    fn handle(&mut self, taker: Taker, envelope: &Arc<Envelope>) {
        let new = self.handled.insert((format!("{taker:?}"), envelope.id));
        if !new && !self.asks_again(taker, envelope) {
            return;
        }
        match taker {
            Taker::Saga(saga) => self.act(saga, envelope),
            Taker::Service(service) => self.serve(service, envelope),
            Taker::Declared => self.answer(envelope),
        }
    }

    /// Whether a repeated delivery only asks for the answer that was given: a caller's command that starts a saga.
    fn asks_again(&self, taker: Taker, envelope: &Envelope) -> bool {
        let Taker::Saga(saga) = taker else { return false };
        let by_caller = envelope
            .reply_to
            .as_ref()
            .is_some_and(|reply_to| reply_to.instance.is_none());
        by_caller && self.parts.sagas[saga].engine.is_starting(&envelope.name)
    }

    /// Begins a step; whether the process is killed before its commit.
    fn begin(&mut self, about: String) -> bool {
        let step = self.outcome.steps.len();
        self.outcome.steps.push(about);
        self.outcome.disturbance == Disturbance::CrashBefore(step)
    }

    /// Ends a step: what only the process remembered is gone if it is killed now.
    fn end(&mut self) {
        let step = self.outcome.steps.len().saturating_sub(1);
        if self.outcome.disturbance == Disturbance::CrashAfter(step) {
            self.forget();
        }
    }

    fn forget(&mut self) {
        let at = self.elapsed();
        self.outcome.chart.note(at, &Arc::from("the process"), "KILLED");
        for actor in self.actors.values_mut() {
            actor.slot = None;
        }
    }

    fn act(&mut self, saga: usize, envelope: &Arc<Envelope>) {
        let engine = &self.parts.sagas[saga].engine;
        let id = match engine.instance_of(envelope) {
            Ok((id, _)) => id,
            Err(failure) => return self.wrong(&failure.detail),
        };
        let waited = false;
        if self.begin(format!("`{}` at {}", envelope.name, id.saga)) {
            let actor = self.actors.entry(id.clone()).or_default();
            let (found, slot) = actor.take();
            let _ = machine::deliver(
                engine,
                Held { found: &found, slot },
                &id,
                envelope,
                waited,
                self.now,
            );
            actor.found = Some(found);
            self.forget();
        }
        let actor = self.actors.entry(id.clone()).or_default();
        let (found, slot) = actor.take();
        let stepped = machine::deliver(
            engine,
            Held { found: &found, slot },
            &id,
            envelope,
            waited,
            self.now,
        );
        self.keep(saga, &id, found, envelope, stepped);
        self.end();
    }

    fn keep(
        &mut self,
        saga: usize,
        id: &InstanceId,
        before: Found,
        cause: &Arc<Envelope>,
        stepped: Result<Stepped, crate::Error>,
    ) {
        let stepped = match stepped {
            Ok(stepped) => stepped,
            Err(error) => {
                self.actors.insert(
                    id.clone(),
                    Actor {
                        found: Some(before),
                        slot: None,
                    },
                );
                return self.wrong(&error.to_string());
            }
        };
        for dead in stepped.dead(cause) {
            self.wrong(&format!(
                "`{}` becomes a dead letter: {}",
                dead.envelope.name, dead.detail
            ));
        }
        let (at, me) = (self.elapsed(), Arc::clone(&id.saga));
        self.outcome
            .chart
            .note(at, &me, format!("`{}` arrives", cause.name));
        if stepped.verdict == Verdict::Wait {
            self.waiting
                .push((id.clone(), Taker::Saga(saga), Arc::clone(cause)));
        }
        let is_live = matches!(stepped.found, Found::Live(_));
        if matches!(before, Found::Absent) && is_live {
            let (now, later) = std::mem::take(&mut self.waiting)
                .into_iter()
                .partition(|(of, ..)| of == id);
            self.waiting = later;
            let now: Vec<_> = now;
            for (_, taker, envelope) in now {
                self.handled.remove(&(format!("{taker:?}"), envelope.id));
                self.queue.push_back((taker, envelope));
            }
        }
        let slot = stepped.slot.filter(|_| is_live);
        self.actors.insert(
            id.clone(),
            Actor {
                found: Some(stepped.found),
                slot,
            },
        );
        self.route(&me, stepped.emitted);
    }

    fn serve(&mut self, service: usize, envelope: &Arc<Envelope>) {
        let service = &self.parts.services[service];
        let name: Arc<str> = service.definition.name.into();
        let killed = self.begin(format!("`{}` at {name}", envelope.name));
        if killed {
            // What it did to the world stays done.
            let _ = service.serve(envelope);
            self.forget();
        }
        if self.outcome.disturbance == Disturbance::Twice {
            let _ = service.serve(envelope);
        }
        let mut served = service.serve(envelope);
        for _ in 1..TRIES {
            if served.is_err() {
                served = service.serve(envelope);
            }
        }
        match served {
            Ok(emitted) => self.route(&name, emitted),
            Err(error) => self.wrong(&format!("{name} fails on `{}`: {error}", envelope.name)),
        }
        self.end();
    }

    /// The first answer that a command declares.
    fn answer(&mut self, command: &Arc<Envelope>) {
        let answers = self.parts.answers(command).unwrap_or_default();
        let reply = answers
            .first()
            .and_then(|answer| reply(command, 0, answer, self.now));
        let (Some(reply), Some(reply_to)) = (reply, &command.reply_to) else {
            return;
        };
        let emission = Emission {
            to: Outlet::Queue(Arc::clone(&reply_to.queue)),
            envelope: Arc::new(reply),
        };
        let endpoint = self.parts.sent(&command.name).and_then(|info| info.endpoint);
        self.route(&endpoint.unwrap_or_default().into(), vec![emission]);
    }

    fn route(&mut self, from: &Arc<str>, emitted: Vec<Emission>) {
        let at = self.elapsed();
        for Emission { to, envelope } in emitted {
            let (party, takers) = match &to {
                Outlet::Subscribers => (Arc::from("subscribers"), self.parts.subscribers(&envelope.name)),
                Outlet::Queue(queue) => (Arc::clone(queue), self.taker(queue, &envelope)),
            };
            self.outcome.chart.message(at, from, &party, &envelope);
            if *party == *CALLER {
                let caller = self
                    .callers
                    .iter()
                    .find(|(id, _)| Some(*id) == envelope.in_reply_to);
                if let Some(&(_, number)) = caller {
                    self.outcome.answers[number].push(Arc::clone(&envelope.name));
                }
                continue;
            }
            *self
                .outcome
                .emitted
                .entry(Arc::clone(&envelope.name))
                .or_default() += 1;
            for taker in takers {
                self.queue.push_back((taker, Arc::clone(&envelope)));
            }
        }
    }

    fn taker(&mut self, queue: &str, envelope: &Envelope) -> Vec<Taker> {
        let taker = match &envelope.to {
            Some(to) => self.parts.saga_named(&to.saga).map(Taker::Saga),
            None if envelope.kind == MessageKind::Reply => return Vec::new(),
            None => self.parts.taker(queue, &envelope.name),
        };
        if taker.is_none() {
            self.wrong(&format!("nothing at `{queue}` takes `{}`", envelope.name));
        }
        taker.into_iter().collect()
    }

    /// Fires the next timer there is; `false`: none is armed, but for those of sagas that never end.
    fn fire_next(&mut self) -> bool {
        let due = self.actors.iter().filter_map(|(id, actor)| match &actor.found {
            Some(Found::Live(row)) => Some((row.due?, id.clone())),
            _ => None,
        });
        let saga_of = |id: &InstanceId| self.parts.saga_named(&id.saga);
        let mut due: Vec<_> = due
            .filter_map(|(due, id)| Some((due, saga_of(&id)?, id)))
            .filter(|(_, saga, _)| !self.parts.sagas[*saga].definition().endless)
            .collect();
        due.sort();
        let Some((due, saga, id)) = due.into_iter().next() else {
            return false;
        };
        self.now = self.now.max(due);
        let engine = &self.parts.sagas[saga].engine;
        let killed = self.begin(format!("a timer of {}", id.saga));
        if killed {
            self.forget();
        }
        let actor = self.actors.entry(id.clone()).or_default();
        let (found, slot) = actor.take();
        match machine::fire(engine, Held { found: &found, slot }, &id, self.now) {
            Ok(Some((timer, stepped))) => self.keep(saga, &id, found, &timer, Ok(stepped)),
            Ok(None) => actor.found = Some(found),
            Err(error) => {
                actor.found = Some(found);
                self.wrong(&error.to_string());
            }
        }
        self.end();
        true
    }

    fn wrong(&mut self, what: &str) {
        let at = self.elapsed();
        self.outcome
            .chart
            .note(at, &Arc::from("the process"), format!("WRONG: {what}"));
        self.outcome.faults.push(what.to_owned());
    }

    fn elapsed(&self) -> Duration {
        Duration::try_from(self.now.duration_since(self.began_at)).unwrap_or_default()
    }
}

impl Actor {
    fn take(&mut self) -> (Found, Option<Slot>) {
        (self.found.take().unwrap_or(Found::Absent), self.slot.take())
    }
}
