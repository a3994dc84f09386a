//! Message-driven sagas: checked by the compiler, run as fast as the disk.
//!
//! A *saga* is a state machine per correlation key that drives a business process over several services: place an
//! order, bill it, ship it, refund it when it cannot ship. You write its handlers; `#[saga]` turns them into a routing
//! table that the compiler checks for holes; a [`Bus`] runs it on a backend.
//!
//! ```
//! use saga_runtime::{Bus, prelude::*, store::Memory};
//!
//! #[derive(Endpoint)]
//! pub struct Greetings; // the queue "greetings"
//! #[derive(Endpoint)]
//! pub struct Names;
//!
//! #[derive(Command, Serialize, Deserialize)]
//! #[command(to = Greetings, replies(Greeted))]
//! pub struct Greet { pub guest: u64 }
//!
//! #[derive(Reply, Serialize, Deserialize)]
//! pub struct Greeted { pub text: String }
//!
//! #[derive(Command, Serialize, Deserialize)]
//! #[command(to = Names, replies(NameFound))]
//! pub struct FindName { pub guest: u64 }
//!
//! #[derive(Reply, Serialize, Deserialize)]
//! pub struct NameFound { pub name: String }
//!
//! #[saga(by = guest, at = Greetings)]
//! #[derive(Serialize, Deserialize)]
//! pub struct Greeting { guest: u64 }
//!
//! #[saga(states(AwaitingName), ignore(NameFound in end))]
//! impl Greeting {
//!     #[start(Greet -> send FindName => AwaitingName)]
//!     fn greet(greet: Greet) -> (Self, FindName) {
//!         (Self { guest: greet.guest }, FindName { guest: greet.guest })
//!     }
//!
//!     #[on(NameFound in AwaitingName -> reply Greeted => end)]
//!     fn named(&mut self, found: NameFound) -> Greeted {
//!         Greeted { text: format!("Hello, {}", found.name) }
//!     }
//!
//!     #[after(1 min in AwaitingName -> reply Greeted => end)]
//!     fn nameless(&mut self) -> Greeted {
//!         Greeted { text: format!("Hello, guest {}", self.guest) }
//!     }
//! }
//!
//! pub struct Register;
//!
//! #[service(at = Names)]
//! impl Register {
//!     #[on(FindName)]
//!     async fn find(&self, _: FindName) -> FindNameReply {
//!         NameFound { name: "Ada".into() }.into()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = Bus::new(Memory::new()).saga::<Greeting>().service(Register).start().await?;
//! match bus.request(Greet { guest: 7 }).await? {
//!     GreetReply::Greeted(greeted) => assert_eq!(greeted.text, "Hello, Ada"),
//! }
//! bus.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! - The language: the attribute [`saga`](macro@saga) and the derives beside it; [`service`](macro@service) for the
//!   handlers that do I/O; [`system!`] for what belongs together.
//! - Running it: [`Bus`], [`limits`], [`retry`], [`clock`].
//! - Backends: [`store`] and [`transport`], the two seams, each a trait with its contract and a public test suite in
//!   [`testing`].
//! - Looking and repairing: [`inspect`] and [`dead_letter`].
//! - A saga as data: [`definition`]; by hand, without macros: [`Saga`](trait@saga::Saga) and
//!   [`Service`](trait@service::Service).
//!
//! # What is guaranteed
//!
//! A message that was accepted is handled at least once; its effect on saga state, timers and outgoing messages happens
//! exactly once, in one atomic commit. An instance never runs concurrently with itself. Nothing is dropped silently:
//! what no rule covers becomes a [dead letter](dead_letter) with its reason. Killing the process at any instruction loses
//! nothing that the backend's stated [durability](store::Durability) covers. Services do I/O, so they run at least once
//! per message, with a stable [idempotency key](Context::idempotency_key); their effects happen once.

// Generated code names the crate by its own path, here and in doctests too.
#[allow(unused_extern_crates)] // used where the macros are
extern crate self as saga_runtime;

pub mod bus;
pub mod clock;
pub mod codec;
pub mod context;
pub mod dead_letter;
pub mod definition;
pub mod effects;
mod engine;
pub mod envelope;
pub mod error;
mod hash;
pub mod input;
pub mod inspect;
pub mod key;
pub mod limits;
pub mod message;
pub mod retry;
pub mod saga;
pub mod service;
#[doc(hidden)]
pub mod soundness;
pub mod store;
pub mod system;
mod telemetry;
pub mod testing;
#[cfg(any(feature = "nats", feature = "postgres"))]
mod tls;
pub mod transport;
pub mod view;

// Hidden from readers and editors, not from rustc: what is not hidden, it names by its last name alone.
#[cfg_attr(any(doc, rust_analyzer), doc(hidden))]
#[allow(missing_docs)]
pub mod private;
#[cfg_attr(any(doc, rust_analyzer), doc(hidden))]
pub use private::{
    Accepted, Handles, Publishes, Sends, Variant,
    saga::{Answers, Hears},
};

pub use bus::Bus;
pub use context::Context;
pub use error::{Error, ErrorKind, HandlerError, ServiceError};
pub use jiff::Timestamp;
pub use message::{Command, Endpoint, Event, Message, Reply};
pub use saga_macros::{Command, Endpoint, Event, Reply, saga, service, system};

/// Everything a module of sagas and services needs.
pub mod prelude {
    pub use crate::{
        context::Context,
        error::{HandlerError, ServiceError},
        message::{Command, Endpoint, Event, Message, Reply},
        saga::Saga,
        service::Service,
    };
    pub use jiff::Timestamp;
    pub use saga_macros::{
        Command, Endpoint, Event, Reply, after, all, at, compensate, compensated, every, on, saga, service,
        start,
    };
    pub use serde::{Deserialize, Serialize};
}
