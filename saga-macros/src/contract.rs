//! The derives of endpoints and messages.

use proc_macro2::TokenStream;

pub(crate) fn endpoint(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

pub(crate) fn command(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

pub(crate) fn reply(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

pub(crate) fn event(_: TokenStream) -> TokenStream {
    TokenStream::new()
}
