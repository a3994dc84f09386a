//! What `#[saga]` names: which messages a saga hears and emits, what its handlers take and return.
//!
//! Every type the author wrote stands in exactly one associated type, where its bound is checked; everything else goes
//! through the functions here. So one wrong type is one error, at the author's own token.

use std::{marker::PhantomData, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    definition::{Arity, Definition, Effect, Item, Place, Retired, Trigger, Verb},
    effects::{Effects, Output},
    error::HandlerError,
    input::Input,
    key::Key,
    message::{Command, Endpoint, Incoming, MessageInfo, MessageKind, Reply},
    private::{Correlated, Declared, KeyedBy, Publishes, Sends},
};

/// A saga as data, which asks nothing of the type: what its data lacks to be a saga's is told once, by `Saga` itself.
pub trait Defined {
    /// What `Saga::DEFINITION` is.
    const AS_DATA: &'static Definition;
}

/// The `N`th message a saga hears. `BY_FIELD`: its key is the field named in `#[saga(by = ..)]`, not one of its own.
pub trait Hears<const N: usize, const BY_FIELD: bool>: Sized {
    /// The message, or the reply enum of a command.
    type Message: Correlated<By: KeyedBy<Self, Self::Message, BY_FIELD>>;
}

/// The `N`th reply a saga gives. What it sends and publishes are [`Sends`] and [`Publishes`].
pub trait Answers<const N: usize> {
    /// The reply.
    type Message: Reply;
}

/// The name of the endpoint a saga lives at.
pub const fn endpoint<S: Declared>() -> &'static str {
    <S::Endpoint as Endpoint>::NAME
}

/// An item of a trigger or an exception, as data.
pub const fn item<S: Hears<N, B>, const N: usize, const B: bool>(
    of: Option<&'static MessageInfo>,
    arity: Arity,
) -> Item {
    Item {
        messages: messages::<S, N, B>(),
        of,
        arity,
    }
}

/// The messages the `N`th is read from.
pub const fn messages<S: Hears<N, B>, const N: usize, const B: bool>() -> &'static [&'static MessageInfo] {
    <S::Message as Incoming>::MESSAGES
}

/// The messages of a type named in `no_undo(..)`.
pub const fn messages_of<M: Incoming>() -> &'static [&'static MessageInfo] {
    M::MESSAGES
}

/// The command named behind `of` or `to`, as data.
pub const fn command<C: Command>() -> Option<&'static MessageInfo> {
    Some(C::INFO)
}

/// The message of `by(M = path)`, as data.
pub const fn message_of<M: crate::message::Message>() -> &'static MessageInfo {
    M::INFO
}

/// `retired(send C in S)`, as data.
pub const fn retired<C: Command>(places: &'static [Place]) -> Retired {
    Retired::Send {
        command: C::INFO,
        places,
    }
}

/// A `reply`, as data.
pub const fn answers<S: Answers<N>, const N: usize>(
    arity: Arity,
    to: Option<&'static MessageInfo>,
) -> Effect {
    Effect {
        verb: Verb::Reply,
        message: <S::Message as crate::message::Message>::INFO,
        arity,
        to,
    }
}

/// An `after` whose delay is a constant of the author's.
pub const fn after(delay: Duration) -> Trigger {
    Trigger::After(delay)
}

/// An `every` whose delay is a constant of the author's.
pub const fn every(delay: Duration) -> Trigger {
    Trigger::Every(delay)
}

/// Whether the input is the `N`th message.
pub fn is<S: Hears<N, B>, const N: usize, const B: bool>(input: &Input<'_>) -> bool {
    input.is::<S::Message>()
}

/// The key of the `N`th message.
pub fn key<S: Hears<N, B>, const N: usize, const B: bool>(
    input: &mut Input<'_>,
) -> Result<Key, HandlerError> {
    <<S::Message as Correlated>::By as KeyedBy<S, S::Message, B>>::key(input)
}

/// What `by(M = path)` leads to, which has to be the saga's key.
#[diagnostic::on_unimplemented(
    message = "S103: the path leads to `{Self}`, but the key of the saga is `{Key}`",
    label = "should be `{Key}`",
    note = "`by(M = path.to.field)` names a field of the same type as the one in `#[saga(by = ..)]` on the struct"
)]
pub trait IsKey<Key> {}

impl<T> IsKey<T> for T {}

/// A key found by the saga's own path.
pub fn written_key<Expected, Found: IsKey<Expected> + Serialize>(
    _: PhantomData<Expected>,
    key: Found,
) -> Result<Key, HandlerError> {
    Key::of(&key)
}

/// The `N`th message, to be asked for its key.
pub fn peek<'a, S: Hears<N, B>, const N: usize, const B: bool>(
    input: &'a mut Input<'_>,
) -> Result<&'a S::Message, HandlerError>
where
    S::Message: 'a,
{
    input.peek()
}

/// The `N`th message.
pub fn message<S: Hears<N, B>, const N: usize, const B: bool>(
    input: &mut Input<'_>,
) -> Result<S::Message, HandlerError> {
    input.message()
}

/// The command that the replies of a join's item answer, where it is named.
pub fn of(join: &Trigger, item: usize) -> Option<&'static MessageInfo> {
    match join {
        Trigger::All(items) => items.get(item)?.of,
        _ => None,
    }
}

/// The arrival of a join's plain item.
pub fn one<S: Hears<N, B>, const N: usize, const B: bool>(
    input: &Input<'_>,
    of: Option<&MessageInfo>,
) -> Result<S::Message, HandlerError> {
    input.one(of)
}

/// The arrival of a join's `?` item.
pub fn optional<S: Hears<N, B>, const N: usize, const B: bool>(
    input: &Input<'_>,
    of: Option<&MessageInfo>,
) -> Result<Option<S::Message>, HandlerError> {
    input.optional(of)
}

/// The arrivals of a join's `*` item.
pub fn many<S: Hears<N, B>, const N: usize, const B: bool>(
    input: &Input<'_>,
    of: Option<&MessageInfo>,
) -> Result<Vec<S::Message>, HandlerError> {
    input.many(of)
}

/// Sends each of the commands.
pub fn send<S: Sends<0, N>, const N: usize>(
    effects: &mut Effects,
    commands: impl IntoIterator<Item = S::Message>,
) -> Result<(), HandlerError> {
    effects.send_each(commands).map(drop)
}

/// Publishes each of the events.
pub fn publish<S: Publishes<0, N>, const N: usize>(
    effects: &mut Effects,
    events: impl IntoIterator<Item = S::Message>,
) -> Result<(), HandlerError> {
    effects.publish_each(events).map(drop)
}

/// Answers with each of the replies the senders waiting for the command `to`, or for the one that declares the reply.
pub fn reply<S: Answers<N>, const N: usize>(
    effects: &mut Effects,
    replies: impl IntoIterator<Item = S::Message>,
    to: Option<&'static MessageInfo>,
) -> Result<(), HandlerError> {
    for reply in replies {
        let payload = crate::codec::Payload::of(&reply, effects.codec)?;
        effects.outputs.push(Output::Reply { payload, to });
    }
    Ok(())
}

/// The type of a handler's parameter, which has to be `Given`.
#[diagnostic::on_unimplemented(
    message = "S007: the handler takes `{Self}`, but its clause gives it `{Given}`",
    label = "should be `{Given}`",
    note = "a handler takes the messages its clause names, by value and in written order, then `&Context` if it asks"
)]
pub trait TakenAs<Given> {
    /// The same value, under the type the author wrote.
    fn take(given: Given) -> Self;
}

impl<T> TakenAs<T> for T {
    fn take(given: T) -> T {
        given
    }
}

/// The value, as the parameter's type.
pub fn given<Taken: TakenAs<Given>, Given>(given: Given) -> Taken {
    Taken::take(given)
}

/// The return type of a handler, which has to be `Outcome` or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "S107: the handler returns `{Self}`, but its clause says `{Outcome}`",
    label = "should be `{Outcome}` or a `Result` of it",
    note = "a handler returns its effects in written order: nothing, one type or a tuple; `start` begins with `Self`"
)]
pub trait Returns<Outcome> {
    /// The outcome, or why there is none.
    fn into_outcome(self) -> Result<Outcome, HandlerError>;
}

impl<T> Returns<T> for T {
    fn into_outcome(self) -> Result<T, HandlerError> {
        Ok(self)
    }
}

impl<T, E: Into<HandlerError>> Returns<T> for Result<T, E> {
    fn into_outcome(self) -> Result<T, HandlerError> {
        self.map_err(Into::into)
    }
}

/// What the handler returned, as its clause says it.
pub fn outcome<Returned: Returns<Outcome>, Outcome>(returned: Returned) -> Result<Outcome, HandlerError> {
    returned.into_outcome()
}

/// What `#[at(..)]` may name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` says no time",
    label = "expected a `Timestamp` or an `Option<Timestamp>`",
    note = "`#[at(..)]` follows a time in the saga's data; for a delay write `#[after(30 min in ..)]`"
)]
pub trait IntoDue {
    /// The time, or `None` for a timer that is not armed.
    fn due(&self) -> Option<Timestamp>;
}

impl IntoDue for Timestamp {
    fn due(&self) -> Option<Timestamp> {
        Some(*self)
    }
}

impl<T: IntoDue> IntoDue for Option<T> {
    fn due(&self) -> Option<Timestamp> {
        self.as_ref().and_then(T::due)
    }
}

impl<T: IntoDue> IntoDue for &T {
    fn due(&self) -> Option<Timestamp> {
        T::due(self)
    }
}

/// The time that a timer follows.
pub fn due<T: IntoDue>(time: &T) -> Option<Timestamp> {
    time.due()
}

/// The runtime asked for a clause that the saga does not have, or not in this place.
pub fn no_such_clause<T>(clause: usize) -> Result<T, HandlerError> {
    Err(HandlerError::new(format!(
        "the saga has no clause number {clause} here"
    )))
}

/// A saga with mistakes was run: it was compiled with its errors ignored.
pub fn does_not_compile<T>() -> Result<T, HandlerError> {
    Err(HandlerError::new("the saga was compiled with mistakes"))
}

/// Whether every command is sent, every event published and every reply replied.
pub const fn kinds_fit(definition: &Definition) -> bool {
    let mut clause = 0;
    while clause < definition.clauses.len() {
        let branches = definition.clauses[clause].branches;
        let mut branch = 0;
        while branch < branches.len() {
            if !all_fit(branches[branch].effects) {
                return false;
            }
            branch += 1;
        }
        clause += 1;
    }
    true
}

const fn all_fit(effects: &[Effect]) -> bool {
    let mut at = 0;
    while at < effects.len() {
        let fits = matches!(
            (effects[at].verb, effects[at].message.kind),
            (Verb::Send, MessageKind::Command)
                | (Verb::Publish, MessageKind::Event)
                | (Verb::Reply, MessageKind::Reply)
        );
        if !fits {
            return false;
        }
        at += 1;
    }
    true
}

/// Refuses a state that no way leads out of, unless the saga is meant never to end.
#[track_caller]
#[allow(clippy::panic)] // in const evaluation a panic is how to refuse
pub const fn leads_out(endless: bool, mistake: &'static str) {
    if !endless {
        panic!("{}", mistake);
    }
}
