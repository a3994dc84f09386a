//! A saga, as the runtime sees it: its definition as data and its handlers by clause.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec::Codec, definition::Definition, effects::Effects, error::HandlerError, input::Input, key::Key,
    message::Endpoint,
};

/// A state machine instance per correlation key, driven by messages.
///
/// `#[saga]` writes this implementation; `examples/without_macro` shows it written by hand. The runtime decides
/// from [`DEFINITION`](Self::DEFINITION) which clause a message sets off, and then asks for that clause to be run.
/// Handlers are pure: the same saga, input and context give the same effects, so that a lost race is run again unseen.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a saga",
    label = "not a saga",
    note = "write `#[saga(by = key_field, at = Endpoint)]` on the struct and `#[saga]` on an `impl {Self}` block"
)]
pub trait Saga: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The endpoint it lives at.
    type Endpoint: Endpoint;

    /// The whole saga as data.
    const DEFINITION: &'static Definition;

    /// The key of a command or event; replies find their instance by the request they answer.
    fn key_of(input: &mut Input<'_>) -> Result<Key, HandlerError>;

    /// Runs a `start` clause, given as an index into [`Definition::clauses`].
    fn start(clause: usize, input: &mut Input<'_>) -> Result<(Self, Effects), HandlerError>;

    /// Runs any other clause of a live instance.
    fn handle(&mut self, clause: usize, input: &mut Input<'_>) -> Result<Effects, HandlerError>;

    /// Runs an `on(.. in end)` clause.
    fn handle_ended(clause: usize, input: &mut Input<'_>) -> Result<Effects, HandlerError>;

    /// Reads data of an older version. Written by `#[saga]` from `upgrade(1 = FulfilmentV1)` on the struct; without it,
    /// refuses.
    fn read_older(version: u32, _: Codec, _: &[u8]) -> Result<Self, HandlerError> {
        let definition = Self::DEFINITION;
        Err(crate::private::no_upgrade(
            definition.name,
            version,
            definition.version,
        ))
    }

    /// When an `at` clause is due, asked after every step; `None` disarms it.
    fn due(&self, clause: usize) -> Option<Timestamp>;
}
