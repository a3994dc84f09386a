//! The type under a derive: what is refused of it whatever the derive, and its fields as data.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Data, DeriveInput, Fields};

use crate::diagnostics::{Diagnostics, refusal};

/// The item, if it could be read at all.
pub(super) fn parse(input: TokenStream, errors: &mut Diagnostics) -> Option<DeriveInput> {
    errors.keep(syn::parse2(input))
}

/// Reports type parameters and lifetimes. The impls cannot be written then.
pub(super) fn refuse_generics(item: &DeriveInput, what: &str, errors: &mut Diagnostics) -> bool {
    let generic = item.generics.params.first();
    if let Some(generic) = generic {
        let remedy = format!("{what} is one type with one name on the wire: make it a type of its own");
        errors.push(refusal(
            generic,
            format!("{what} takes no type parameters and no lifetimes"),
            remedy,
        ));
    }
    generic.is_some()
}

/// The fields; an `enum` or `union` is reported and has none.
pub(super) fn fields<'a>(item: &'a DeriveInput, what: &str, errors: &mut Diagnostics) -> Option<&'a Fields> {
    let (keyword, advice): (&dyn ToTokens, _) = match &item.data {
        Data::Struct(data) => return Some(&data.fields),
        Data::Enum(data) => (
            &data.enum_token,
            "declare one struct per variant, or wrap the enum in a struct",
        ),
        Data::Union(data) => (
            &data.union_token,
            "make it a struct: serde cannot read or write a union",
        ),
    };
    errors.push(refusal(keyword, format!("{what} is a struct"), advice));
    None
}
