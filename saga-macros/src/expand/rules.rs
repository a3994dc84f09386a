//! What the rules cost is measured by leaving them out: `RUSTFLAGS="--cfg saga_without_rules"`, for the bench alone.

use proc_macro2::TokenStream;
use quote::quote;

/// The questions of the rules. Where this crate was built without rules, a warning in their place: nobody goes without
/// them unawares.
pub(crate) fn unless_switched_off(questions: impl FnOnce() -> TokenStream) -> TokenStream {
    if cfg!(saga_without_rules) {
        warning()
    } else {
        questions()
    }
}

/// A constant, deprecated, that is used: a warning which no word of the author's produces.
fn warning() -> TokenStream {
    let note = "built with `--cfg saga_without_rules`: no rule looks at this, and it may have any hole";
    quote! {
        const _: () = {
            #[deprecated = #note]
            const UNCHECKED: () = ();
            UNCHECKED
        };
    }
}
