//! Teaches: what `#[saga]` writes for you. The saga of `hello` by hand: its definition as data, and its handlers by clause.
//! The runtime decides from the data which clause a message sets off; a handler only says what it wants done. What you
//! lose is the checking: leave out the exception below, and the compiler has nothing to say.
#![allow(
    unreachable_pub,
    reason = "the contracts are written as the crate they would be in a company"
)]

mod contracts;
mod definition;

use saga_runtime::{
    Bus, Error, definition::Definition, effects::Effects, input::Input, key::Key, prelude::*, store::Memory,
};

use crate::contracts::*;

#[derive(Serialize, Deserialize)]
struct Welcome(String);

impl Saga for Welcome {
    type Endpoint = Accounts;

    const DEFINITION: &'static Definition = definition::DEFINITION;

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
        match Self::DEFINITION.clauses[clause].handler {
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
