//! The impl block under `#[service]`. Bodies stay raw tokens, so that a half-typed one does not take the service along.

use proc_macro2::{Group, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Generics, ImplItem, Result, Signature, Token, Type, Visibility, braced,
    parse::{Parse, ParseStream},
};

use super::handler::Handler;
use crate::diagnostics::{Diagnostics, refusal};

/// An impl block as written.
pub(super) struct ServiceItem {
    attrs: Vec<Attribute>,
    pub(super) generics: Generics,
    /// `Trait for`, which is refused.
    of_trait: Option<Type>,
    pub(super) self_ty: Type,
    members: Vec<Member>,
}

/// Something within the block.
enum Member {
    Method(Box<Method>),
    Other(Box<ImplItem>),
}

/// A method.
pub(super) struct Method {
    pub(super) attrs: Vec<Attribute>,
    vis: Visibility,
    pub(super) sig: Signature,
    body: Group,
}

impl Parse for ServiceItem {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = input.parse()?;
        let mut self_ty: Type = input.parse()?;
        let mut of_trait = None;
        if input.parse::<Option<Token![for]>>()?.is_some() {
            of_trait = Some(std::mem::replace(&mut self_ty, input.parse()?));
        }
        generics.where_clause = input.parse()?;
        let content;
        braced!(content in input);
        let mut members = Vec::new();
        while !content.is_empty() {
            members.push(content.parse()?);
        }
        Ok(Self {
            attrs,
            generics,
            of_trait,
            self_ty,
            members,
        })
    }
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        ahead.call(Attribute::parse_outer)?;
        ahead.parse::<Visibility>()?;
        if ahead.parse::<Signature>().is_ok() {
            input.parse().map(Box::new).map(Self::Method)
        } else {
            input.parse().map(Box::new).map(Self::Other)
        }
    }
}

impl Parse for Method {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(Self {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl ServiceItem {
    /// The annotated methods that are handlers without a mistake.
    pub(super) fn handlers(&self, errors: &mut Diagnostics) -> Vec<Handler> {
        self.methods()
            .filter_map(|method| Handler::read(method, errors))
            .collect()
    }

    /// Reports a block without a single handler.
    pub(super) fn refuse_nothing_handled(&self, errors: &mut Diagnostics) {
        if !self
            .methods()
            .any(|method| method.attrs.iter().any(is_annotation))
        {
            let remedy = "write `#[on(Command)]` above an `async fn(&self, command: Command) -> ..`";
            errors.push(refusal(&self.self_ty, "the service handles nothing", remedy));
        }
    }

    /// Reports `impl Trait for ..`; whether it is one.
    pub(super) fn refuse_trait(&self, errors: &mut Diagnostics) -> bool {
        if let Some(of_trait) = &self.of_trait {
            let remedy = "move the handlers to an `impl` block of the type itself";
            errors.push(refusal(
                of_trait,
                "a service is no implementation of a trait",
                remedy,
            ));
        }
        self.of_trait.is_some()
    }

    /// The block as the compiler is to see it.
    pub(super) fn without_annotations(&self) -> TokenStream {
        let Self {
            attrs,
            generics,
            of_trait,
            self_ty,
            members,
        } = self;
        let (parameters, _, where_clause) = generics.split_for_impl();
        let of_trait = of_trait.as_ref().map(|of_trait| quote!(#of_trait for));
        quote!(#(#attrs)* impl #parameters #of_trait #self_ty #where_clause { #(#members)* })
    }

    fn methods(&self) -> impl Iterator<Item = &Method> {
        self.members.iter().filter_map(|member| match member {
            Member::Method(method) => Some(method.as_ref()),
            Member::Other(_) => None,
        })
    }
}

impl ToTokens for Member {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Other(item) => item.to_tokens(tokens),
            Self::Method(method) => method.to_tokens(tokens),
        }
    }
}

/// Without what made it a handler.
impl ToTokens for Method {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            vis,
            sig,
            body,
        } = self;
        let attrs = attrs.iter().filter(|attr| !is_annotation(attr));
        tokens.extend(quote!(#(#attrs)* #vis #sig #body));
    }
}

/// The words that make a handler: `on`, and those of sagas, which explain themselves in [`Handler::read`].
pub(super) fn is_annotation(attr: &Attribute) -> bool {
    const WORDS: &[&str] = &[
        "on",
        "start",
        "after",
        "at",
        "every",
        "all",
        "compensate",
        "compensated",
    ];
    attr.path()
        .segments
        .last()
        .is_some_and(|last| WORDS.iter().any(|word| last.ident == word))
}
