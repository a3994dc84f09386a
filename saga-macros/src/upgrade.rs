//! `upgrade(1 = BillOrderV1, 2 = BillOrderV2)`: the older versions that can be read, each made into the next one listed.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{LitInt, Path, Result, Token, parse::ParseStream, punctuated::Punctuated};

use crate::{
    diagnostics::{Diagnostics, refusal},
    names::runtime,
};

/// An older version and the type it was.
#[derive(Clone, Debug)]
pub(crate) struct Upgrade {
    version: u32,
    older: Path,
}

/// What stands between the parentheses.
pub(crate) fn parse(input: ParseStream<'_>) -> Result<Vec<(LitInt, Path)>> {
    let pair = |input: ParseStream<'_>| {
        let version = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok((version, input.call(Path::parse_mod_style)?))
    };
    Punctuated::<_, Token![,]>::parse_terminated_with(input, pair).map(|pairs| pairs.into_iter().collect())
}

/// The older versions in ascending order; what is no older version is reported and left out.
pub(crate) fn check(written: Vec<(LitInt, Path)>, current: u32, errors: &mut Diagnostics) -> Vec<Upgrade> {
    let mut upgrades: Vec<Upgrade> = Vec::new();
    for (number, older) in written {
        let version = number.base10_parse().unwrap_or(0);
        if version == 0 || version >= current {
            let remedy = match current {
                1 => "write `version = 2` beside it, or the next higher number".to_owned(),
                _ => format!(
                    "older versions than `version = {current}` are 1 to {}",
                    current - 1
                ),
            };
            errors.push(refusal(&number, format!("{number} is no older version"), remedy));
        } else if upgrades.iter().any(|earlier| earlier.version == version) {
            let text = format!("version {version} is upgraded twice");
            errors.push(refusal(&number, text, "keep one of the two"));
        } else {
            upgrades.push(Upgrade { version, older });
        }
    }
    upgrades.sort_by_key(|upgrade| upgrade.version);
    upgrades
}

/// The older versions as data.
pub(crate) fn versions(upgrades: &[Upgrade]) -> TokenStream {
    let versions = upgrades.iter().map(|upgrade| upgrade.version);
    quote!(&[#(#versions),*])
}

/// `fn read_older`; `what` is the name in errors, `current` the present version. Nothing where no version is listed.
pub(crate) fn read_older(upgrades: &[Upgrade], what: &TokenStream, current: u32) -> TokenStream {
    let runtime = runtime();
    let arms = (0..upgrades.len()).map(|i| arm(&upgrades[i..], what));
    quote! {
        fn read_older(
            version: u32,
            codec: #runtime::codec::Codec,
            body: &[u8],
        ) -> ::core::result::Result<Self, #runtime::HandlerError> {
            use #runtime::private;
            match version {
                #(#arms)*
                _ => ::core::result::Result::Err(private::no_upgrade(#what, version, #current)),
            }
        }
    }
}

/// Reads the first of `upgrades` and passes it on through the others.
fn arm(upgrades: &[Upgrade], what: &TokenStream) -> TokenStream {
    let Some(Upgrade { version, older }) = upgrades.first() else {
        return TokenStream::new();
    };
    let newer = upgrades[1..].iter().map(|upgrade| &upgrade.older);
    let steps = upgrades.iter().zip(newer).map(|(older, newer)| {
        let older = &older.older;
        quote!(let read = private::upgraded::<#older, #newer>(read);)
    });
    let last = upgrades.last().map(|upgrade| &upgrade.older);
    quote! {
        #version => {
            let read = private::older::<#older>(#what, codec, body)?;
            #(#steps)*
            ::core::result::Result::Ok(private::upgraded::<#last, Self>(read))
        }
    }
}
