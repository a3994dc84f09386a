//! What the derives write of a message in one place, and what follows from it: a type with two kinds has one conflict, and a
//! type without serde one error.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Answer, Answered, ByKey, ByRequest, Correlated, Field, HandledAt};
use crate::{
    codec::Codec,
    error::HandlerError,
    message::{Command, Message, NoReply},
};

/// A kind of message, as it concerns `M`.
pub trait Kind<M> {
    /// [`ByKey`] or [`ByRequest`].
    type By;
    /// The command's reply enum, or [`NoReply`].
    type Answer: Answer;
}

/// A kind of message that can be taken at the endpoint `At`.
#[diagnostic::on_unimplemented(
    message = "S104: `{M}` cannot be handled at `{At}`",
    label = "neither a command addressed to `{At}` nor an event",
    note = "a command is handled at the endpoint it names: `#[command(to = {At})]`; replies go to whoever asked"
)]
pub trait TakenAt<At, M> {}

/// The endpoint to which the command `M` is addressed is `At`.
#[diagnostic::on_unimplemented(
    message = "S104: `{M}` cannot be handled at `{At}`",
    label = "addressed to `{Self}`",
    note = "handle it at `{Self}`, or address it here: `#[command(to = {At})]`"
)]
pub trait Serves<At, M> {}

impl<At, M> Serves<At, M> for At {}

/// The field of a message whose name hashes to `NAME`, by the message's kind. Written by the derives, one per field.
pub trait FieldOf<M, const NAME: u64, Type> {
    /// The field.
    fn get(message: &M) -> &Type;
}

/// The kind of a command.
#[derive(Debug)]
pub enum IsCommand {}

/// The kind of a reply.
#[derive(Debug)]
pub enum IsReply {}

/// The kind of an event.
#[derive(Debug)]
pub enum IsEvent {}

impl<M: Command<Reply: Answer>> Kind<M> for IsCommand {
    type By = ByKey;
    type Answer = M::Reply;
}

impl<M> Kind<M> for IsReply {
    type By = ByRequest;
    type Answer = NoReply;
}

impl<M> Kind<M> for IsEvent {
    type By = ByKey;
    type Answer = NoReply;
}

impl<At, M: Command<Endpoint: Serves<At, M>>> TakenAt<At, M> for IsCommand {}

impl<At, M> TakenAt<At, M> for IsEvent {}

#[diagnostic::do_not_recommend]
impl<M: Message> Correlated for M {
    type By = <M::Kind as Kind<M>>::By;
}

#[diagnostic::do_not_recommend]
impl<M: Message> Answered for M {
    type Answer = <M::Kind as Kind<M>>::Answer;
}

impl<At, M: Message> HandledAt<At> for M where M::Kind: TakenAt<At, M> {}

#[diagnostic::do_not_recommend]
impl<const NAME: u64, Type, M: Message> Field<NAME, Type> for M
where
    M::Kind: FieldOf<M, NAME, Type>,
{
    fn get(&self) -> &Type {
        <M::Kind as FieldOf<M, NAME, Type>>::get(self)
    }
}

/// What serde can both write and read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written and read",
    label = "a message needs serde's `Serialize` and `Deserialize`",
    note = "derive both beside it: `#[derive(.., Serialize, Deserialize)]`"
)]
pub trait WithSerde: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> WithSerde for T {}

/// How a message is written and read.
pub struct Body<M> {
    write: fn(Codec, &str, &M) -> Result<Bytes, HandlerError>,
    read: fn(Codec, &str, &[u8]) -> Result<M, HandlerError>,
}

/// By serde. The one place where it is asked for.
pub const fn body<M: WithSerde>() -> Body<M> {
    Body {
        write: Codec::encode::<M>,
        read: Codec::decode::<M>,
    }
}

impl<M> Body<M> {
    /// Writes a message; `what` names it in the error.
    pub(crate) fn write(&self, codec: Codec, what: &str, message: &M) -> Result<Bytes, HandlerError> {
        (self.write)(codec, what, message)
    }

    /// Reads a message; `what` names it in the error.
    pub(crate) fn read(&self, codec: Codec, what: &str, body: &[u8]) -> Result<M, HandlerError> {
        (self.read)(codec, what, body)
    }
}
