//! The enum of a command's answers, `<Command>Reply`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::command::{Answer, Command};
use crate::names::{placeless, runtime};

impl Command<'_> {
    pub(super) fn expand_answers(&self) -> TokenStream {
        let items = [
            self.reply_enum(),
            self.impl_variants(),
            self.impl_from(),
            self.impl_incoming(),
            self.impl_replies(),
            self.impl_answer(),
            self.impl_correlated(),
            self.impl_debug(),
        ];
        quote!(#(#items)*)
    }

    /// `<Command>Reply`, found at the command's own name.
    pub(super) fn reply_ident(&self) -> Ident {
        format_ident!(
            "{}Reply",
            self.message.ident.unraw(),
            span = self.message.ident.span()
        )
    }

    fn reply_enum(&self) -> TokenStream {
        let (vis, reply) = (self.vis, self.reply_ident());
        let doc = format!(" The answer to [`{}`].", self.message.ident.unraw());
        let variants = self.answers.iter().map(
            |Answer {
                 reply,
                 refusal,
                 variant,
             }| {
                let doc = if *refusal {
                    " It was not done."
                } else {
                    " It was done."
                };
                quote!(#[doc = #doc] #variant(#reply))
            },
        );
        quote! {
            #[doc = #doc]
            #[allow(clippy::large_enum_variant, clippy::enum_variant_names)]
            #vis enum #reply { #(#variants),* }
        }
    }

    /// Each variant as a type-level fact: the one place where an answer is checked to be a reply.
    fn impl_variants(&self) -> TokenStream {
        let (runtime, enumeration) = (runtime(), self.reply_ident());
        let impls = self
            .answers
            .iter()
            .enumerate()
            .map(|(i, Answer { reply, variant, .. })| {
                let variant = placeless(variant);
                quote! {
                    #[automatically_derived]
                    impl #runtime::private::Variant<#i> for #enumeration {
                        type Message = #reply;

                        fn wrap(message: Self::Message) -> Self {
                            Self::#variant(message)
                        }
                    }
                }
            });
        quote!(#(#impls)*)
    }

    fn impl_from(&self) -> TokenStream {
        let (runtime, enumeration) = (runtime(), self.reply_ident());
        let impls = self.answers.iter().enumerate().map(|(i, Answer { reply, .. })| {
            quote! {
                #[automatically_derived]
                impl ::core::convert::From<#reply> for #enumeration {
                    fn from(reply: <Self as #runtime::private::Variant<#i>>::Message) -> Self {
                        <Self as #runtime::private::Variant<#i>>::wrap(reply)
                    }
                }
            }
        });
        quote!(#(#impls)*)
    }

    fn impl_incoming(&self) -> TokenStream {
        let (runtime, reply, ident) = (runtime(), self.reply_ident(), self.message.ident);
        let indices: Vec<usize> = (0..self.answers.len()).collect();
        quote! {
            #[automatically_derived]
            impl #runtime::message::Incoming for #reply {
                const MESSAGES: &'static [&'static #runtime::message::MessageInfo] =
                    &[#(#runtime::private::reply_message::<Self, #indices>()),*];

                fn read(
                    envelope: &#runtime::envelope::Envelope,
                ) -> ::core::result::Result<Self, #runtime::HandlerError> {
                    #(
                        if let ::core::option::Option::Some(reply) =
                            #runtime::private::read_variant::<Self, #indices>(envelope)?
                        {
                            return ::core::result::Result::Ok(reply);
                        }
                    )*
                    #runtime::private::not_an_answer::<#ident, Self>(envelope)
                }
            }
        }
    }

    fn impl_replies(&self) -> TokenStream {
        let (runtime, reply) = (runtime(), self.reply_ident());
        let arms = self
            .answers
            .iter()
            .enumerate()
            .map(|(i, Answer { variant, .. })| {
                let variant = placeless(variant);
                quote!(Self::#variant(reply) => #runtime::private::variant_payload::<Self, #i>(reply, codec))
            });
        quote! {
            #[automatically_derived]
            impl #runtime::message::Replies for #reply {
                fn payload(
                    &self,
                    codec: #runtime::codec::Codec,
                ) -> ::core::result::Result<#runtime::codec::Payload, #runtime::HandlerError> {
                    match self { #(#arms),* }
                }
            }
        }
    }

    /// How a service returns it: before its effects.
    fn impl_answer(&self) -> TokenStream {
        let (runtime, reply) = (runtime(), self.reply_ident());
        quote! {
            #[automatically_derived]
            impl #runtime::private::Answer for #reply {
                type With<Fx: #runtime::private::EffectTuple> = Fx::Behind<Self>;

                fn split<Fx: #runtime::private::EffectTuple>(
                    returned: Fx::Behind<Self>,
                ) -> (::core::option::Option<Self>, Fx) {
                    let (answer, effects) = Fx::from_behind(returned);
                    (::core::option::Option::Some(answer), effects)
                }
            }
        }
    }

    /// Like each of its replies, it names the request that it answers.
    fn impl_correlated(&self) -> TokenStream {
        let (runtime, reply) = (runtime(), self.reply_ident());
        quote! {
            #[automatically_derived]
            impl #runtime::private::Correlated for #reply {
                type By = #runtime::private::ByRequest;
            }
        }
    }

    fn impl_debug(&self) -> TokenStream {
        let (runtime, reply) = (runtime(), self.reply_ident());
        let arms = self.answers.iter().map(|Answer { variant, .. }| {
            let (name, variant) = (variant.unraw().to_string(), placeless(variant));
            quote!(Self::#variant(reply) => (&Show(reply)).show(#name, f))
        });
        quote! {
            #[automatically_derived]
            impl ::core::fmt::Debug for #reply {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    #[allow(unused_imports)]
                    use #runtime::private::{Hidden, Show, Shown};
                    match self { #(#arms),* }
                }
            }
        }
    }
}
