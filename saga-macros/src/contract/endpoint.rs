//! `#[derive(Endpoint)]`: a named queue.

use proc_macro2::TokenStream;
use quote::quote;

use super::item;
use crate::{
    diagnostics::{Diagnostics, refusal},
    names::runtime,
    wire_name,
    words::Words,
};

/// The suffix of the queue at which a saga's replies arrive.
const REPLIES: &str = ".replies";

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let mut errors = Diagnostics::default();
    let expanded = expand(input, &mut errors).unwrap_or_default();
    quote!(#expanded #errors)
}

fn expand(input: TokenStream, errors: &mut Diagnostics) -> Option<TokenStream> {
    let item = item::parse(input, errors)?;
    let mut words = Words::of_attributes(&item.attrs, "endpoint", &["name"], errors);
    let written = words.text("name", errors);
    if let Some(name) = written.as_ref().filter(|name| name.value().ends_with(REPLIES)) {
        let taken = format!("names ending with `{REPLIES}` are for the queues at which replies arrive");
        errors.push(refusal(name, taken, "choose another name"));
    }
    let name = wire_name::check(written, wire_name::of_endpoint(&item.ident), errors);
    if item::refuse_generics(&item, "an endpoint", errors) {
        return None;
    }
    let (runtime, ident) = (runtime(), &item.ident);
    Some(quote! {
        #[automatically_derived]
        impl #runtime::message::Endpoint for #ident {
            const NAME: &'static str = #name;
        }
    })
}
