//! The macros of `saga-runtime`. Use them through that crate.

mod check;
mod contract;
mod diagnostics;
mod expand;
mod layout;
mod model;
mod names;
mod parse;
mod saga;
mod service;
mod system;
#[cfg(test)]
mod tests;
mod upgrade;
mod wire_name;
mod words;

use proc_macro::TokenStream;

/// A named queue with handlers behind it.
///
/// The queue's name is the type's in kebab-case, `"card-payments"` for `CardPayments`, unless
/// `#[endpoint(name = "..")]` says otherwise.
#[proc_macro_derive(Endpoint, attributes(endpoint))]
pub fn endpoint(input: TokenStream) -> TokenStream {
    contract::endpoint(input.into()).into()
}

/// A message that asks one endpoint to do something.
///
/// `#[command(to = Endpoint, replies(A, ..), refusals(B, ..), name = "..", version = 1)]`: all but `to` may be left
/// out. `replies` say that it was done, `refusals` that it was not and that there is nothing to undo. A command with
/// answers gets the enum `<Command>Reply`, with one variant per answer, named after it. `upgrade(1 = OlderType)` reads
/// older versions: each type listed becomes the next one by `From`.
#[proc_macro_derive(Command, attributes(command))]
pub fn command(input: TokenStream) -> TokenStream {
    contract::command(input.into()).into()
}

/// An answer to a command, which names it in `replies(..)` or `refusals(..)`.
///
/// `#[reply(name = "..", version = 1)]` overrides the name on the wire, which is the type's, and the version.
/// `upgrade(1 = OlderType)` reads older versions.
#[proc_macro_derive(Reply, attributes(reply))]
pub fn reply(input: TokenStream) -> TokenStream {
    contract::reply(input.into()).into()
}

/// A fact, published to whoever subscribed.
///
/// `#[event(name = "..", version = 1)]` overrides the name on the wire, which is the type's, and the version.
/// `upgrade(1 = OlderType)` reads older versions.
/// `external` says that it is published outside the system, `outsiders` that it is meant for subscribers outside.
#[proc_macro_derive(Event, attributes(event))]
pub fn event(input: TokenStream) -> TokenStream {
    contract::event(input.into()).into()
}

/// A state machine instance per correlation key, driven by messages.
///
/// On the struct it says what identifies an instance and where the saga lives:
/// `#[saga(by = order_id, at = Sales, name = "..", version = 1, endless)]`; all but `by` and `at` may be left out, and
/// `by = (tenant, order_id)` makes a composite key. On an impl block it reads the clauses of the annotated methods and
/// writes `impl Saga`: `#[saga(states(..), ignore(M in S), defer(M in S), unexpected(M in S), no_timeout(S),
/// no_undo(M), settled(S), by(M = path), renamed(Old = New), retired(S, timer, send C in S))]`. The last two and `upgrade(1 = FulfilmentV1)` on
/// the struct are for instances that older builds stored.
#[proc_macro_attribute]
pub fn saga(args: TokenStream, item: TokenStream) -> TokenStream {
    saga::expand(args.into(), item.into()).into()
}

/// Declares attributes that have a meaning only within `#[saga]` or `#[service]`, and say so elsewhere.
macro_rules! words {
    ($($(#[$doc:meta])* $word:ident)*) => {$(
        $(#[$doc])*
        #[proc_macro_attribute]
        pub fn $word(args: TokenStream, item: TokenStream) -> TokenStream {
            saga::stray(stringify!($word), args.into(), item.into()).into()
        }
    )*};
}

words! {
    /// Begins an instance: `#[start(PlaceOrder -> send BillOrder => AwaitingBill)]`.
    start
    /// Takes a message: `#[on(OrderBilled in AwaitingBill -> send CreateShippingLabel => AwaitingLabel)]`.
    on
    /// Takes several messages once all have arrived: `#[all(FlightBooked, CarBooked? in Booking => end)]`.
    all
    /// A timeout, counted from entering the state: `#[after(30 min in AwaitingBill => end)]`.
    after
    /// A timer that repeats while the state lasts: `#[every(1 h in AwaitingBill -> send Remind)]`.
    every
    /// A timer that follows a time in the saga's data: `#[at(self.trial_ends in Trial => Charging)]`.
    at
    /// Undoes a completed step: `#[compensate(OrderBilled -> send RefundOrder)]`.
    compensate
    /// What follows when everything is undone: `#[compensated(-> reply OrderRejected => end)]`.
    compensated
}

/// Stateless handlers of an endpoint, where I/O lives: `#[service(at = Billing)] impl BillingDesk { .. }`.
#[proc_macro_attribute]
pub fn service(args: TokenStream, item: TokenStream) -> TokenStream {
    service::expand(args.into(), item.into()).into()
}

/// The whole system, checked across its sagas and services: `system! { pub Shop { Fulfilment, BillingDesk } .. }`.
#[proc_macro]
pub fn system(input: TokenStream) -> TokenStream {
    system::expand(input.into()).into()
}
