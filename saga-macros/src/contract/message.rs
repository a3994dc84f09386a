//! `#[derive(Reply)]`, `#[derive(Event)]`, and what every message has: its wire name, version and fields as data.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, Fields};

use super::item;
use crate::{
    diagnostics::Diagnostics,
    layout::Layout,
    names::{field_number, placeless, runtime},
    upgrade::{self, Upgrade},
    wire_name,
    words::Words,
};

/// What is common to commands, replies and events.
pub(super) struct Message<'a> {
    pub(super) ident: &'a Ident,
    pub(super) fields: Option<&'a Fields>,
    name: String,
    version: u32,
    layout: Layout,
    upgrades: Vec<Upgrade>,
}

/// What a kind of message adds to its info.
pub(super) struct Kind {
    pub(super) kind: TokenStream,
    pub(super) endpoint: TokenStream,
    pub(super) replies: TokenStream,
    pub(super) external: bool,
    pub(super) outsiders: bool,
}

impl<'a> Message<'a> {
    /// `None` where no impl can be written, which has been reported.
    pub(super) fn read(
        item: &'a DeriveInput,
        what: &str,
        words: &mut Words,
        errors: &mut Diagnostics,
    ) -> Option<Self> {
        let written = words.text("name", errors);
        let name = wire_name::check(written, wire_name::of_type(&item.ident), errors);
        let version = words.version("version", errors);
        let upgrades = upgrade::check(words.upgrades("upgrade", errors), version, errors);
        let fields = item::fields(item, what, errors);
        let generic = item::refuse_generics(item, what, errors);
        (!generic).then_some(Self {
            ident: &item.ident,
            fields,
            name,
            version,
            layout: Layout::of(&item.attrs, fields.unwrap_or(&Fields::Unit)),
            upgrades,
        })
    }

    /// `impl Message`
    pub(super) fn expand(&self, kind: &Kind) -> TokenStream {
        let (runtime, name, version) = (runtime(), &self.name, self.version);
        let Self {
            ident,
            layout: Layout { form, fields },
            ..
        } = self;
        let Kind {
            kind,
            endpoint,
            replies,
            external,
            outsiders,
        } = kind;
        let upgrades = upgrade::versions(&self.upgrades);
        let read_older = match self.upgrades.as_slice() {
            [] => TokenStream::new(),
            upgrades => upgrade::read_older(upgrades, &quote!(#name), version),
        };
        let declared = wire_name::of_type(ident);
        let is = format_ident!("Is{}", kind.to_string());
        quote! {
            #[automatically_derived]
            impl #runtime::message::Message for #ident {
                const INFO: &'static #runtime::message::MessageInfo = {
                    use #runtime::message::{MessageInfo, MessageKind};
                    &MessageInfo {
                        name: #name,
                        declared: ::core::concat!(::core::module_path!(), "::", #declared),
                        version: #version,
                        kind: MessageKind::#kind,
                        endpoint: #endpoint,
                        replies: &[#replies],
                        external: #external,
                        outsiders: #outsiders,
                        fields: &[#(#fields),*],
                        form: #form,
                        upgrades: #upgrades,
                    }
                };
                const BODY: #runtime::private::Body<Self> = #runtime::private::body::<Self>();
                type Kind = #runtime::private::#is;

                #read_older
            }
        }
    }
}

impl Message<'_> {
    /// Commands and events carry the key of their saga in a field: how it finds the field.
    pub(super) fn by_key(&self, is: &TokenStream) -> TokenStream {
        let fields = self
            .fields
            .into_iter()
            .flatten()
            .filter_map(|field| Some((field.ident.as_ref()?, &field.ty)));
        let (runtime, ident) = (runtime(), self.ident);
        let fields = fields.map(|(field, ty)| {
            let (number, member) = (field_number(field), placeless(field));
            quote! {
                #[automatically_derived]
                impl #runtime::private::FieldOf<#ident, #number, #ty> for #runtime::private::#is {
                    fn get(message: &#ident) -> &#ty {
                        &message.#member
                    }
                }
            }
        });
        quote!(#(#fields)*)
    }
}

pub(crate) fn derive_reply(input: TokenStream) -> TokenStream {
    let mut errors = Diagnostics::default();
    let expanded = expand_reply(input, &mut errors).unwrap_or_default();
    quote!(#expanded #errors)
}

fn expand_reply(input: TokenStream, errors: &mut Diagnostics) -> Option<TokenStream> {
    let item = item::parse(input, errors)?;
    let mut words = Words::of_attributes(&item.attrs, "reply", &["name", "version", "upgrade"], errors);
    let message = Message::read(&item, "a reply", &mut words, errors)?;
    let info = message.expand(&Kind::plain(quote!(Reply)));
    let (runtime, ident) = (runtime(), message.ident);
    Some(quote! {
        #info

        #[automatically_derived]
        impl #runtime::message::Reply for #ident {}
    })
}

pub(crate) fn derive_event(input: TokenStream) -> TokenStream {
    let mut errors = Diagnostics::default();
    let expanded = expand_event(input, &mut errors).unwrap_or_default();
    quote!(#expanded #errors)
}

fn expand_event(input: TokenStream, errors: &mut Diagnostics) -> Option<TokenStream> {
    let item = item::parse(input, errors)?;
    let allowed = &["name", "version", "upgrade", "external", "outsiders"];
    let mut words = Words::of_attributes(&item.attrs, "event", allowed, errors);
    let external = words.flag("external", errors);
    let outsiders = words.flag("outsiders", errors);
    let message = Message::read(&item, "an event", &mut words, errors)?;
    let info = message.expand(&Kind {
        external,
        outsiders,
        ..Kind::plain(quote!(Event))
    });
    let by_key = message.by_key(&quote!(IsEvent));
    let (runtime, ident) = (runtime(), message.ident);
    Some(quote! {
        #info
        #by_key

        #[automatically_derived]
        impl #runtime::message::Event for #ident {}
    })
}

impl Kind {
    /// A message that is neither addressed nor answered.
    fn plain(kind: TokenStream) -> Self {
        let none = quote!(::core::option::Option::None);
        Self {
            kind,
            endpoint: none,
            replies: TokenStream::new(),
            external: false,
            outsiders: false,
        }
    }
}
