//! Every type the author named, written once with the bound it has to meet: rustc checks it at the author's token.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::{model::Model, names};

use super::roster::Roster;

/// `impl Hears<3, true> for Fulfilment { type Message = OrderBilled; }` and the like, one for each type.
pub(super) fn bounds(model: &Model<'_>, roster: &Roster<'_>) -> TokenStream {
    let private = private();
    let saga = &model.written.saga;
    let heard = roster.heard.iter().enumerate().map(|(number, heard)| {
        let by_field = heard.key.is_none();
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
    let mentions = heard.chain(emitted).flatten();
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(rust_analyzer)]
            fn mentioned(#(_: #mentions),*) {}
        };
    }
}
