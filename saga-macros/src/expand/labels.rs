//! The enums by which handlers decide between labelled outcomes.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::quote;
use syn::{Ident, Token};

use crate::model::{Branch, Clause, Model, shown};

/// One enum for each that a return type names.
pub(super) fn enums(model: &Model<'_>) -> TokenStream {
    let mut written: Vec<&Ident> = Vec::new();
    let mut enums = TokenStream::new();
    for clause in model.clauses.iter().filter(|clause| clause.is_labelled()) {
        let Some(name) = clause.shape.label_enum(clause.word()) else {
            continue;
        };
        if !written.contains(&name) {
            written.push(name);
            enums.extend(label_enum(name, clause));
        }
    }
    enums
}

/// `enum Declined { Retry(SendDunning), GiveUp(SubscriptionEnded) }`
fn label_enum(name: &Ident, clause: &Clause<'_>) -> TokenStream {
    let visibility = &clause.handler.visibility;
    let doc = format!("What `{}` decides between.", clause.name());
    let variants = clause.branches.iter().map(variant);
    // What rustc says of the enum as a whole it says at the name that was written, not at the whole attribute.
    let word = Token![enum](name.span());
    let mut body = Group::new(Delimiter::Brace, quote!(#(#variants),*));
    body.set_span(name.span());
    quote! {
        #[doc = #doc]
        #visibility #word #name #body
    }
}

fn variant(branch: &Branch<'_>) -> TokenStream {
    let label = &branch.written.label;
    let effects: Vec<_> = branch
        .written
        .effects
        .iter()
        .map(|effect| effect.returned())
        .collect();
    let fields = (!effects.is_empty()).then(|| quote!((#(#effects),*)));
    let doc = doc(branch);
    quote!(#[doc = #doc] #label #fields)
}

fn doc(branch: &Branch<'_>) -> String {
    match &branch.written.target {
        Some(target) => format!("Leads to `{}`.", shown(target)),
        None => "Stays in the state.".to_owned(),
    }
}
