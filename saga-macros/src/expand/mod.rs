//! What Rust says the same. Expansion cannot fail: whatever could go wrong was refused before.

mod bounds;
mod data;
mod definition;
mod dispatch;
mod docs;
mod fallback;
mod keys;
mod labels;
mod roster;
mod rules;
mod soundness;

pub(crate) use data::data;
pub(crate) use rules::unless_switched_off;
pub(crate) use soundness::{moved, span};

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::{
    check,
    model::Model,
    names,
    parse::{Handlers, ImplItem},
};

use roster::Roster;

/// `#[saga]` on an impl block without mistakes.
pub(crate) fn handlers(model: &Model<'_>) -> TokenStream {
    let roster = Roster::of(model);
    let methods = methods(model.written);
    let mentions = bounds::mentions(model);
    let labels = labels::enums(model);
    let bounds = bounds::bounds(model, &roster);
    let saga = saga(model, &roster);
    let member = member(&model.written.saga);
    let questions = unless_switched_off(|| soundness::questions(model));
    quote!(#methods #mentions #labels #bounds #saga #member #questions)
}

/// `#[saga]` on an impl block with mistakes: stubs, so that the saga is still one to the rest of the program.
pub(crate) fn stubs(model: &Model<'_>) -> TokenStream {
    let methods = methods(model.written);
    let labels = labels::enums(model);
    if check::is_generic(model) {
        return quote!(#methods #labels);
    }
    let saga = fallback::saga(model);
    let member = member(&model.written.saga);
    quote!(#methods #labels #saga #member)
}

/// The author's own block, first, without what the macro understands.
pub(crate) fn methods(written: &Handlers) -> TokenStream {
    let Handlers {
        attrs,
        generics,
        saga,
        items,
        ..
    } = written;
    let where_clause = &generics.where_clause;
    let items = items.iter().map(|item| match item {
        ImplItem::Handler(handler) => handler.method(),
        ImplItem::Other(item) => item.clone(),
    });
    quote! {
        #(#attrs)*
        impl #generics #saga #where_clause {
            #(#items)*
        }
    }
}

/// `impl Saga for Fulfilment`
fn saga(model: &Model<'_>, roster: &Roster<'_>) -> TokenStream {
    let runtime = names::runtime();
    let saga = &model.written.saga;
    let table = docs::table(model);
    let defined = definition::definition(model, roster);
    let definition = definition::taken_over();
    let key_of = keys::key_of(roster);
    let start = dispatch::start(model, roster);
    let handle = dispatch::handle(model, roster);
    let handle_ended = dispatch::handle_ended(model, roster);
    let due = dispatch::due(model);
    quote! {
        #defined

        #[doc = #table]
        #[automatically_derived]
        impl #runtime::saga::Saga for #saga {
            type Endpoint = <Self as #runtime::private::Declared>::Endpoint;
            #definition
            #key_of
            #start
            #handle
            #handle_ended
            #due

            fn read_older(
                version: u32,
                codec: #runtime::codec::Codec,
                body: &[u8],
            ) -> ::core::result::Result<Self, #runtime::HandlerError> {
                <Self as #runtime::private::Declared>::read_older(version, codec, body)
            }
        }
    }
}

/// `impl Member for Fulfilment`, by which a system takes it in.
fn member(saga: &Path) -> TokenStream {
    let runtime = names::runtime();
    quote! {
        #[automatically_derived]
        impl #runtime::system::Member for #saga {
            const PART: #runtime::system::Part =
                #runtime::system::Part::Saga(<Self as #runtime::private::saga::Defined>::AS_DATA);
        }
    }
}
