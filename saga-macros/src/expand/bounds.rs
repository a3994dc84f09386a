//! Every type the author named, written once with the bound it has to meet: rustc checks it at the author's token.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::{model::Model, names, parse};

use super::roster::Roster;

/// `impl Hears<3, true> for Fulfilment { type Message = OrderBilled; }` and the like, one for each type.
pub(super) fn bounds(model: &Model<'_>, roster: &Roster<'_>) -> TokenStream {
    let private = private();
    let saga = &model.written.saga;
    let heard = roster.heard.iter().enumerate().map(|(number, heard)| {
        let by_field = heard.by_field();
        bound(
            saga,
            &quote!(#private::saga::Hears<#number, #by_field>),
            heard.message,
        )
    });
    let sent =
        numbered(&roster.sent).map(|(n, message)| bound(saga, &quote!(#private::Sends<0, #n>), message));
    let published = numbered(&roster.published)
        .map(|(n, message)| bound(saga, &quote!(#private::Publishes<0, #n>), message));
    let replied = numbered(&roster.replied)
        .map(|(n, message)| bound(saga, &quote!(#private::saga::Answers<#n>), message));
    quote!(#(#heard)* #(#sent)* #(#published)* #(#replied)*)
}

fn numbered<'a>(messages: &[&'a Path]) -> impl Iterator<Item = (usize, &'a Path)> {
    messages.iter().copied().enumerate()
}

fn bound(saga: &Path, bound: &TokenStream, message: &Path) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl #bound for #saga {
            type Message = #message;
        }
    }
}

fn private() -> TokenStream {
    let runtime = names::runtime();
    quote!(#runtime::private)
}

/// Every mention of a type, for editors alone: each token of an attribute leads somewhere.
pub(super) fn mentions(model: &Model<'_>) -> TokenStream {
    let items = model.clauses.iter().flat_map(|clause| clause.trigger.items());
    let exceptions = model.exceptions.iter().map(|exception| exception.item);
    let heard = items
        .chain(exceptions)
        .flat_map(|item| [Some(&item.message), item.of.as_ref()]);
    let branches = model.clauses.iter().flat_map(|clause| clause.branches.iter());
    let effects = branches.flat_map(|branch| &branch.written.effects);
    let emitted = effects.flat_map(|effect| [Some(&effect.message), effect.to.as_ref()]);
    let no_undo = model.written.words.no_undo.iter().map(Some);
    let keys = model.written.words.keys.iter().map(|key| Some(&key.message));
    let retired = model.retired_sends.iter().map(|send| Some(send.command));
    let mentions = heard
        .chain(emitted)
        .chain(no_undo)
        .chain(keys)
        .chain(retired)
        .flatten();
    let states = states(model);
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(rust_analyzer)]
            fn mentioned(#(_: #mentions),*) {}
            #states
        };
    }
}

/// The states as an enum, declared where `states(..)` names them and mentioned wherever a clause or a word does; and the
/// timers that words speak of.
fn states(model: &Model<'_>) -> TokenStream {
    let words = &model.written.words;
    let declared = &words.states;
    let clauses: Vec<_> = model.written.handlers().map(|handler| &handler.clause).collect();
    let places = clauses.iter().flat_map(|clause| clause.places.iter().flatten());
    let set_aside = words
        .exceptions
        .iter()
        .flat_map(|exception| exception.places.iter().flatten());
    let left_open = words.retired.iter().flat_map(|retired| match retired {
        parse::Retired::Send { places, .. } => places.as_deref().unwrap_or_default(),
        parse::Retired::Name(_) => &[],
    });
    let places = places.chain(set_aside).chain(left_open);
    let named = places.filter_map(|place| match place {
        parse::Place::State(state) => Some(state),
        _ => None,
    });
    let branches = clauses.iter().flat_map(|clause| &clause.branches);
    let entered = branches.filter_map(|branch| match &branch.target {
        Some(parse::Target::State(state)) => Some(state),
        _ => None,
    });
    let retired = words.retired.iter().filter_map(|retired| match retired {
        parse::Retired::Name(name) => Some(name),
        parse::Retired::Send { .. } => None,
    });
    let kept = retired.chain(words.renamed.iter().map(|renamed| &renamed.new));
    let listed = words.no_timeout.iter().chain(&words.settled);
    let (states, others): (Vec<_>, Vec<_>) = named
        .chain(entered)
        .chain(listed)
        .chain(kept)
        .partition(|name| declared.contains(name));
    // What is no state is the handler of a timer.
    let (saga, timers) = (
        &model.written.saga,
        others.into_iter().filter(|name| model.has_handler(name)),
    );
    quote! {
        #[cfg(rust_analyzer)]
        enum State { #(#declared),* }
        #[cfg(rust_analyzer)]
        fn entered() {
            #(let _ = State::#states;)*
            #(let _ = <#saga>::#timers;)*
        }
    }
}
