//! `#[saga]`: parse, understand, check, expand.

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::{
    check,
    diagnostics::{Diagnostics, refusal},
    expand,
    model::Model,
    parse::{Data, Handlers, Subject, subject},
};

/// Either form: on the struct or on the impl block.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    match subject(&item) {
        Subject::Struct => on_struct(args, item),
        Subject::Impl => on_impl(args, item),
        Subject::Other => on_other(&item),
    }
}

fn on_struct(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Diagnostics::default();
    let data = Data::read(args, item.clone(), &mut errors);
    let expanded = data.as_ref().map(expand::data);
    quote!(#item #expanded #errors)
}

fn on_impl(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Diagnostics::default();
    let Some(written) = Handlers::read(args, item.clone(), &mut errors) else {
        return quote!(#errors);
    };
    let model = Model::of(&written);
    errors.extend(check::all(&model));
    match errors.is_empty() {
        true => expand::handlers(&model),
        false => {
            let stubs = expand::stubs(&model);
            quote!(#stubs #errors)
        }
    }
}

fn on_other(item: &TokenStream) -> TokenStream {
    let remedy = "write `#[saga(by = key_field, at = Endpoint)]` on the saga's struct and `#[saga]` on an impl block of it";
    let error = refusal(item, "`#[saga]` stands on a struct or on an impl block", remedy).to_compile_error();
    quote!(#item #error)
}

/// A word of the language outside the block that gives it a meaning. The method stays.
pub(crate) fn stray(word: &str, args: TokenStream, item: TokenStream) -> TokenStream {
    let text = format!("`#[{word}(..)]` has a meaning only within `#[saga]` or `#[service(at = ..)]`");
    let remedy =
        "write `#[saga]` above the impl block, and `#[saga(by = key_field, at = Endpoint)]` above the struct";
    // The word itself is not handed to the macro: the first thing that was written after it.
    let written = args
        .into_iter()
        .next()
        .or_else(|| item.clone().into_iter().next());
    let at = written.map_or_else(Span::call_site, |token| token.span());
    let error = syn::Error::new(at, format!("{text}\nremedy: {remedy}")).to_compile_error();
    quote!(#item #error)
}
