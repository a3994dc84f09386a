//! Working out what one move does: the engine's step, and what is to be remembered of it.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    FaultKind,
    fault::Fault,
    flights::{FlightId, To},
    history::{History, Part, counts},
    input::CALLER,
    ledger::Entry,
    local::{InstanceIndex, Known, Local, LocalId},
    parts::{SagaPart, Taker, reply},
    property::Mode,
    world::{Move, Outcome, World},
};
use crate::{
    Error,
    codec::Codec,
    dead_letter::Reason,
    engine::{Emission, Outlet, RETRY, SetAside, Verdict},
    envelope::{Envelope, InstanceAddress, MessageId},
    message::MessageKind,
    store::{Found, InstanceId},
    testing::machine::{self, Held, Stepped},
};

/// A step that was run, before it is known what it means.
struct Ran {
    cause: Arc<Envelope>,
    now: Timestamp,
    stepped: Stepped,
}

impl World<'_> {
    pub(in crate::testing) fn work_out(&mut self, local: Option<LocalId>, mv: Move) -> Outcome {
        let cause = self.cause_of(local, mv);
        let Some(local) = local else {
            return match mv {
                Move::Give(_) => self.fan_out(cause),
                Move::Serve(flight) => self.serve(flight),
                _ => Outcome::nothing(cause),
            };
        };
        let again = self.delivered(local, mv, &cause);
        let outcome = match mv {
            Move::Fire(_) => self.fire(local),
            Move::Expire(_) | Move::Answer(..) => self.step(local, cause, true),
            _ => self.step(local, cause, false),
        };
        Outcome { again, ..outcome }
    }

    /// The message that a move delivers to an instance. A timer that fired is no message: what its commit stored does
    /// not arm it any more.
    fn delivered(&mut self, local: LocalId, mv: Move, cause: &Arc<Envelope>) -> Option<FlightId> {
        match mv {
            Move::Deliver(flight) | Move::Expire(flight) => Some(flight),
            Move::Give(_) | Move::Answer(..) => {
                let instance = self.locals.get(local).local.instance;
                Some(self.flights.intern(To::Instance(instance), None, cause))
            }
            _ => None,
        }
    }

    /// The message that a move is about.
    fn cause_of(&mut self, local: Option<LocalId>, mv: Move) -> Arc<Envelope> {
        match mv {
            Move::Give(copy) => Arc::clone(&self.inputs.copies[usize::from(copy)].envelope),
            Move::Deliver(flight)
            | Move::Expire(flight)
            | Move::Silence(flight)
            | Move::Serve(flight)
            | Move::Again(flight) => Arc::clone(&self.flights.get(flight).envelope),
            Move::Answer(flight, nth) => {
                let answers = self.answers(flight);
                let command = Arc::clone(&self.flights.get(flight).envelope);
                let clock = local.map_or(command.created_at, |local| self.locals.get(local).local.clock);
                let now = clock.max(command.created_at);
                let answer = answers.get(usize::from(nth));
                match answer.and_then(|answer| reply(&command, nth, answer, now)) {
                    Some(reply) => Arc::new(reply),
                    None => command,
                }
            }
            Move::Fire(instance) | Move::Retry(instance) => Arc::new(self.retry(local, instance)),
        }
    }

    fn retry(&self, local: Option<LocalId>, instance: InstanceIndex) -> Envelope {
        let id = &self.locals.instances[usize::from(instance)];
        let local = local.map(|local| &self.locals.get(local).local);
        let row = local.and_then(|local| match &local.found {
            Found::Live(row) => Some(row),
            Found::Absent | Found::Finished(_) => None,
        });
        let (incarnation, version) = row.map_or((0, 0), |row| (row.incarnation, row.version));
        let version = u32::try_from(version).unwrap_or(u32::MAX);
        let parent = MessageId(uuid::Uuid::nil());
        let message = MessageId::derived(parent, "a person", incarnation, version);
        Envelope {
            id: message,
            kind: MessageKind::Event,
            name: RETRY.into(),
            version: 1,
            content_type: Codec::Json,
            created_at: local.map_or(self.beginning, |local| local.clock),
            conversation: message,
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: Some(InstanceAddress {
                saga: Arc::clone(&id.saga),
                key: Arc::clone(&id.key),
                incarnation,
            }),
            traceparent: None,
            headers: BTreeMap::new(),
            body: Bytes::from_static(b"null"),
        }
    }

    /// An input for several takers is on its way to each of them.
    fn fan_out(&mut self, cause: Arc<Envelope>) -> Outcome {
        let takers = match cause.kind {
            MessageKind::Event => self.parts.subscribers(&cause.name),
            _ => self
                .inputs
                .endpoint_of(&cause)
                .and_then(|at| self.parts.taker(at, &cause.name))
                .into_iter()
                .collect(),
        };
        let mut outcome = Outcome::nothing(Arc::clone(&cause));
        for taker in takers {
            self.fly_to(taker, &cause, &mut outcome);
        }
        outcome
    }

    fn serve(&mut self, number: FlightId) -> Outcome {
        let flight = self.flights.get(number).clone();
        let mut outcome = Outcome::nothing(Arc::clone(&flight.envelope));
        outcome.again = Some(number);
        let To::Service(service) = flight.to else {
            return outcome;
        };
        let service = &self.parts.services[service];
        match (service.serve(&flight.envelope), service.serve(&flight.envelope)) {
            (Ok(emitted), Ok(again)) if emitted == again => self.route(emitted, &mut outcome),
            (Ok(_), Ok(_)) => {
                let text = format!(
                    "service `{}` answers `{}` in another way when it is asked again",
                    service.definition.name, flight.envelope.name
                );
                outcome.blame(Fault::new(FaultKind::NotRepeatable, text));
            }
            (Err(error), _) | (_, Err(error)) => {
                let text = format!(
                    "service `{}` fails on `{}`: {error}",
                    service.definition.name, flight.envelope.name
                );
                outcome.blame(Fault::new(FaultKind::ServiceFailed, text));
            }
        }
        outcome
    }

    fn step(&mut self, local: LocalId, cause: Arc<Envelope>, waited: bool) -> Outcome {
        let known = self.locals.get(local);
        let (before, id) = (Arc::clone(&known.local), self.id_of(known));
        let now = before.clock.max(cause.created_at);
        let saga = self.saga_of(&id);
        let run = || {
            let stepped = machine::deliver(
                &saga.engine,
                Held::stored(&before.found),
                &id,
                &cause,
                waited,
                now,
            )?;
            Ok((Arc::clone(&cause), stepped))
        };
        self.ran_twice(local, &cause, now, run)
    }

    fn fire(&mut self, local: LocalId) -> Outcome {
        let known = self.locals.get(local);
        let (before, id) = (Arc::clone(&known.local), self.id_of(known));
        let now = before.clock.max(known.due.unwrap_or(before.clock));
        let saga = self.saga_of(&id);
        let timer = Arc::new(self.retry(Some(local), before.instance));
        let still = || Stepped {
            found: before.found.clone(),
            emitted: Vec::new(),
            verdict: Verdict::Discarded("no timer is due"),
            aside: Vec::new(),
            slot: None,
        };
        let run = || {
            let fired = machine::fire(&saga.engine, Held::stored(&before.found), &id, now)?;
            Ok(fired.unwrap_or_else(|| (Arc::clone(&timer), still())))
        };
        self.ran_twice(local, &timer, now, run)
    }

    /// Runs a step as if the process had been killed before its commit: it has to do the same again.
    fn ran_twice(
        &mut self,
        local: LocalId,
        cause: &Arc<Envelope>,
        now: Timestamp,
        run: impl Fn() -> Result<(Arc<Envelope>, Stepped), Error>,
    ) -> Outcome {
        let instance = self.locals.get(local).local.instance;
        match (run(), run()) {
            (Ok((cause, stepped)), Ok((_, again))) => {
                if stepped.found != again.found || stepped.emitted != again.emitted {
                    let text = format!(
                        "a handler does something else when it is given `{}` again",
                        cause.name
                    );
                    return Outcome::wrong(cause, Fault::new(FaultKind::NotRepeatable, text).at(instance));
                }
                self.conclude(local, Ran { cause, now, stepped })
            }
            (Err(error), _) | (_, Err(error)) => {
                let fault = Fault::new(FaultKind::Unreadable, error.to_string()).at(instance);
                Outcome::wrong(Arc::clone(cause), fault)
            }
        }
    }

    fn conclude(&mut self, local: LocalId, ran: Ran) -> Outcome {
        let known = self.locals.get(local);
        let (before, id) = (Arc::clone(&known.local), self.id_of(known));
        let saga = self.saga_of(&id);
        let Ran { cause, now, stepped } = ran;
        let dead = stepped.dead(&cause);
        let Stepped {
            found,
            emitted,
            verdict,
            ..
        } = stepped;
        let mut outcome = Outcome::nothing(Arc::clone(&cause));
        for dead in dead.iter().filter(|dead| self.is_wrong(dead)) {
            outcome.blame(Fault::dead_letter(dead).at(before.instance));
        }
        if let Verdict::Discarded(why) = verdict {
            outcome.notes.push(why.to_owned());
        }
        if verdict == Verdict::Wait {
            outcome
                .notes
                .push(format!("`{}` waits for an instance", cause.name));
            let saga = self.parts.saga_named(&id.saga).map(Taker::Saga);
            if let Some(saga) = saga {
                self.fly_to(saga, &cause, &mut outcome);
            }
            outcome.local = Some(local);
            return outcome;
        }
        let sent: Vec<Arc<Envelope>> = emitted
            .iter()
            .map(|emission| Arc::clone(&emission.envelope))
            .collect();
        if matches!(found, Found::Finished(_)) && !matches!(before.found, Found::Finished(_)) {
            for command in unanswered(saga, &before.found, &cause, &sent) {
                let text = format!("it ends, and whoever sent `{command}` is not answered");
                outcome.blame(Fault::new(FaultKind::Unanswered, text).at(before.instance));
            }
        }
        let mut after = Local {
            instance: before.instance,
            clock: now,
            history: noted(saga, &before.history, &cause, &sent),
            ledger: before.ledger.clone(),
            held: before.held,
            retried: before.retried + u8::from(&*cause.name == RETRY),
            found,
        };
        let entry = Entry {
            saga,
            cause: &cause,
            emitted: &sent,
            dead: &dead,
            before: &before.found,
            after: &after.found,
        };
        match entry.entered(&before.ledger) {
            Ok(ledger) => after.ledger = ledger,
            Err(fault) if self.options.standing_is_fine && fault.kind == FaultKind::NotCompensated => {}
            Err(fault) => outcome.blame(fault.at(before.instance)),
        }
        judge(saga, &mut after, &mut outcome);
        self.note_states(&before, &after, &mut outcome);
        match self.locals.intern(after) {
            Ok(after) => outcome.local = Some(after),
            Err(error) => {
                outcome.blame(Fault::new(FaultKind::Unreadable, error.to_string()).at(before.instance))
            }
        }
        self.route(emitted, &mut outcome);
        outcome
    }

    fn is_wrong(&self, dead: &SetAside) -> bool {
        !(self.options.unexpected_is_fine && dead.reason == Reason::Unexpected)
    }

    fn note_states(&self, before: &Local, after: &Local, outcome: &mut Outcome) {
        let (was, is) = (state(&before.found), state(&after.found));
        if was != is {
            outcome.notes.push(format!("now in `{is}`"));
        }
        if let Found::Live(row) = &after.found
            && let Some(why) = &row.parked
        {
            outcome.notes.push(format!("parked: {why}"));
        }
    }

    /// Sends what was emitted on its way.
    fn route(&mut self, emitted: Vec<Emission>, outcome: &mut Outcome) {
        for Emission { to, envelope } in emitted {
            let takers = match &to {
                Outlet::Subscribers => self.parts.subscribers(&envelope.name),
                Outlet::Queue(queue) if **queue == *CALLER => {
                    outcome
                        .answered
                        .extend(envelope.in_reply_to.and_then(|id| self.inputs.copy_of(id)));
                    Vec::new()
                }
                Outlet::Queue(queue) => match self.taker_behind(queue, &envelope) {
                    Some(taker) => vec![taker],
                    None => {
                        let text = format!("nothing at `{queue}` takes `{}`", envelope.name);
                        outcome.blame(Fault::new(FaultKind::DeadLetter(Reason::UnknownType), text));
                        Vec::new()
                    }
                },
            };
            let party: Arc<str> = match &to {
                Outlet::Queue(queue) => Arc::clone(queue),
                Outlet::Subscribers => "subscribers".into(),
            };
            outcome.emitted.push((party, Arc::clone(&envelope)));
            for taker in takers {
                self.fly_to(taker, &envelope, outcome);
            }
        }
    }

    fn taker_behind(&self, queue: &str, envelope: &Envelope) -> Option<Taker> {
        match &envelope.to {
            Some(to) => {
                let saga = self.parts.saga_named(&to.saga)?;
                (*self.parts.sagas[saga].replies == *queue).then_some(Taker::Saga(saga))
            }
            None => self.parts.taker(queue, &envelope.name),
        }
    }

    fn fly_to(&mut self, taker: Taker, envelope: &Arc<Envelope>, outcome: &mut Outcome) {
        match self.take_off(taker, envelope) {
            Ok(flight) => outcome.sent.extend(flight),
            Err(why) => outcome.blame(Fault::new(FaultKind::DeadLetter(Reason::HandlerFailed), why)),
        }
    }

    fn id_of(&self, known: &Known) -> InstanceId {
        self.locals.instances[usize::from(known.local.instance)].clone()
    }
}

impl<'p> World<'p> {
    fn saga_of(&self, id: &InstanceId) -> &'p SagaPart {
        let parts = self.parts;
        let saga = parts.saga_named(&id.saga).unwrap_or_default();
        &parts.sagas[saga]
    }
}

impl Outcome {
    fn nothing(cause: Arc<Envelope>) -> Self {
        Self {
            local: None,
            sent: Vec::new(),
            again: None,
            answered: Vec::new(),
            fault: None,
            cause,
            emitted: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn wrong(cause: Arc<Envelope>, fault: Fault) -> Self {
        let mut outcome = Self::nothing(cause);
        outcome.blame(fault);
        outcome
    }

    /// The first thing that is wrong is the one that is told.
    fn blame(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

/// The commands that senders wait for who are never answered now that the instance has ended.
fn unanswered(saga: &SagaPart, before: &Found, cause: &Envelope, sent: &[Arc<Envelope>]) -> Vec<Arc<str>> {
    let book = match before {
        Found::Live(row) => crate::engine::Book::read(&row.book).unwrap_or_default(),
        Found::Absent | Found::Finished(_) => crate::engine::Book::default(),
    };
    let waiting = book
        .waiting
        .into_iter()
        .map(|waiting| (waiting.request, waiting.command));
    let own = (cause.reply_to.is_some() && saga.engine.answers(&cause.name))
        .then(|| (cause.id, Arc::clone(&cause.name)));
    let is_answered = |request: MessageId| sent.iter().any(|sent| sent.in_reply_to == Some(request));
    let all = waiting.chain(own).filter(|(request, _)| !is_answered(*request));
    all.map(|(_, command)| command).collect()
}

fn noted(saga: &SagaPart, before: &Arc<History>, cause: &Envelope, sent: &[Arc<Envelope>]) -> Arc<History> {
    if saga.properties.is_empty() {
        return Arc::clone(before);
    }
    let mut history = History::clone(before);
    if counts(cause.kind, &cause.name) {
        history.note(Part::Received, &cause.name);
    }
    for sent in sent {
        history.note(Part::Emitted, &sent.name);
    }
    Arc::new(history)
}

/// Asks the user's properties.
fn judge(saga: &SagaPart, after: &mut Local, outcome: &mut Outcome) {
    for (nth, property) in saga.properties.iter().enumerate() {
        let holds = property.holds(&after.found, &after.history);
        if property.is_broken(holds) {
            outcome.blame(Fault::new(FaultKind::Property, property.said()).at(after.instance));
        }
        if property.mode == Mode::Eventually && holds {
            after.held |= 1 << (nth % 64);
        }
    }
}

pub(in crate::testing) fn state(found: &Found) -> &str {
    match found {
        Found::Absent => "absent",
        Found::Live(row) => &row.state,
        Found::Finished(_) => "end",
    }
}
