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

/// Remembers who came.
#[saga(by = name, at = Reception)]
#[derive(Serialize, Deserialize)]
pub struct Visit {
    name: String,
}

#[saga(no_timeout(Active), ignore(Arrived in end), ignore(Greeted in end))]
impl Visit {
    #[start(Arrived)]
    fn arrived(arrived: Arrived) -> Self {
        Self { name: arrived.name }
    }

    #[on(Arrived -> send Greet => end)]
    fn came_again(&mut self, _: Arrived) -> Greet {
        Greet {
            name: self.name.clone(),
        }
    }
}

saga_rt::system! { pub Hotel { Desk, Visit } accepts(Greet) }

#[test]
fn macros_find_a_renamed_runtime() {
    use saga_rt::system::System;
    assert_eq!(
        (Hotel::NAME, Hotel::PARTS.len(), Hotel::ACCEPTS.len()),
        ("Hotel", 2, 1)
    );
}
