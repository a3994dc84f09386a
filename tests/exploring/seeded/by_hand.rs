//! What the compiler refuses in a saga that the macro wrote, written by hand: senders who are told nothing, or twice.

use saga_runtime::{
    definition::{
        Arity, Branch, Clause, Definition, Item, Place, ServiceDefinition, ServiceHandler, Target, Trigger,
    },
    effects::Effects,
    input::Input,
    key::Key,
    message::{FieldInfo, Form, MessageInfo},
    prelude::*,
    service::BoxFuture,
    testing::{explore, explore::FaultKind},
};

use super::{contracts::*, found};

/// Ends when it is told to cancel, and says nothing to whoever booked: S105, had the macro seen it.
#[derive(Serialize, Deserialize)]
struct EndsInSilence {
    trip: u32,
}

const fn message(messages: &'static [&'static MessageInfo]) -> Item {
    let (of, arity) = (None, Arity::One);
    Item { messages, of, arity }
}

const fn to(target: Target) -> Branch {
    Branch {
        label: None,
        effects: &[],
        target: Some(target),
    }
}

impl Saga for EndsInSilence {
    type Endpoint = Desk;

    const DEFINITION: &'static Definition = &Definition {
        name: "EndsInSilence",
        version: 1,
        endpoint: Desk::NAME,
        states: &["Waiting"],
        clauses: &[
            Clause {
                handler: "book",
                trigger: Trigger::Start(message(&[Book::INFO])),
                places: &[],
                branches: &[to(Target::State(0))],
            },
            Clause {
                handler: "cancel",
                trigger: Trigger::On(message(&[Cancel::INFO])),
                places: &[Place::State(0)],
                branches: &[to(Target::End)],
            },
        ],
        exceptions: &[],
        no_timeout: &[0],
        no_undo: &[],
        settled: &[],
        endless: false,
        fields: &[FieldInfo::new("trip", "u32")],
        form: Form::Named,
        upgrades: &[],
        renamed: &[],
        retired: &[],
        key: &[FieldInfo::new("trip", "u32")],
        key_paths: &[],
    };

    fn key_of(input: &mut Input<'_>) -> Result<Key, HandlerError> {
        match input.is::<Book>() {
            true => Key::of(&input.peek::<Book>()?.trip),
            false => Key::of(&input.peek::<Cancel>()?.trip),
        }
    }

    fn start(_: usize, input: &mut Input<'_>) -> Result<(Self, Effects), HandlerError> {
        let trip = input.message::<Book>()?.trip;
        Ok((Self { trip }, Effects::new(input.context())))
    }

    fn handle(&mut self, _: usize, input: &mut Input<'_>) -> Result<Effects, HandlerError> {
        Ok(Effects::new(input.context()))
    }

    fn handle_ended(_: usize, _: &mut Input<'_>) -> Result<Effects, HandlerError> {
        Err(HandlerError::new("no clause of this saga is `in end`"))
    }

    fn due(&self, _: usize) -> Option<Timestamp> {
        None
    }
}

#[test]
fn a_process_that_ends_without_a_word_to_whoever_asked() {
    let explored = explore()
        .saga::<EndsInSilence>()
        .request(Book { trip: 1 })
        .publish(Cancel { trip: 1 })
        .run();
    assert_eq!(found(&explored), FaultKind::Unanswered);
}

/// Takes bookings and answers each so many times.
struct Clerk {
    answers: usize,
}

impl Service for Clerk {
    type Endpoint = Desk;

    const DEFINITION: &'static ServiceDefinition = &ServiceDefinition {
        name: "Clerk",
        endpoint: Desk::NAME,
        handlers: &[ServiceHandler {
            handler: "book",
            message: Book::INFO,
            effects: &[],
        }],
    };

    fn handle<'a>(&'a self, _: usize, input: Input<'a>) -> BoxFuture<'a, Result<Effects, ServiceError>> {
        Box::pin(async move {
            let mut effects = Effects::new(input.context());
            for _ in 0..self.answers {
                effects.reply(&Booked)?;
            }
            Ok(effects)
        })
    }
}

#[test]
fn a_service_that_answers_once_is_fine_twice_is_not_and_never_is_not() {
    let clerk = |answers| explore().service(Clerk { answers }).request(Book { trip: 1 });
    clerk(1).check();
    assert_eq!(found(&clerk(2).run()), FaultKind::AnsweredTwice);
    assert_eq!(found(&clerk(0).run()), FaultKind::Unanswered);
}
