//! A system: the sagas and services that make up one application, as data, and what it accepts from outside.

use crate::{
    definition::{Definition, ServiceDefinition},
    message::{Message, MessageInfo},
};

/// The sagas and services of one application. Written by [`system!`](macro@crate::system).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a system",
    label = "not a system",
    note = "declare it: `saga_runtime::system! {{ pub {Self} {{ MySaga, MyService }} accepts(MyCommand) }}`"
)]
pub trait System: Send + Sync + 'static {
    /// The system's name, its type's name.
    const NAME: &'static str;

    /// Its sagas and services, in the order written.
    const PARTS: &'static [Part];

    /// What may be sent into it from outside, in the order written.
    const ACCEPTS: &'static [&'static MessageInfo];

    /// The endpoints it sends to that are served elsewhere, in the order written.
    const REMOTE: &'static [&'static str];

    /// The commands with replies that more than one saga sends by intent, in the order written.
    const SHARED: &'static [&'static MessageInfo] = &[];
}

/// A message that may be sent into the system from outside, named in `accepts(..)`.
#[diagnostic::on_unimplemented(
    message = "the system `{Self}` does not accept `{M}`",
    label = "`{M}` is not among what `{Self}` accepts",
    note = "name it in the system's declaration: `system! {{ {Self} {{ .. }} accepts({M}) }}`"
)]
pub trait Accepts<M>: System {}

/// The system that nobody declared: it has no parts of its own, and accepts every message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl System for Open {
    const NAME: &'static str = "Open";
    const PARTS: &'static [Part] = &[];
    const ACCEPTS: &'static [&'static MessageInfo] = &[];
    const REMOTE: &'static [&'static str] = &[];
}

impl<M: Message> Accepts<M> for Open {}

/// What a system is made of. `#[saga]` and `#[service]` write it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a system",
    label = "neither a saga nor a service",
    note = "write `#[saga]` or `#[service(at = Endpoint)]` on an `impl {Self}` block"
)]
pub trait Member {
    /// The saga or service, as data.
    const PART: Part;
}

/// A saga or a service of a system, as data.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A saga.
    Saga(&'static Definition),
    /// A service.
    Service(&'static ServiceDefinition),
}

impl Part {
    /// The stored name of the saga or service.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Saga(saga) => saga.name,
            Self::Service(service) => service.name,
        }
    }

    /// The endpoint it lives at.
    pub const fn endpoint(&self) -> &'static str {
        match self {
            Self::Saga(saga) => saga.endpoint,
            Self::Service(service) => service.endpoint,
        }
    }
}
