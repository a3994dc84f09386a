//! Searches for the order of events that breaks a system of sagas and services.
//!
//! ```
//! use saga_runtime::{prelude::*, testing::{explore, explore::View}};
//! # #[derive(Endpoint)] pub struct Sales;
//! # #[derive(Endpoint)] pub struct Billing;
//! # #[derive(Command, Serialize, Deserialize)]
//! # #[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
//! # pub struct PlaceOrder { pub order_id: u64, pub total_cents: u64 }
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderConfirmed;
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderRejected;
//! # #[derive(Command, Serialize, Deserialize)]
//! # #[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
//! # pub struct BillOrder { pub order_id: u64, pub total_cents: u64 }
//! # #[derive(Reply, Serialize, Deserialize)] pub struct OrderBilled { pub invoice: u64 }
//! # #[derive(Reply, Serialize, Deserialize)] pub struct BillingDeclined;
//! # #[saga(by = order_id, at = Sales)]
//! # #[derive(Serialize, Deserialize)]
//! # pub struct Fulfilment { order_id: u64 }
//! # #[saga(states(AwaitingBill), ignore(OrderBilled, BillingDeclined in end))]
//! # impl Fulfilment {
//! #     #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
//! #     fn place(order: PlaceOrder) -> (Self, BillOrder) {
//! #         let PlaceOrder { order_id, total_cents } = order;
//! #         (Self { order_id }, BillOrder { order_id, total_cents })
//! #     }
//! #     #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
//! #     fn billed(&mut self, _: OrderBilled) -> OrderConfirmed { OrderConfirmed }
//! #     #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
//! #     fn declined(&mut self, _: BillingDeclined) -> OrderRejected { OrderRejected }
//! #     #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
//! #     fn late(&mut self) -> OrderRejected { OrderRejected }
//! # }
//!
//! let explored = explore()
//!     .saga::<Fulfilment>()
//!     .request(PlaceOrder { order_id: 7, total_cents: 4_200 })
//!     .repeats(1)
//!     .never("told yes and no", |order: &View<'_, Fulfilment>| {
//!         order.replied::<OrderConfirmed>() > 0 && order.replied::<OrderRejected>() > 0
//!     })
//!     .check(); // fails with the shortest way to what is wrong
//! println!("{explored}"); // 61 states, .. everything that can happen
//! ```
//!
//! # What can happen
//!
//! - Every input comes at any moment, once, and again as often as [`repeats`](Explorer::repeats) says: under a new id,
//!   from a sender who does not know what became of it. What is marked [`perhaps`](Explorer::perhaps) may never come: a
//!   cancellation, say. Inputs for one key, of one saga or of several, are mixed in every order.
//! - Messages reach their instances in any order.
//! - A command that no [`service`](Explorer::service) here takes is answered with each reply that it declares, at any
//!   moment; with [`silence`](Explorer::silence), also never.
//! - A timer fires at any moment, before or after anything else, but never ahead of a message that was accepted before
//!   it was due. An instance's timers fire in their order.
//! - The process dies before each commit: nothing happened, and the message is delivered again. This leads back to where
//!   it was and needs no state of its own, but the handler, of a saga or a [`service`](Explorer::service), is run a
//!   second time at every step that is looked at, and has to do the same.
//! - The process dies after each commit: the effects are there, the acknowledgement is lost, and the message comes again
//!   under its old id, at once or at any later moment, when the store recognises it. As many may be on their way again
//!   at once as [`crashes`](Explorer::crashes) says, one unless said otherwise; how often processes die has no bound. A
//!   timer is no message: what its commit stored does not arm it any more.
//! - After either, the instance is what was stored. Every step begins with that.
//!
//! Not looked at: times that lie between the due times of timers, deliveries beyond the retention, and services with a
//! memory of their own.
//!
//! # What must hold
//!
//! - No message becomes a dead letter.
//! - Every instance reaches `end`, unless its saga is `endless`; and from everywhere, an end can still be reached.
//! - Whoever asks is answered, and once. In a saga that the macro wrote the compiler sees to that (rule S105), and the
//!   explorer holds it of services and of what was written by hand.
//! - Each completed step is either kept or compensated, exactly once. A step is completed by the reply that a
//!   `#[compensate(..)]` names. It is compensated when that clause's command is sent, by the runtime or by hand, and must
//!   not be twice. It must be, when the process ends compensated, or when whoever started it was told by one of the
//!   `refusals(..)` of their command, which say that there is nothing to undo. It must not have been, by the runtime,
//!   when they are told by one of its `replies(..)` that all is done. Past `settled(..)` it is kept.
//! - A handler does the same when it is run again, and what is stored can be read.
//! - What the user says [`always`](Explorer::always), [`never`](Explorer::never) and
//!   [`eventually`](Explorer::eventually).
//!
//! # How it is made small
//!
//! The engine is the one that the bus runs. What a step does to an instance is worked out once and remembered. States
//! that differ only in ids and in how late it is are one, and so are states that differ in which message comes again. A
//! service's answer and its arrival are one step, since nothing can tell them apart. Inputs are explored apart where
//! nothing that follows from one can reach an instance that anything that follows from another reaches: in whatever order
//! their steps are mixed, they come to the same. Two states are told apart by a hash of 64 bits: of ten million states,
//! two share one with a chance of about one in 370,000.

mod canonical;
mod fault;
mod fingerprint;
mod flights;
pub(super) mod group;
mod history;
pub(super) mod input;
mod ledger;
mod liveness;
mod local;
mod options;
pub(super) mod outcome;
pub(super) mod parts;
mod property;
mod replay;
mod report;
mod search;
#[cfg(test)]
mod tests;
mod values;
mod world;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use self::{
    group::takers,
    input::{CALLER, Input, Inputs},
    options::Options,
    parts::{Answer, Parts, SagaPart, ServicePart, Taker},
    property::{Mode, Property},
    search::Search,
    world::World,
};
use crate::{
    codec::{Codec, Payload},
    engine::{Engine, Erased},
    envelope::{Address, Envelope, MessageId},
    input::Input as HandlerInput,
    limits::Limits,
    message::{Command, Event, Incoming, MessageInfo, Replies, Reply},
    saga::Saga,
    service::Service,
};

pub use fault::FaultKind;
pub use property::View;
pub use report::{Explored, Violation};

/// When every exploration begins: 2027-01-15T08:00:00Z.
const BEGINNING_S: i64 = 1_800_000_000;

/// Begins an exploration. See the [module](mod@self).
pub fn explore() -> Explorer {
    Explorer {
        parts: Parts::default(),
        inputs: Vec::new(),
        options: Options::default(),
        limits: Limits::default(),
    }
}

/// An exploration that is being put together.
#[must_use = "nothing is explored until `check` or `run`"]
pub struct Explorer {
    parts: Parts,
    inputs: Vec<Input>,
    options: Options,
    limits: Limits,
}

/// What it is made of.
impl Explorer {
    /// A saga of the system.
    pub fn saga<S: Saga>(mut self) -> Self {
        let engine = Engine::new(Erased::<S>::new(), Codec::Json, self.limits.clone());
        let name = std::any::type_name::<S>();
        let ty = name.rsplit("::").next().unwrap_or(name);
        self.parts.sagas.push(SagaPart::new(engine, ty));
        self
    }

    /// A service whose own handlers are run. They have to be functions of the message alone: they are run as often and
    /// in whatever order the search wants, on this thread.
    ///
    /// A command that no service here takes is answered with each reply that it declares.
    pub fn service<S: Service>(mut self, service: S) -> Self {
        let handler = move |handler, context: &crate::Context| {
            let input = HandlerInput::new(context, &context.envelope);
            super::finish(service.handle(handler, input)).map_err(|error| error.to_string())
        };
        self.parts.services.push(ServicePart {
            definition: S::DEFINITION,
            handler: Box::new(handler),
        });
        self
    }

    /// What a reply of this type looks like, where a command is answered with what it declares. Given more than once,
    /// each is tried. Replies whose fields are plain (none, numbers, texts, options, lists) need no value.
    #[track_caller]
    pub fn reply<R: Reply>(mut self, reply: R) -> Self {
        let body = written(Payload::of(&reply, Codec::Json)).body;
        let answer = Answer { info: R::INFO, body };
        self.parts.values.entry(R::INFO.name).or_default().push(answer);
        self
    }

    /// The answers that a command may be given, from the command itself.
    pub fn answers<C: Command>(mut self, answers: impl Fn(&C) -> Vec<C::Reply> + 'static) -> Self {
        let generator = move |command: &Envelope| {
            let command = C::read(command)?;
            let each = answers(&command).into_iter().map(|answer| {
                let Payload { info, body, .. } = answer.payload(Codec::Json)?;
                Ok(Answer { info, body })
            });
            each.collect()
        };
        self.parts.generators.insert(C::INFO.name, Box::new(generator));
        self
    }
}

impl Explorer {
    /// What it is made of, and what comes from outside.
    #[track_caller]
    pub(super) fn into_parts(self) -> (Parts, Vec<Input>) {
        let faults = set_up_faults(&self.parts, &self.inputs);
        assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
        (self.parts, self.inputs)
    }
}

/// What comes from outside.
impl Explorer {
    /// A command comes, at any moment, whose sender waits for the answer.
    #[track_caller]
    pub fn request<C: Command>(self, command: C) -> Self {
        let reply_to = Address {
            queue: CALLER.into(),
            instance: None,
        };
        self.input(Payload::of(&command, Codec::Json), Some(reply_to))
    }

    /// A command comes, at any moment, whose sender awaits no answer.
    #[track_caller]
    pub fn send<C: Command>(self, command: C) -> Self {
        self.input(Payload::of(&command, Codec::Json), None)
    }

    /// An event comes, at any moment.
    #[track_caller]
    pub fn publish<E: Event>(self, event: E) -> Self {
        self.input(Payload::of(&event, Codec::Json), None)
    }

    /// What was given last may also never come.
    pub fn perhaps(mut self) -> Self {
        if let Some(last) = self.inputs.last_mut() {
            last.optional = true;
        }
        self
    }

    #[track_caller]
    fn input(mut self, payload: Result<Payload, crate::HandlerError>, reply_to: Option<Address>) -> Self {
        let payload = written(payload);
        let info: &'static MessageInfo = payload.info;
        let id = MessageId(uuid::Uuid::nil());
        let envelope = Envelope {
            id,
            kind: info.kind,
            name: info.name.into(),
            version: info.version,
            content_type: Codec::Json,
            created_at: beginning(),
            conversation: id,
            caused_by: None,
            reply_to: reply_to.filter(|_| info.wants_reply()),
            in_reply_to: None,
            to: None,
            traceparent: None,
            headers: BTreeMap::new(),
            body: payload.body,
        };
        self.inputs.push(Input {
            envelope: Arc::new(envelope),
            endpoint: info.endpoint,
            optional: false,
        });
        self
    }
}

/// What has to hold.
impl Explorer {
    /// In every state of every instance of the saga, this is so.
    pub fn always<S: Saga>(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, S>) -> bool + 'static,
    ) -> Self {
        self.property::<S>(Property::new(name, Mode::Always, holds))
    }

    /// In no state of any instance of the saga, this is so.
    pub fn never<S: Saga>(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, S>) -> bool + 'static,
    ) -> Self {
        self.property::<S>(Property::new(name, Mode::Never, holds))
    }

    /// For every instance of the saga, this was so at some time when nothing more happens.
    pub fn eventually<S: Saga>(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, S>) -> bool + 'static,
    ) -> Self {
        self.property::<S>(Property::new(name, Mode::Eventually, holds))
    }

    fn property<S: Saga>(mut self, property: Property) -> Self {
        let sagas = &mut self.parts.sagas;
        if let Some(saga) = sagas
            .iter_mut()
            .find(|saga| saga.definition().name == S::DEFINITION.name)
        {
            saga.properties.push(property);
        }
        self
    }
}

/// How far to look.
impl Explorer {
    /// Each input may come again so often, at any moment: from a sender who does not know what became of it.
    pub fn repeats(mut self, times: usize) -> Self {
        self.options.repeats = times;
        self
    }

    /// So many messages may be on their way again at once, because a process died between the commit of what they led to
    /// and their acknowledgement: 1 unless said otherwise. How often processes die has no bound.
    pub fn crashes(mut self, at_once: usize) -> Self {
        self.options.crashes = at_once;
        self
    }

    /// A command to a service that is not here may stay unanswered for ever.
    pub fn silence(mut self) -> Self {
        self.options.silence = true;
        self
    }

    /// A person has the parked compensation of an instance go on, at any moment, up to so many times.
    pub fn retries_parked(mut self, times: u8) -> Self {
        self.options.retries_parked = times;
        self
    }

    /// An instance whose compensation is parked for a person is no fault.
    pub fn allows_parked(mut self) -> Self {
        self.options.parked_is_fine = true;
        self
    }

    /// A completed step that stands although the process was compensated, or refused to whoever started it, is no fault:
    /// its undo may well send nothing, `#[compensate(Reserved -> send Release?)]`.
    pub fn allows_standing(mut self) -> Self {
        self.options.standing_is_fine = true;
        self
    }

    /// What `unexpected(..)` sets aside is no fault.
    pub fn allows_unexpected(mut self) -> Self {
        self.options.unexpected_is_fine = true;
        self
    }

    /// Mixes what happens to instances that share nothing, too.
    pub fn together(mut self) -> Self {
        self.options.together = true;
        self
    }

    /// Keeps at most so many states: 2,000,000 unless said otherwise. Each takes some 60 bytes, and each step between two
    /// of them 12 more; the four orders of the bench, with eleven steps from each state, some 200 bytes a state. When the
    /// bound is hit, [`Explored`] says so and up to how many steps every way was looked at, and [`check`](Self::check)
    /// fails.
    pub fn at_most_states(mut self, states: usize) -> Self {
        self.options.most_states = states;
        self
    }

    /// Fails unless everything that can happen was looked at and nothing was wrong.
    ///
    /// # Panics
    /// If something is wrong, with the shortest way to it; if the bound on states was hit; if the set-up contradicts
    /// itself.
    #[track_caller]
    pub fn check(self) -> Explored {
        let explored = self.run();
        if explored.violation().is_some() || !explored.is_complete() {
            panic!("\n{explored}\n");
        }
        explored
    }

    /// Looks, and says what was found.
    ///
    /// # Panics
    /// If the set-up contradicts itself: an input that nothing takes, a reply whose value cannot be told.
    #[track_caller]
    pub fn run(self) -> Explored {
        let Self {
            parts,
            inputs,
            options,
            ..
        } = self;
        let faults = set_up_faults(&parts, &inputs);
        assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
        if !options.together {
            let groups = group::groups(&parts, &inputs);
            let (explored, apart) = explore_groups(&parts, &options, &groups);
            if apart || groups.len() < 2 {
                return explored;
            }
        }
        explore_groups(&parts, &options, &[inputs.iter().collect()]).0
    }
}

/// Explores each group by itself; whether what was found holds for all of them side by side.
fn explore_groups(parts: &Parts, options: &Options, groups: &[Vec<&Input>]) -> (Explored, bool) {
    let mut explored = Explored::new();
    let talks = group::talk(parts);
    let mut met = HashSet::new();
    let mut apart = true;
    for group in groups {
        let copies = Inputs::new(group, options.repeats, beginning());
        let mut world = World::new(parts, options, copies, talks);
        world.find_instances();
        let searched = Search::new(&mut world).run();
        if !explored.add(&mut world, searched) {
            // Where groups may meet, only a mistake that no other input can mend is one already.
            let kind = explored.violation().map(Violation::kind);
            return (explored, !talks || kind.is_none_or(FaultKind::is_past_mending));
        }
        // What sagas say to each other may bring two groups together in an instance that no input names.
        for id in &world.locals.instances {
            apart &= met.insert(id.clone());
        }
    }
    (explored, apart)
}

pub(super) fn beginning() -> Timestamp {
    Timestamp::from_second(BEGINNING_S).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[track_caller]
fn written(payload: Result<Payload, crate::HandlerError>) -> Payload {
    match payload {
        Ok(payload) => payload,
        Err(error) => panic!("{error}"),
    }
}

/// Everything that is wrong with the set-up, in words.
fn set_up_faults(parts: &Parts, inputs: &[Input]) -> Vec<String> {
    let mut faults = Vec::new();
    for input in inputs {
        let name = &input.envelope.name;
        let takers = takers(parts, input);
        if takers.is_empty() || takers.contains(&Taker::Declared) {
            faults.push(format!(
                "nothing takes `{name}`: add its saga, `.saga::<..>()`, or its service"
            ));
        }
        for taker in takers {
            if let Taker::Saga(saga) = taker
                && let Err(failure) = parts.sagas[saga].engine.instance_of(&input.envelope)
            {
                faults.push(format!("`{name}` has no key: {}", failure.detail));
            }
        }
    }
    faults.extend(parts.missing_values());
    faults
}
