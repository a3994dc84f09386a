//! What can happen next, and what comes of it: the rules by which the bus delivers, on the engine that it runs.
//!
//! A configuration is a row of numbers: which inputs were given, in which state each instance is, which messages are on
//! their way. What one step does to one instance is worked out once and remembered, however often it comes up again in
//! another order of things.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    fault::Fault,
    flights::{FlightId, Flights, To},
    input::{Copy, Input, Inputs},
    local::{InstanceIndex, LocalId, Locals, Standing},
    options::Options,
    parts::{Answer, Parts, Taker},
};
use crate::{
    envelope::{Envelope, MessageId},
    hash::HashMap,
};

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Move {
    /// An input is given, for the first time or again.
    Give(u16),
    /// A message reaches its instance.
    Deliver(FlightId),
    /// A message has waited for its instance as long as it may.
    Expire(FlightId),
    /// A command is answered with the nth of its answers, and the answer reaches whoever asked.
    Answer(FlightId, u16),
    /// A command is never answered.
    Silence(FlightId),
    /// A message reaches a service of the user's.
    Serve(FlightId),
    /// The next timer of an instance fires.
    Fire(InstanceIndex),
    /// A person has a parked compensation go on.
    Retry(InstanceIndex),
    /// A message that had its effect comes again, since nobody lived to acknowledge it.
    Again(FlightId),
}

/// A move, and whether the process dies between its commit and its acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) mv: Move,
    pub(super) dies: bool,
}

impl From<Move> for Step {
    fn from(mv: Move) -> Self {
        Self { mv, dies: false }
    }
}

/// What came of a move.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The instance as it is afterwards, where the move was about one.
    pub(super) local: Option<LocalId>,
    /// Messages that are now on their way.
    pub(super) sent: Vec<FlightId>,
    /// What comes again if the process dies before it acknowledges it.
    pub(super) again: Option<FlightId>,
    /// Senders outside that were answered.
    pub(super) answered: Vec<u16>,
    pub(super) fault: Option<Fault>,
    /// What led to it.
    pub(super) cause: Arc<Envelope>,
    /// What was emitted, and to whom, for the chart.
    pub(super) emitted: Vec<(Arc<str>, Arc<Envelope>)>,
    /// What else is to be said of it.
    pub(super) notes: Vec<String>,
}

/// The parts of a configuration: see [`Layout`].
pub(super) type Config = [u32];

/// Where in a configuration what stands: inputs, number of instances, instances, messages on their way, and those that
/// are on their way again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) inputs: usize,
}

impl Layout {
    pub(super) fn inputs(self, config: &Config) -> &[u32] {
        &config[..self.inputs]
    }

    pub(super) fn locals(self, config: &Config) -> &[u32] {
        &config[self.inputs + 1..self.flights_at(config)]
    }

    pub(super) fn flights(self, config: &Config) -> &[u32] {
        &config[self.flights_at(config)..self.again_at(config)]
    }

    /// Messages that had their effect and come again, marked.
    pub(super) fn again(self, config: &Config) -> &[u32] {
        &config[self.again_at(config)..]
    }

    fn again_at(self, config: &Config) -> usize {
        let on_their_way = &config[self.flights_at(config)..];
        config.len()
            - on_their_way
                .iter()
                .rev()
                .take_while(|&&flight| flight & AGAIN != 0)
                .count()
    }

    fn flights_at(self, config: &Config) -> usize {
        self.inputs + 1 + config[self.inputs] as usize
    }
}

/// An input that was not given yet.
pub(super) const NOT_GIVEN: u32 = 0;
/// An input that was given and is not answered.
pub(super) const GIVEN: u32 = 1;
/// An input that was given and answered.
pub(super) const ANSWERED: u32 = 2;

/// Marks a message that had its effect and is on its way again.
const AGAIN: u32 = 1 << 31;
/// The most steps shown of a process that goes round.
const MANY_ROUNDS: usize = 32;

/// Everything that is known while a group is explored.
pub(super) struct World<'p> {
    pub(super) parts: &'p Parts,
    pub(super) options: &'p Options,
    pub(super) inputs: Inputs,
    pub(super) layout: Layout,
    pub(super) locals: Locals,
    pub(super) flights: Flights,
    pub(super) beginning: Timestamp,
    outcomes: Vec<Outcome>,
    known: HashMap<(LocalId, Move), u32>,
    answers: HashMap<FlightId, Arc<[Answer]>>,
    pub(super) numbers: Vec<(MessageId, u64)>,
    /// Sagas of the system talk to each other, so that what time it is for one matters to another.
    pub(super) talks: bool,
}

impl<'p> World<'p> {
    pub(super) fn new(parts: &'p Parts, options: &'p Options, inputs: Inputs, talks: bool) -> Self {
        Self {
            parts,
            options,
            layout: Layout {
                inputs: inputs.copies.len(),
            },
            beginning: inputs.beginning,
            inputs,
            locals: Locals::default(),
            flights: Flights::default(),
            outcomes: Vec::new(),
            known: HashMap::default(),
            answers: HashMap::default(),
            numbers: Vec::new(),
            talks,
        }
    }

    /// Finds the instance of each input that is for one alone.
    pub(super) fn find_instances(&mut self) {
        for copy in 0..self.inputs.copies.len() {
            let Copy {
                envelope, endpoint, ..
            } = self.inputs.copies[copy].clone();
            let input = Input {
                envelope,
                endpoint,
                optional: false,
            };
            let takers = super::group::takers(self.parts, &input);
            if let [Taker::Saga(saga)] = takers[..]
                && let Ok((id, _)) = self.parts.sagas[saga].engine.instance_of(&input.envelope)
            {
                self.inputs.copies[copy].instance = Some(self.locals.instance(&id, self.beginning));
            }
        }
    }

    /// Nothing has happened yet.
    pub(super) fn initial(&self) -> Vec<u32> {
        vec![0; self.layout.inputs + 1]
    }

    /// Everything that can happen in a configuration; `true` beside what may also never happen.
    pub(super) fn moves(&mut self, config: &Config, moves: &mut Vec<(Move, bool)>) {
        moves.clear();
        for copy in 0..self.layout.inputs {
            if config[copy] == NOT_GIVEN && self.inputs.may_come(copy, self.layout.inputs(config)) {
                let number = u16::try_from(copy).unwrap_or(u16::MAX);
                moves.push((Move::Give(number), self.inputs.copies[copy].optional));
            }
        }
        let flights = self.layout.flights(config).to_vec();
        let mut last = None;
        for flight in flights {
            if last.replace(flight) != Some(flight) {
                self.moves_of(config, flight, moves);
            }
        }
        let again = self.layout.again(config).iter();
        moves.extend(again.map(|&flight| (Move::Again(flight & !AGAIN), false)));
        for (instance, &local) in (0..).zip(self.layout.locals(config)) {
            let known = self.locals.get(local);
            if let Some(due) = known.due
                && !self.is_overtaking(config, instance, due)
            {
                moves.push((Move::Fire(instance), false));
            }
            if known.standing == Standing::Parked && known.local.retried < self.options.retries_parked {
                moves.push((Move::Retry(instance), false));
            }
        }
    }

    fn moves_of(&mut self, config: &Config, flight: FlightId, moves: &mut Vec<(Move, bool)>) {
        match self.flights.get(flight).to {
            To::Instance(instance) => {
                let local = self.local(config, instance);
                let absent = self.locals.get(local).standing == Standing::Absent;
                let mv = match absent && !self.starts(flight) {
                    true => Move::Expire(flight),
                    false => Move::Deliver(flight),
                };
                moves.push((mv, false));
            }
            To::Service(_) => moves.push((Move::Serve(flight), false)),
            To::Declared => {
                let answers = self.answers(flight).len();
                let answers = u16::try_from(answers).unwrap_or(u16::MAX);
                moves.extend((0..answers).map(|nth| (Move::Answer(flight, nth), false)));
                if self.options.silence {
                    moves.push((Move::Silence(flight), true));
                }
            }
        }
    }

    fn starts(&self, flight: FlightId) -> bool {
        let flight = self.flights.get(flight);
        let To::Instance(instance) = flight.to else {
            return false;
        };
        let engine = self
            .parts
            .saga_named(&self.locals.instances[usize::from(instance)].saga);
        flight.envelope.to.is_some()
            || engine.is_some_and(|saga| self.parts.sagas[saga].engine.is_starting(&flight.envelope.name))
    }

    /// Whether a timer would fire before a message that came before it was due.
    fn is_overtaking(&self, config: &Config, instance: InstanceIndex, due: Timestamp) -> bool {
        self.layout.flights(config).iter().any(|&flight| {
            let flight = self.flights.get(flight);
            flight.to == To::Instance(instance) && flight.envelope.created_at < due
        })
    }

    pub(super) fn local(&self, config: &Config, instance: InstanceIndex) -> LocalId {
        let known = self.layout.locals(config).get(usize::from(instance)).copied();
        known.unwrap_or_else(|| self.locals.absent(instance))
    }

    /// The answers a command may be given.
    pub(super) fn answers(&mut self, flight: FlightId) -> Arc<[Answer]> {
        if let Some(known) = self.answers.get(&flight) {
            return Arc::clone(known);
        }
        let answers = self.parts.answers(&self.flights.get(flight).envelope);
        let answers: Arc<[Answer]> = answers.unwrap_or_default().into();
        self.answers.insert(flight, Arc::clone(&answers));
        answers
    }

    /// The instance that a move is about.
    pub(super) fn subject(&self, mv: Move) -> Option<InstanceIndex> {
        match mv {
            Move::Give(copy) => self.inputs.copies[usize::from(copy)].instance,
            Move::Deliver(flight) | Move::Expire(flight) => match self.flights.get(flight).to {
                To::Instance(instance) => Some(instance),
                To::Service(_) | To::Declared => None,
            },
            Move::Answer(flight, _) => self.flights.get(flight).asker,
            Move::Silence(_) | Move::Serve(_) | Move::Again(_) => None,
            Move::Fire(instance) | Move::Retry(instance) => Some(instance),
        }
    }

    /// What comes of a move in a configuration.
    pub(super) fn outcome(&mut self, config: &Config, mv: Move) -> u32 {
        let local = self.subject(mv).map(|instance| self.local(config, instance));
        let key = (local.unwrap_or(LocalId::MAX), mv);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let outcome = self.work_out(local, mv);
        let number = u32::try_from(self.outcomes.len()).unwrap_or(u32::MAX);
        self.outcomes.push(outcome);
        self.known.insert(key, number);
        number
    }

    /// How many steps of single instances are remembered.
    pub(super) fn remembered(&self) -> usize {
        self.outcomes.len()
    }

    pub(super) fn outcome_at(&self, number: u32) -> &Outcome {
        &self.outcomes[number as usize]
    }

    /// The configuration after a move; `Err`: what is wrong with it.
    pub(super) fn apply(
        &self,
        config: &Config,
        mv: Move,
        outcome: u32,
        next: &mut Vec<u32>,
    ) -> Result<(), Fault> {
        let outcome = self.outcome_at(outcome);
        next.clear();
        next.extend_from_slice(config);
        if let Move::Give(copy) = mv {
            next[usize::from(copy)] = GIVEN;
        }
        for &copy in &outcome.answered {
            let answered = &mut next[usize::from(copy)];
            if *answered == ANSWERED {
                let name = &self.inputs.copies[usize::from(copy)].envelope.name;
                let text = format!("whoever sent `{name}` is answered a second time");
                let fault = Fault::new(super::FaultKind::AnsweredTwice, text);
                return Err(match self.subject(mv) {
                    Some(instance) => fault.at(instance),
                    None => fault,
                });
            }
            *answered = ANSWERED;
        }
        if let (Some(instance), Some(local)) = (self.subject(mv), outcome.local) {
            self.set_local(next, instance, local);
        }
        self.fly(next, mv, &outcome.sent);
        Ok(())
    }

    /// Lets the message behind an outcome come again, if it was delivered and not too many do; whether it does.
    pub(super) fn come_again(&self, config: &mut Vec<u32>, outcome: u32) -> bool {
        let Some(flight) = self.outcome_at(outcome).again else {
            return false;
        };
        if self.layout.again(config).len() >= self.options.crashes {
            return false;
        }
        let start = self.layout.again_at(config);
        let at = config[start..].partition_point(|&other| other < flight | AGAIN);
        config.insert(start + at, flight | AGAIN);
        true
    }

    fn set_local(&self, config: &mut Vec<u32>, instance: InstanceIndex, local: LocalId) {
        let (at, instance) = (self.layout.inputs, usize::from(instance));
        while config[at] as usize <= instance {
            let new = u16::try_from(config[at]).unwrap_or(u16::MAX);
            let end = at + 1 + config[at] as usize;
            config.insert(end, self.locals.absent(new));
            config[at] += 1;
        }
        config[at + 1 + instance] = local;
    }

    fn fly(&self, config: &mut Vec<u32>, mv: Move, sent: &[FlightId]) {
        let start = self.layout.flights_at(config);
        let landed = match mv {
            Move::Deliver(flight)
            | Move::Expire(flight)
            | Move::Answer(flight, _)
            | Move::Silence(flight)
            | Move::Serve(flight) => Some(flight),
            Move::Again(flight) => Some(flight | AGAIN),
            Move::Give(_) | Move::Fire(_) | Move::Retry(_) => None,
        };
        if let Some(landed) = landed
            && let Ok(at) = config[start..].binary_search(&landed)
        {
            config.remove(start + at);
        }
        for &flight in sent {
            let at = config[start..].partition_point(|&other| other < flight);
            config.insert(start + at, flight);
        }
    }

    /// Goes on from the end of a way until it comes to where it was before, or for long enough to be believed.
    pub(super) fn go_round(&mut self, mut way: Vec<Step>) -> (Vec<Step>, Vec<u32>) {
        let (_, mut config) = self.follow(&way);
        let (mut seen, mut moves, mut next) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..MANY_ROUNDS {
            let fingerprint = self.fingerprint(&config);
            if seen.contains(&fingerprint) {
                break;
            }
            seen.push(fingerprint);
            self.moves(&config, &mut moves);
            let Some(&(mv, _)) = moves.iter().find(|(_, optional)| !optional) else {
                break;
            };
            let outcome = self.outcome(&config, mv);
            if self.apply(&config, mv, outcome, &mut next).is_err() {
                break;
            }
            way.push(mv.into());
            std::mem::swap(&mut config, &mut next);
        }
        (way, config)
    }

    /// The messages that an emission becomes, one for each that takes it.
    pub(super) fn take_off(
        &mut self,
        taker: Taker,
        envelope: &Arc<Envelope>,
    ) -> Result<Option<FlightId>, String> {
        let asker = match &envelope.reply_to {
            Some(reply_to) => reply_to
                .instance
                .as_ref()
                .map(|to| self.instance_at(&to.saga, &to.key)),
            None => None,
        };
        let to = match taker {
            Taker::Saga(saga) => match self.parts.sagas[saga].engine.instance_of(envelope) {
                Ok((id, _)) => To::Instance(self.locals.instance(&id, self.beginning)),
                Err(failure) => return Err(failure.detail),
            },
            Taker::Service(service) => To::Service(service),
            // A command that nobody here takes and nobody awaits the answer to has arrived.
            Taker::Declared if asker.is_none() => return Ok(None),
            Taker::Declared => To::Declared,
        };
        Ok(Some(self.flights.intern(to, asker, envelope)))
    }

    fn instance_at(&mut self, saga: &Arc<str>, key: &Arc<str>) -> InstanceIndex {
        let id = crate::store::InstanceId {
            saga: Arc::clone(saga),
            key: Arc::clone(key),
        };
        self.locals.instance(&id, self.beginning)
    }
}
