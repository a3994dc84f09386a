//! `system!`: sagas and services become one system, as data and as a type.

mod checks;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Path, Result, Token, Type, Visibility, braced,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

use crate::{
    diagnostics::{Diagnostics, refusal},
    expand::unless_switched_off,
    names::runtime,
    words::Words,
};

const WORDS: &[&str] = &["accepts", "remote", "shared"];

/// The system's type and what it consists of.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Diagnostics::default();
    let system = errors
        .keep(syn::parse2::<Written>(input))
        .map(|written| System::read(written, &mut errors));
    // Whatever could not be read would be missed as well.
    let questions = system
        .as_ref()
        .filter(|_| errors.is_empty())
        .map(|system| unless_switched_off(|| checks::questions(system)));
    let system = system.map(|system| system.expand());
    quote!(#system #questions #errors)
}

/// `pub Shop { A, B } words`
struct Written {
    attrs: Vec<Attribute>,
    vis: Visibility,
    ident: Ident,
    parts: Punctuated<Type, Token![,]>,
    words: TokenStream,
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let ident = input.parse()?;
        let content;
        braced!(content in input);
        let parts = content.parse_terminated(Type::parse, Token![,])?;
        Ok(Self {
            attrs,
            vis,
            ident,
            parts,
            words: input.parse()?,
        })
    }
}

/// A system, without what was named twice.
struct System {
    attrs: Vec<Attribute>,
    vis: Visibility,
    ident: Ident,
    parts: Vec<Type>,
    accepts: Vec<Path>,
    remote: Vec<Path>,
    shared: Vec<Path>,
}

impl System {
    fn read(written: Written, errors: &mut Diagnostics) -> Self {
        let Written {
            attrs,
            vis,
            ident,
            parts,
            words,
        } = written;
        let mut words = Words::of_tokens(with_commas(words), "`system!`", WORDS, errors);
        if parts.is_empty() {
            let remedy = format!("name its sagas and services: `{ident} {{ MySaga, MyService }}`");
            errors.push(refusal(&ident, "the system has no parts", remedy));
        }
        Self {
            parts: once(parts.into_iter().collect(), errors),
            accepts: once(words.paths("accepts", errors), errors),
            remote: once(words.paths("remote", errors), errors),
            shared: once(words.paths("shared", errors), errors),
            attrs,
            vis,
            ident,
        }
    }

    fn expand(&self) -> TokenStream {
        let (unit, system) = (self.unit_struct(), self.impl_system());
        let accepts = self
            .accepts
            .iter()
            .enumerate()
            .map(|(n, message)| self.impl_accepts(n, message));
        let nothing = self.impl_accepts_nothing();
        quote!(#unit #system #(#accepts)* #nothing)
    }

    fn unit_struct(&self) -> TokenStream {
        let Self {
            attrs, vis, ident, ..
        } = self;
        let documented = attrs.iter().any(|attr| attr.path().is_ident("doc"));
        let doc = format!(" The system `{ident}`.");
        let doc = (!documented).then(|| quote!(#[doc = #doc]));
        quote! {
            #(#attrs)*
            #doc
            #[derive(Clone, Copy, Debug, Default)]
            #vis struct #ident;
        }
    }

    fn impl_system(&self) -> TokenStream {
        let (
            runtime,
            Self {
                ident,
                parts,
                remote,
                shared,
                ..
            },
        ) = (runtime(), self);
        let name = ident.to_string();
        let accepts = 0..self.accepts.len();
        quote! {
            #[automatically_derived]
            impl #runtime::system::System for #ident {
                const NAME: &'static str = #name;
                const PARTS: &'static [#runtime::system::Part] =
                    &[#(<#parts as #runtime::system::Member>::PART),*];
                const ACCEPTS: &'static [&'static #runtime::message::MessageInfo] =
                    &[#(#runtime::private::accepted::<Self, #accepts>()),*];
                const REMOTE: &'static [&'static str] =
                    &[#(<#remote as #runtime::message::Endpoint>::NAME),*];
                const SHARED: &'static [&'static #runtime::message::MessageInfo] =
                    &[#(#runtime::private::shared::<#shared>()),*];
            }
        }
    }

    /// A second candidate, of which there is no value: with only one, the compiler would take that for the type of
    /// whatever is sent, and complain of another type instead of a message that is not accepted.
    fn impl_accepts_nothing(&self) -> TokenStream {
        let (runtime, ident) = (runtime(), &self.ident);
        quote! {
            #[automatically_derived]
            impl #runtime::system::Accepts<#runtime::message::NoReply> for #ident {}
        }
    }

    fn impl_accepts(&self, n: usize, message: &Path) -> TokenStream {
        let (runtime, ident) = (runtime(), &self.ident);
        quote! {
            #[automatically_derived]
            impl #runtime::private::Accepted<#n> for #ident {
                type Message = #message;
            }

            #[automatically_derived]
            impl #runtime::system::Accepts<#message> for #ident {}
        }
    }
}

/// `accepts(..) remote(..)`, as words are separated elsewhere. Commas between them may be written too.
fn with_commas(words: TokenStream) -> TokenStream {
    let comma_after_group = |token: TokenTree| match token {
        TokenTree::Group(group) => quote!(#group,),
        other => other.into_token_stream(),
    };
    words.into_iter().map(comma_after_group).collect()
}

/// Keeps the first of each, and reports the others.
fn once<T: PartialEq + ToTokens>(written: Vec<T>, errors: &mut Diagnostics) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in written {
        if kept.contains(&item) {
            let what = format!(
                "`{}` is named twice",
                item.to_token_stream().to_string().replace(' ', "")
            );
            errors.push(refusal(&item, what, "keep one of them"));
        } else {
            kept.push(item);
        }
    }
    kept
}
