//! `#[derive(Command)]`: whom it is for and what it may be answered with.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{DeriveInput, Path, Visibility};

use super::{
    item,
    message::{Kind, Message},
};
use crate::{
    diagnostics::{Diagnostics, refusal},
    names::runtime,
    words::Words,
};

const WORDS: &[&str] = &["to", "replies", "refusals", "name", "version", "upgrade"];

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
pub(super) struct Command<'a> {
    pub(super) vis: &'a Visibility,
    pub(super) message: Message<'a>,
    /// `None` where it was left out, which has been reported.
    endpoint: Option<Path>,
    pub(super) answers: Vec<Answer>,
}

/// One declared answer.
pub(super) struct Answer {
    pub(super) reply: Path,
    pub(super) refusal: bool,
    /// The last segment of the path.
    pub(super) variant: Ident,
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
        let by_key = self.message.by_key(&quote!(IsCommand));
        let command = self.impl_command();
        let answers = if self.answers.is_empty() {
            TokenStream::new()
        } else {
            self.expand_answers()
        };
        quote!(#info #by_key #command #answers)
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

    /// `impl Command`
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
        }
    }
}
