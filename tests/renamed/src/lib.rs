//! Everything the macros write, in a crate that knows `saga-runtime` by another name.

use saga_rt::prelude::*;

/// Where greetings are answered.
#[derive(Endpoint)]
pub struct Reception;

/// Says hello.
#[derive(Command, Serialize, Deserialize)]
#[command(to = Reception, replies(Greeted))]
pub struct Greet {
    /// Whom.
    pub name: String,
}

/// Says hello back.
#[derive(Reply, Serialize, Deserialize)]
pub struct Greeted;

/// Somebody came.
#[derive(Event, Serialize, Deserialize)]
pub struct Arrived {
    /// Who.
    pub name: String,
}

/// Answers greetings.
pub struct Desk;

#[service(at = Reception)]
impl Desk {
    #[on(Greet -> publish Arrived)]
    async fn greet(&self, greet: Greet) -> (GreetReply, Arrived) {
        (Greeted.into(), Arrived { name: greet.name })
    }
}

saga_rt::system! { pub Hotel { Desk } accepts(Greet) }

#[test]
fn macros_find_a_renamed_runtime() {
    use saga_rt::system::System;
    assert_eq!(
        (Hotel::NAME, Hotel::PARTS.len(), Hotel::ACCEPTS.len()),
        ("Hotel", 1, 1)
    );
}
