//! Names: of the runtime crate in the user's manifest, of fields as numbers, of what was probably meant.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Ident, ext::IdentExt};

/// The path of `saga-runtime`, also where the user renamed it.
pub(crate) fn runtime() -> TokenStream {
    match crate_name("saga-runtime") {
        Ok(FoundCrate::Name(name)) => {
            let name = Ident::new(&name, Span::call_site());
            quote!(::#name)
        }
        // In the crate itself and its doctests; `extern crate self as saga_runtime` makes the path resolve there.
        Ok(FoundCrate::Itself) | Err(_) => quote!(::saga_runtime),
    }
}

/// The same name without its place, for all but the one mention that an editor should lead to.
pub(crate) fn placeless(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(Span::call_site());
    ident
}

/// The number under which a field is found by name: its FNV-1a hash, the `N` of `private::Field<N>`.
pub(crate) fn field_number(field: &Ident) -> u64 {
    let name = field.unraw().to_string();
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The candidate nearest to what was written, if it is near enough to be a slip of the finger.
pub(crate) fn did_you_mean<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| {
            (
                distance(&written.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= candidate.len().max(written.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many single-character edits lie between two words (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let states = ["AwaitingBill", "AwaitingLabel", "CancellingBill"];
        assert_eq!(did_you_mean("AwaitingBil", states), Some("AwaitingBill"));
        assert_eq!(did_you_mean("awaitinglabel", states), Some("AwaitingLabel"));
        assert_eq!(did_you_mean("Shipped", states), None);
    }

    #[test]
    fn raw_and_plain_field_names_have_one_number() {
        assert_eq!(
            field_number(&syn::parse_quote!(r#type)),
            field_number(&Ident::new_raw("type", Span::call_site()))
        );
        assert_ne!(
            field_number(&syn::parse_quote!(order_id)),
            field_number(&syn::parse_quote!(order_ids))
        );
    }
}
