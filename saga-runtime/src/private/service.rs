//! What `#[service]` names: who handles what, what a handler returns, what it emits.

use crate::{
    context::Context,
    definition::{Arity, Effect, Verb},
    effects::Effects,
    error::{HandlerError, ServiceError},
    input::Input,
    message::{Command, Endpoint, Event, Message, MessageInfo, NoReply, Replies},
    service::{BoxFuture, Service},
};

/// A message that can be handled at the endpoint `At`: a command addressed to it, or any event.
#[diagnostic::on_unimplemented(
    message = "S104: `{Self}` cannot be handled at `{At}`",
    label = "neither a command addressed to `{At}` nor an event",
    note = "a command is handled at the endpoint it names: `#[command(to = {At})]`; replies go to whoever asked"
)]
pub trait HandledAt<At>: Answered {}

/// How a message is answered by whoever handles it. Known of every message, wherever it is handled, so that a message
/// handled in the wrong place is one mistake and not two.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "not a message",
    note = "derive `Command` or `Event` for `{Self}`"
)]
pub trait Answered {
    /// The command's reply enum, or [`NoReply`].
    type Answer: Answer;
}

/// The `H`th handler of a service takes this message. The one place where that is checked.
pub trait Handles<const H: usize>: Service {
    /// What it takes.
    type Message: HandledAt<Self::Endpoint> + Message;
}

/// The `N`th effect of the `H`th handler sends this command. The one place where that is checked.
pub trait Sends<const H: usize, const N: usize> {
    /// What it sends.
    type Message: Command;
}

/// The `N`th effect of the `H`th handler publishes this event. The one place where that is checked.
pub trait Publishes<const H: usize, const N: usize> {
    /// What it publishes.
    type Message: Event;
}

/// The endpoint of a service, as data.
pub const fn served_by<S: Service>() -> &'static str {
    S::Endpoint::NAME
}

/// What a handler takes, as data.
pub const fn handled<S: Handles<H>, const H: usize>() -> &'static MessageInfo {
    S::Message::INFO
}

/// A `send`, as data.
pub const fn sends<S: Sends<H, N>, const H: usize, const N: usize>(arity: Arity) -> Effect {
    effect(Verb::Send, S::Message::INFO, arity)
}

/// A `publish`, as data.
pub const fn publishes<S: Publishes<H, N>, const H: usize, const N: usize>(arity: Arity) -> Effect {
    effect(Verb::Publish, S::Message::INFO, arity)
}

const fn effect(verb: Verb, message: &'static MessageInfo, arity: Arity) -> Effect {
    Effect {
        verb,
        message,
        arity,
        to: None,
    }
}

/// Reads the message of the `H`th handler.
pub fn message<S: Handles<H>, const H: usize>(input: &mut Input<'_>) -> Result<S::Message, ServiceError> {
    input.message().map_err(permanent)
}

/// Sends what the `N`th effect of the `H`th handler returned.
pub fn send<S: Sends<H, N>, const H: usize, const N: usize>(
    effects: &mut Effects,
    commands: impl IntoIterator<Item = S::Message>,
) -> Result<(), ServiceError> {
    effects.send_each(commands).map(drop).map_err(permanent)
}

/// Publishes what the `N`th effect of the `H`th handler returned.
pub fn publish<S: Publishes<H, N>, const H: usize, const N: usize>(
    effects: &mut Effects,
    events: impl IntoIterator<Item = S::Message>,
) -> Result<(), ServiceError> {
    effects.publish_each(events).map(drop).map_err(permanent)
}

/// Answers the command, where it has an answer.
pub fn answer<R: Replies>(effects: &mut Effects, answer: Option<R>) -> Result<(), ServiceError> {
    answer
        .iter()
        .try_for_each(|answer| effects.answer(answer).map(drop))
        .map_err(permanent)
}

/// What cannot be read or written today cannot be tomorrow.
fn permanent(error: HandlerError) -> ServiceError {
    ServiceError::from(error)
}

/// The runtime asked for a handler the service does not have.
pub fn no_such_handler<S: Service>(handler: usize) -> BoxFuture<'static, Result<Effects, ServiceError>> {
    let text = format!("`{}` has no handler number {handler}", S::DEFINITION.name);
    Box::pin(std::future::ready(Err(ServiceError::permanent(text))))
}

/// The type of a handler's parameter, which has to be `Given`.
#[diagnostic::on_unimplemented(
    message = "S007: the handler takes `{Self}`, but is given `{Given}`",
    label = "should be `{Given}`",
    note = "a service's handler takes `&self`, the message its `#[on(..)]` names, by value, and `&Context` if it asks"
)]
pub trait GivenAs<Given> {
    /// The same value, under the type the author wrote.
    fn take(given: Given) -> Self;
}

impl<T> GivenAs<T> for T {
    fn take(given: T) -> T {
        given
    }
}

/// The message of the `H`th handler, as the parameter's type.
pub fn taken<Taken, S, const H: usize>(message: S::Message) -> Taken
where
    S: Handles<H>,
    Taken: GivenAs<S::Message>,
{
    Taken::take(message)
}

/// The context, as the parameter's type.
pub fn asked<'a, Asked: GivenAs<&'a Context>>(context: &'a Context) -> Asked {
    Asked::take(context)
}

/// The return type of a handler, which has to be `Outcome` or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "S107: the handler returns `{Self}`, but its clause says `{Outcome}`",
    label = "should be `{Outcome}` or a `Result` of it",
    note = "a service returns the command's reply enum, where the command declares replies, then the effects in written order"
)]
pub trait Yields<Outcome> {
    /// The outcome, or why there is none.
    fn into_yield(self) -> Result<Outcome, ServiceError>;
}

impl<T> Yields<T> for T {
    fn into_yield(self) -> Result<T, ServiceError> {
        Ok(self)
    }
}

impl<T, E: Into<ServiceError>> Yields<T> for Result<T, E> {
    fn into_yield(self) -> Result<T, ServiceError> {
        self.map_err(Into::into)
    }
}

/// The answer of the `H`th handler of `S`.
type AnswerOf<S, const H: usize> = <<S as Handles<H>>::Message as Answered>::Answer;

/// What the `H`th handler has to return, given its effects.
type OutcomeOf<S, const H: usize, Fx> = <AnswerOf<S, H> as Answer>::With<Fx>;

/// Takes apart what the `H`th handler returned: the answer, where the command has one, and the effects.
pub fn yielded<Returned, S, const H: usize, Fx>(
    returned: Returned,
) -> Result<(Option<AnswerOf<S, H>>, Fx), ServiceError>
where
    S: Handles<H>,
    Fx: EffectTuple,
    Returned: Yields<OutcomeOf<S, H, Fx>>,
{
    returned.into_yield().map(AnswerOf::<S, H>::split)
}

/// How a command's answer and a handler's effects make a return type. Implemented by [`NoReply`], which adds nothing,
/// and by every reply enum, which goes first.
pub trait Answer: Replies {
    /// The return type of a handler with these effects.
    type With<Fx: EffectTuple>;

    /// The answer and the effects.
    fn split<Fx: EffectTuple>(returned: Self::With<Fx>) -> (Option<Self>, Fx);
}

impl Answer for NoReply {
    type With<Fx: EffectTuple> = Fx::Alone;

    fn split<Fx: EffectTuple>(returned: Fx::Alone) -> (Option<Self>, Fx) {
        (None, Fx::from_alone(returned))
    }
}

/// A tuple of effects. A tuple of one is written without parentheses, and none as `()` or not at all.
pub trait EffectTuple: Sized {
    /// As a return type of its own.
    type Alone;
    /// As a return type with the answer before it.
    type Behind<R>;

    /// The tuple from its return type.
    fn from_alone(returned: Self::Alone) -> Self;

    /// The answer and the tuple from their return type.
    fn from_behind<R>(returned: Self::Behind<R>) -> (R, Self);
}

impl EffectTuple for () {
    type Alone = ();
    type Behind<R> = R;

    fn from_alone((): ()) -> Self {}

    fn from_behind<R>(answer: R) -> (R, Self) {
        (answer, ())
    }
}

impl<A> EffectTuple for (A,) {
    type Alone = A;
    type Behind<R> = (R, A);

    fn from_alone(returned: A) -> Self {
        (returned,)
    }

    fn from_behind<R>((answer, a): (R, A)) -> (R, Self) {
        (answer, (a,))
    }
}

macro_rules! effect_tuples {
    ($($($effect:ident)+;)*) => {
        $(
            impl<$($effect),+> EffectTuple for ($($effect),+) {
                type Alone = Self;
                type Behind<Answer> = (Answer, $($effect),+);

                fn from_alone(returned: Self) -> Self {
                    returned
                }

                #[allow(non_snake_case)] // each value is named after its type
                fn from_behind<Answer>((answer, $($effect),+): (Answer, $($effect),+)) -> (Answer, Self) {
                    (answer, ($($effect),+))
                }
            }
        )*
    };
}

effect_tuples! {
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}

#[cfg(test)]
mod tests;
