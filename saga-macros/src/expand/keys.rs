//! Where the key is: `fn key_of`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Member, Token, punctuated::Punctuated};

use crate::{model::Model, names};

use super::roster::{Heard, Roster};

/// `fn key_of`: one question per message heard.
pub(super) fn key_of(_: &Model<'_>, roster: &Roster<'_>) -> TokenStream {
    let runtime = names::runtime();
    let arms = roster
        .heard
        .iter()
        .enumerate()
        .map(|(number, heard)| arm(number, heard));
    quote! {
        fn key_of(
            input: &mut #runtime::input::Input<'_>,
        ) -> ::core::result::Result<#runtime::key::Key, #runtime::HandlerError> {
            use #runtime::private;
            #(#arms)*
            private::no_key(input)
        }
    }
}

fn arm(number: usize, heard: &Heard<'_>) -> TokenStream {
    let message = heard.arguments(number);
    let key = match heard.key {
        None => quote!(private::saga::key::<#message>(input)),
        Some(path) => {
            let key = fields(&path.fields);
            quote!({
                let message = private::saga::peek::<#message>(input)?;
                let key: <Self as private::Declared>::Key<'_> = #key;
                private::saga::written_key(&key)
            })
        }
    };
    quote! {
        if private::saga::is::<#message>(input) {
            return #key;
        }
    }
}

/// `&message.order.id`, or a tuple of such.
fn fields(fields: &[Punctuated<Member, Token![.]>]) -> TokenStream {
    let fields = fields.iter().map(|path| quote!(&message.#path));
    match fields.len() {
        1 => quote!(#(#fields)*),
        _ => quote!((#(#fields),*)),
    }
}
