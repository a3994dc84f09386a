//! The macros of `saga-runtime`. Use them through that crate.

mod contract;
mod diagnostics;
mod names;
mod parse;
mod service;
mod system;
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
/// answers gets the enum `<Command>Reply`, with one variant per answer, named after it.
#[proc_macro_derive(Command, attributes(command))]
pub fn command(input: TokenStream) -> TokenStream {
    contract::command(input.into()).into()
}

/// An answer to a command, which names it in `replies(..)` or `refusals(..)`.
///
/// `#[reply(name = "..", version = 1)]` overrides the name on the wire, which is the type's, and the version.
#[proc_macro_derive(Reply, attributes(reply))]
pub fn reply(input: TokenStream) -> TokenStream {
    contract::reply(input.into()).into()
}

/// A fact, published to whoever subscribed.
///
/// `#[event(name = "..", version = 1)]` overrides the name on the wire, which is the type's, and the version.
/// `external` says that it is published outside the system, `outsiders` that it is meant for subscribers outside.
#[proc_macro_derive(Event, attributes(event))]
pub fn event(input: TokenStream) -> TokenStream {
    contract::event(input.into()).into()
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
