//! `#[derive(Command)]`: whom it is for, what it may be answered with, and the enum of the answers.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, Path, Visibility, ext::IdentExt};

use super::{
    item,
    message::{Kind, Message, correlated},
};
use crate::{
    diagnostics::{Diagnostics, refusal},
    names::runtime,
    words::Words,
};

const WORDS: &[&str] = &["to", "replies", "refusals", "name", "version"];

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let mut errors = Diagnostics::default();
    let expanded = expand(input, &mut errors).unwrap_or_default();
    quote!(#expanded #errors)
}

fn expand(input: TokenStream, errors: &mut Diagnostics) -> Option<TokenStream> {
    let item = item::parse(input, errors)?;
    let mut words = Words::of_attributes(&item.attrs, "command", WORDS, errors);
    let endpoint = endpoint(&item, &mut words, errors);
    let answers = answers(&mut words, errors);
    let message = Message::read(&item, "a command", &mut words, errors)?;
    let command = Command {
        vis: &item.vis,
        message,
        endpoint,
        answers,
    };
    Some(command.expand())
}

/// A command as written.
struct Command<'a> {
    vis: &'a Visibility,
    message: Message<'a>,
    /// `None` where it was left out, which has been reported.
    endpoint: Option<Path>,
    answers: Vec<Answer>,
}

/// One declared answer.
struct Answer {
    reply: Path,
    refusal: bool,
    /// The last segment of the path.
    variant: Ident,
}

fn endpoint(item: &DeriveInput, words: &mut Words, errors: &mut Diagnostics) -> Option<Path> {
    match words.take("to") {
        Some(word) => word.assigned("the type of an endpoint", "Endpoint", errors),
        None => {
            let text = "the command does not say whom it is for";
            errors.push(refusal(&item.ident, text, "write `#[command(to = Endpoint)]`"));
            None
        }
    }
}

fn answers(words: &mut Words, errors: &mut Diagnostics) -> Vec<Answer> {
    let replies = words
        .paths("replies", errors)
        .into_iter()
        .map(|reply| (reply, false));
    let refusals = words
        .paths("refusals", errors)
        .into_iter()
        .map(|reply| (reply, true));
    let mut answers: Vec<Answer> = Vec::new();
    for (reply, refusal) in replies.chain(refusals).collect::<Vec<_>>() {
        let Some(variant) = reply.segments.last().map(|segment| segment.ident.clone()) else {
            continue;
        };
        if answers.iter().any(|earlier| earlier.variant == variant) {
            errors.push(same_name(&reply, &variant));
        } else {
            answers.push(Answer {
                reply,
                refusal,
                variant,
            });
        }
    }
    answers
}

fn same_name(reply: &Path, variant: &Ident) -> syn::Error {
    refusal(
        reply,
        format!("two answers are called `{variant}`, but the reply enum has one variant per name"),
        "name it once; if they are two types, import one under another name: `use .. as ..`",
    )
}

impl Command<'_> {
    fn expand(&self) -> TokenStream {
        let info = self.message.expand(&self.kind());
        let by_key = self.message.by_key();
        let command = self.impl_command();
        let answers = if self.answers.is_empty() {
            TokenStream::new()
        } else {
            self.expand_answers()
        };
        quote!(#info #by_key #command #answers)
    }

    fn expand_answers(&self) -> TokenStream {
        let items = [
            self.reply_enum(),
            self.impl_variants(),
            self.impl_from(),
            self.impl_incoming(),
            self.impl_replies(),
            self.impl_answer(),
            correlated(&self.reply_ident(), &quote!(ByRequest)),
            self.impl_debug(),
        ];
        quote!(#(#items)*)
    }

    /// `<Command>Reply`, found at the command's own name.
    fn reply_ident(&self) -> Ident {
        format_ident!(
            "{}Reply",
            self.message.ident.unraw(),
            span = self.message.ident.span()
        )
    }

    /// The type that answers.
    fn reply_type(&self) -> TokenStream {
        let runtime = runtime();
        if self.answers.is_empty() {
            return quote!(#runtime::message::NoReply);
        }
        let reply = self.reply_ident();
        quote!(#reply)
    }

    fn kind(&self) -> Kind {
        let (runtime, reply) = (runtime(), self.reply_type());
        let replies = self.answers.iter().enumerate().map(|(i, answer)| {
            let refusal = answer.refusal;
            quote!(#runtime::private::reply_info::<#reply, #i>(#refusal),)
        });
        Kind {
            kind: quote!(Command),
            endpoint: quote!(::core::option::Option::Some(#runtime::private::endpoint_of::<Self>())),
            replies: replies.collect(),
            external: false,
            outsiders: false,
        }
    }

    /// `impl Command`, and who may handle it.
    fn impl_command(&self) -> TokenStream {
        let (runtime, ident, reply) = (runtime(), self.message.ident, self.reply_type());
        let nowhere = quote!(#runtime::private::Nowhere);
        let endpoint = self
            .endpoint
            .as_ref()
            .map_or(nowhere, |endpoint| quote!(#endpoint));
        quote! {
            #[automatically_derived]
            impl #runtime::message::Command for #ident {
                type Endpoint = #endpoint;
                type Reply = #reply;
            }

            #[automatically_derived]
            impl #runtime::private::HandledAt<#endpoint> for #ident {}

            #[automatically_derived]
            impl #runtime::private::Answered for #ident {
                type Answer = #reply;
            }
        }
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
                quote! {
                    #[automatically_derived]
                    impl #runtime::private::Variant<#i> for #enumeration {
                        type Message = #reply;

                        fn wrap(message: #reply) -> Self {
                            Self::#variant(message)
                        }
                    }
                }
            });
        quote!(#(#impls)*)
    }

    fn impl_from(&self) -> TokenStream {
        let enumeration = self.reply_ident();
        let impls = self.answers.iter().map(|Answer { reply, variant, .. }| {
            quote! {
                #[automatically_derived]
                impl ::core::convert::From<#reply> for #enumeration {
                    fn from(reply: #reply) -> Self {
                        Self::#variant(reply)
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
        let arms = self.answers.iter().enumerate().map(|(i, Answer { variant, .. })| {
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

    fn impl_debug(&self) -> TokenStream {
        let (runtime, reply) = (runtime(), self.reply_ident());
        let arms = self.answers.iter().map(|Answer { variant, .. }| {
            let name = variant.unraw().to_string();
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
