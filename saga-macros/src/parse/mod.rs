//! What was written. Tolerant: keeps whatever was read before a mistake, together with the mistake.

mod clause;
mod data;
mod handler;
mod trigger;
mod words;

pub(crate) use clause::{Arity, Branch, Effect, Item, Place, Target, Verb, effects, wrapped};
pub(crate) use data::Data;
pub(crate) use handler::{Handler, Handlers, Item as ImplItem};
pub(crate) use trigger::{Delay, Trigger, Word};
pub(crate) use words::{Exception, KeyPath, Renamed, Retired, Treatment};

use proc_macro2::TokenStream;
use syn::{
    Attribute, Token, Visibility,
    parse::{ParseStream, Parser},
};

/// What `#[saga]` stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Struct,
    Impl,
    Other,
}

/// Looks at an item just far enough to tell which form of `#[saga]` is meant.
pub(crate) fn subject(item: &TokenStream) -> Subject {
    let look = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let subject = match () {
            () if input.peek(Token![struct]) => Subject::Struct,
            () if input.peek(Token![impl]) || input.peek(Token![unsafe]) => Subject::Impl,
            () => Subject::Other,
        };
        input.parse::<TokenStream>()?;
        Ok(subject)
    };
    look.parse2(item.clone()).unwrap_or(Subject::Other)
}
