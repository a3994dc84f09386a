//! How a saga finds the key in a message: fields found by name, types compared by the compiler.
//!
//! ```text
//! derive(Command)   impl FieldOf<PlaceOrder, hash("order_id")> for IsCommand    one per field: Field<..> for PlaceOrder
//!                   impl Message for PlaceOrder { Kind = IsCommand }  Correlated by ByKey; replies, reply enums: ByRequest
//! #[saga] struct    impl Declared for Fulfilment                      and Keyed<M> for every M with that field
//! #[saga] impl      Hears<N> for Fulfilment { Message = PlaceOrder }  one per message named in a clause
//! ```

use serde::Serialize;

use crate::{
    codec::Codec,
    error::HandlerError,
    input::Input,
    key::Key,
    message::{Endpoint, FieldInfo, Form, Incoming, NoReply},
};

/// The field of a message whose name hashes (FNV-1a, 64 bits) to `NAME`. Every message has those that the derives wrote of it.
///
/// The field's type is a parameter: as an associated type it could not be less visible than the message.
pub trait Field<const NAME: u64, Type> {
    /// The field.
    fn get(&self) -> &Type;
}

/// How a message finds its saga instance: [`ByKey`] for commands and events, [`ByRequest`] for replies.
///
/// Every message has it of its kind; written by the derive for the reply enum of every command.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot trigger a handler",
    label = "neither a message nor the reply enum of a command",
    note = "derive `Command`, `Reply` or `Event` for `{Self}`"
)]
pub trait Correlated: Incoming {
    /// [`ByKey`] or [`ByRequest`].
    type By;
}

impl Correlated for NoReply {
    type By = ByRequest;
}

/// Commands and events carry the key in a field.
#[derive(Debug)]
pub enum ByKey {}

/// Replies name the request they answer.
#[derive(Debug)]
pub enum ByRequest {}

/// What `#[saga(by = .., at = ..)]` says on the struct.
#[diagnostic::on_unimplemented(
    message = "S103: `{Self}` has handlers but no correlation key and no endpoint",
    label = "nothing says what identifies an instance",
    note = "write `#[saga(by = key_field, at = Endpoint)]` above `struct {Self}`"
)]
pub trait Declared: Sized + Send + Sync + 'static {
    /// The endpoint it lives at.
    type Endpoint: Endpoint;
    /// `true`.
    const KEYED: bool = true;
    /// The key as borrowed from a message: `&OrderId`, or a tuple of references.
    type Key<'a>: Serialize;
    /// The stored name.
    const NAME: &'static str;
    /// The version of its data.
    const VERSION: u32;
    /// It is meant never to end.
    const ENDLESS: bool;
    /// How the fields make the stored data.
    const FORM: Form;
    /// The fields of its data.
    const FIELDS: &'static [FieldInfo];
    /// The fields of the key.
    const KEY: &'static [FieldInfo];
    /// The older versions of its data that can be read.
    const UPGRADES: &'static [u32];

    /// Reads data of an older version.
    fn read_older(version: u32, codec: Codec, body: &[u8]) -> Result<Self, HandlerError>;
}

/// The saga's key in a message. Written by `#[saga]` on the struct for every message that has the field.
pub trait Keyed<M>: Declared {
    /// The key.
    fn key(message: &M) -> Self::Key<'_>;
}

/// Where the key of `M` comes from, by the kind of message: `ByKey` or `ByRequest`. Without `BY_FIELD` the saga finds
/// it by a path of its own, `by(M = path)`.
pub trait KeyedBy<S, M, const BY_FIELD: bool> {
    /// The key of the message in `input`.
    fn key(input: &mut Input<'_>) -> Result<Key, HandlerError>;
}

impl<S: Keyed<M>, M: Incoming> KeyedBy<S, M, true> for ByKey {
    fn key(input: &mut Input<'_>) -> Result<Key, HandlerError> {
        Key::of(&S::key(input.peek::<M>()?))
    }
}

#[diagnostic::do_not_recommend]
impl<S, M> KeyedBy<S, M, false> for ByKey {
    fn key(input: &mut Input<'_>) -> Result<Key, HandlerError> {
        no_key(input)
    }
}

impl<S, M, const BY_FIELD: bool> KeyedBy<S, M, BY_FIELD> for ByRequest {
    fn key(input: &mut Input<'_>) -> Result<Key, HandlerError> {
        no_key(input)
    }
}

/// The answer for a message in which the saga knows no key.
pub fn no_key(input: &Input<'_>) -> Result<Key, HandlerError> {
    Err(HandlerError::new(format!(
        "`{}` carries no correlation key of this saga",
        input.name()
    )))
}
