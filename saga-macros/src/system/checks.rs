//! What only const evaluation can judge of a system: one table, and one question per rule and token.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Type;

use super::System;
use crate::{
    expand::{moved, span},
    names::runtime,
};

/// All questions. Only the call that fails carries a place of the author's, and only rustc is asked: an editor would lead
/// from that place to the rules as well.
pub(super) fn questions(system: &System) -> TokenStream {
    let (runtime, ident) = (runtime(), &system.ident);
    let limits = ask(ident.span(), &quote!(limits::system), None);
    let parts = system
        .parts
        .iter()
        .enumerate()
        .map(|(number, part)| of_part(number, part));
    let accepts = system.accepts.iter().enumerate().map(|(number, message)| {
        let rules = [
            quote!(s201::accepted),
            quote!(s203::accepted),
            quote!(s205::accepted),
        ];
        of_token(span(message.segments.last()), &rules, number)
    });
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(not(rust_analyzer))]
            {
                use #runtime::soundness::system::*;
                #[allow(long_running_const_eval)]
                const TABLE: &Table = &Table::of::<#ident>();
                #limits
                #(#parts)*
                #(#accepts)*
            }
        };
    }
}

fn of_part(number: usize, part: &Type) -> TokenStream {
    let at = match part {
        Type::Path(path) => span(path.path.segments.last()),
        other => span(Some(other)),
    };
    let rules = [
        quote!(s201::part),
        quote!(s202::part),
        quote!(s203::published),
        quote!(s203::awaited),
        quote!(s205::part),
        quote!(s207::part),
    ];
    of_token(at, &rules, number)
}

fn of_token(at: Span, rules: &[TokenStream], number: usize) -> TokenStream {
    rules.iter().map(|rule| ask(at, rule, Some(number))).collect()
}

/// One question: a constant whose evaluation is refused if the answer is no.
fn ask(at: Span, rule: &TokenStream, number: Option<usize>) -> TokenStream {
    let number = number.into_iter();
    let call = moved(at, quote!(#rule(TABLE #(, #number)*)));
    quote!(const _: () = #call;)
}
