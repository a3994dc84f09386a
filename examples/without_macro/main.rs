//! Teaches: what `#[saga]` writes for you. The saga of `hello` by hand: its definition as data, and its handlers by clause.
//! The runtime decides from the data which clause a message sets off; a handler only says what it wants done. What you
//! lose is the checking: leave out the exception below, and the compiler has nothing to say.
#![allow(
    unreachable_pub,
    reason = "the contracts are written as the crate they would be in a company"
)]

mod contracts;

use std::time::Duration;

use saga_runtime::{
    Bus, Error,
    definition::{
        Arity, Branch, Clause, Definition, Effect, Exception, Item, Place, Target, Treatment, Trigger, Verb,
    },
    effects::Effects,
    input::Input,
    key::Key,
    message::{FieldInfo, Form, MessageInfo},
    prelude::*,
    store::Memory,
};

use crate::contracts::*;

#[derive(Serialize, Deserialize)]
struct Welcome(String);

const AWAITING_MAIL: Place = Place::State(0);
const CLAUSES: &[Clause] = &[
    Clause {
        handler: "sign_up",
        trigger: Trigger::Start(message(&[SignUp::INFO])),
        places: &[],
        branches: &[branch(&[emits(Verb::Send, SendWelcome::INFO)], Target::State(0))],
    },
    Clause {
        handler: "welcomed",
        trigger: Trigger::On(message(&[WelcomeSent::INFO])),
        places: &[AWAITING_MAIL],
        branches: &[branch(&[emits(Verb::Reply, SignedUp::INFO)], Target::End)],
    },
    Clause {
        handler: "mail_is_late",
        trigger: Trigger::After(Duration::from_secs(3_600)),
        places: &[AWAITING_MAIL],
        branches: &[branch(&[emits(Verb::Reply, MailUnreachable::INFO)], Target::End)],
    },
];

impl Saga for Welcome {
    type Endpoint = Accounts;

    const DEFINITION: &'static Definition = &Definition {
        name: "Welcome",
        version: 1,
        endpoint: Accounts::NAME,
        states: &["AwaitingMail"],
        clauses: CLAUSES,
        exceptions: &[Exception {
            how: Treatment::Ignore,
            item: message(&[WelcomeSent::INFO]),
            places: &[Place::End],
        }],
        no_timeout: &[],
        no_undo: &[],
        settled: &[],
        endless: false,
        fields: &[FieldInfo::new("0", "String")],
        form: Form::Tuple,
        upgrades: &[],
        renamed: &[],
    };

    fn key_of(input: &mut Input<'_>) -> Result<Key, HandlerError> {
        Key::of(&input.peek::<SignUp>()?.0)
    }

    fn start(_sign_up: usize, input: &mut Input<'_>) -> Result<(Self, Effects), HandlerError> {
        let SignUp(email) = input.message()?;
        let mut effects = Effects::new(input.context());
        effects.send(&SendWelcome(email.clone()))?;
        Ok((Self(email), effects))
    }

    fn handle(&mut self, clause: usize, input: &mut Input<'_>) -> Result<Effects, HandlerError> {
        let mut effects = Effects::new(input.context());
        match CLAUSES[clause].handler {
            "welcomed" => effects.reply(&SignedUp(format!("Hello, {}!", self.0)))?,
            _mail_is_late => effects.reply(&MailUnreachable)?,
        };
        Ok(effects)
    }

    fn handle_ended(_: usize, _: &mut Input<'_>) -> Result<Effects, HandlerError> {
        Err(HandlerError::new("no clause of this saga is `in end`"))
    }

    fn due(&self, _: usize) -> Option<Timestamp> {
        None
    }
}

const fn message(messages: &'static [&'static MessageInfo]) -> Item {
    let (of, arity) = (None, Arity::One);
    Item { messages, of, arity }
}

const fn emits(verb: Verb, message: &'static MessageInfo) -> Effect {
    let (arity, to) = (Arity::One, None);
    Effect {
        verb,
        message,
        arity,
        to,
    }
}

const fn branch(effects: &'static [Effect], target: Target) -> Branch {
    let (label, target) = (None, Some(target));
    Branch {
        label,
        effects,
        target,
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let bus = Bus::new(Memory::new())
        .saga::<Welcome>()
        .service(Postman)
        .start()
        .await?;
    match bus.request(SignUp("ada@example.org".into())).await? {
        SignUpReply::SignedUp(SignedUp(greeting)) => println!("{greeting}"),
        SignUpReply::MailUnreachable(_) => println!("no mail gets through"),
    }
    bus.shutdown().await
}
