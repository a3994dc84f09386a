//! What only rustc can judge: rules whose answer lies in another item, asked in const evaluation.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Path;

use crate::{check::Trap, names};

/// S005, one constant for each state that nothing leads out of: a mistake unless the struct says `endless`.
pub(super) fn traps(saga: &Path, traps: &[Trap]) -> TokenStream {
    let runtime = names::runtime();
    let consts = traps.iter().map(|Trap { span, text }| {
        let endless = quote!(<#saga as #runtime::private::Declared>::ENDLESS);
        // rustc underlines the whole call, which therefore lies wholly at the user's token.
        let path = at(*span, quote!(#runtime::private::saga::leads_out));
        let call = quote_spanned!(*span=> #path(#endless, #text));
        quote!(const _: () = #call;)
    });
    quote!(#(#consts)*)
}

/// The same tokens at another place.
fn at(span: Span, tokens: TokenStream) -> TokenStream {
    let moved = |mut token: TokenTree| {
        token.set_span(span);
        token
    };
    tokens.into_iter().map(moved).collect()
}
