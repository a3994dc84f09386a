//! What the derives of the contracts name: the variants of a reply enum, one by one.

use std::fmt;

use crate::{
    codec::{Codec, Payload},
    envelope::Envelope,
    error::HandlerError,
    message::{Command, Endpoint, Incoming, Message, MessageInfo, Replies, Reply, ReplyInfo},
};

/// The `N`th variant of a reply enum. Everything else about a reply goes through this one trait, so that a type which
/// is no reply is reported once, where the author wrote it.
pub trait Variant<const N: usize>: Replies {
    /// The reply it holds.
    type Message: Reply;

    /// The variant, around the reply.
    fn wrap(message: Self::Message) -> Self;
}

/// The endpoint of a command whose own could not be made out, so that this mistake has no others in its wake.
#[doc(hidden)]
pub enum Nowhere {}

impl Endpoint for Nowhere {
    const NAME: &'static str = "";
}

/// The name of the endpoint of `C`.
pub const fn endpoint_of<C: Command>() -> &'static str {
    C::Endpoint::NAME
}

/// The `N`th declared answer, as data.
pub const fn reply_info<R: Variant<N>, const N: usize>(refusal: bool) -> ReplyInfo {
    ReplyInfo {
        message: R::Message::INFO,
        refusal,
    }
}

/// The `N`th declared answer's message, as data.
pub const fn reply_message<R: Variant<N>, const N: usize>() -> &'static MessageInfo {
    R::Message::INFO
}

/// Reads the reply if it is the `N`th; `None` if it is another.
pub fn read_variant<R: Variant<N>, const N: usize>(envelope: &Envelope) -> Result<Option<R>, HandlerError> {
    if *envelope.name != *R::Message::INFO.name {
        return Ok(None);
    }
    R::Message::read(envelope).map(|message| Some(R::wrap(message)))
}

/// Writes the reply that the `N`th variant holds.
pub fn variant_payload<R: Variant<N>, const N: usize>(
    message: &R::Message,
    codec: Codec,
) -> Result<Payload, HandlerError> {
    Payload::of(message, codec)
}

/// No variant of the reply enum of `C` took the envelope.
pub fn not_an_answer<C: Command, R>(envelope: &Envelope) -> Result<R, HandlerError> {
    Err(HandlerError::new(format!(
        "`{}` is not among the answers to `{}`",
        envelope.name,
        C::INFO.name
    )))
}

/// Shows a value if it can be shown, so that reply enums print whatever their replies allow without asking for it:
/// method resolution prefers [`Shown`] where the value implements `Debug`, and finds [`Hidden`] where it does not.
pub struct Show<'a, T>(pub &'a T);

/// See [`Show`].
pub trait Shown {
    /// The value's own `Debug`.
    fn show(&self, variant: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T: fmt::Debug> Shown for Show<'_, T> {
    fn show(&self, variant: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(variant).field(self.0).finish()
    }
}

/// See [`Show`].
pub trait Hidden {
    /// The variant's name alone.
    fn show(&self, variant: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T> Hidden for &Show<'_, T> {
    fn show(&self, variant: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(variant).field(&format_args!("..")).finish()
    }
}
