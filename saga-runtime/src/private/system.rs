//! What `system!` names: each message it accepts, one by one.

use crate::{
    message::{Command, Message, MessageInfo},
    private::{ByKey, Correlated},
    system::System,
};

/// How a message that whoever is outside may send or publish finds its way: as commands and events do.
#[diagnostic::on_unimplemented(
    message = "a system cannot accept a reply",
    label = "neither a command nor an event",
    note = "replies reach whoever asked, without being named here"
)]
pub trait FromOutside {}

impl FromOutside for ByKey {}

/// The `N`th message in `accepts(..)`. The one place where that is checked.
pub trait Accepted<const N: usize>: System {
    /// The message.
    type Message: Message + Correlated<By: FromOutside>;
}

/// The `N`th message in `accepts(..)`, as data.
pub const fn accepted<S: Accepted<N>, const N: usize>() -> &'static MessageInfo {
    <S::Message as Message>::INFO
}

/// A command in `shared(..)`, as data.
pub const fn shared<C: Command>() -> &'static MessageInfo {
    C::INFO
}
