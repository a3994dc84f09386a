//! Where the key is: `fn key_of`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Member, Token, punctuated::Punctuated, spanned::Spanned};

use crate::names;

use super::roster::{Heard, Roster};

/// `fn key_of`: one question per message heard.
pub(super) fn key_of(roster: &Roster<'_>) -> TokenStream {
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
                let key = ::core::marker::PhantomData::<<Self as private::Declared>::Key<'_>>;
                private::saga::written_key(key, #key)
            })
        }
    };
    quote! {
        if private::saga::is::<#message>(input) {
            return #key;
        }
    }
}

/// `&message.order.id`, or a tuple of such; at the author's path, where rustc will say that it is of another type.
fn fields(fields: &[Punctuated<Member, Token![.]>]) -> TokenStream {
    let mut span = Span::call_site();
    let fields = fields.iter().map(|path| {
        span = path.first().map_or(span, Spanned::span);
        quote_spanned!(span=> &message.#path)
    });
    let fields: Vec<_> = fields.collect();
    match fields.as_slice() {
        [one] => one.clone(),
        _ => quote_spanned!(span=> (#(#fields),*)),
    }
}
