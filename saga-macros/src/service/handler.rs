//! One handler of a service: its clause, and the method it stands on.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{
    Attribute, Error, FnArg, Path, Receiver, ReceiverKind, Result, ReturnType, Signature, Token, Type,
    parse::{Parse, ParseStream},
    token::Brace,
};

use super::item::{Method, is_annotation};
use crate::{
    diagnostics::{Diagnostics, refusal},
    parse::{Arity, Effect, Item, Verb, effects},
};

/// The most effects of one handler: the runtime knows tuples up to this length.
const MAX_EFFECTS: usize = 12;

const SHAPE: &str = "a service's handler is `async fn(&self, message: Message) -> ..`, with `context: &Context` last if it asks";

/// A handler without a mistake.
pub(super) struct Handler {
    pub(super) method: Ident,
    pub(super) message: Path,
    pub(super) effects: Vec<Effect>,
    /// The type of the message's parameter.
    pub(super) parameter: Type,
    /// The type of the context's parameter, if there is one.
    pub(super) context: Option<Type>,
    /// The return type; `()` at the method's name where none is written.
    pub(super) returns: TokenStream,
}

impl Handler {
    /// `None` for a method without annotation, and for one with a mistake, which has been reported.
    pub(super) fn read(method: &Method, errors: &mut Diagnostics) -> Option<Self> {
        let annotation = annotation(method, errors)?;
        let clause = errors.keep(annotation.parse_args::<Clause>());
        let shape = Shape::read(method, errors);
        let (Clause { message, effects }, Shape { parameter, context }) = (clause?, shape?);
        let returns = returns(&method.sig);
        Some(Self {
            method: method.sig.ident.clone(),
            message,
            effects,
            parameter,
            context,
            returns,
        })
    }
}

/// The one `#[on(..)]` of a handler.
fn annotation<'a>(method: &'a Method, errors: &mut Diagnostics) -> Option<&'a Attribute> {
    let mut annotations = method.attrs.iter().filter(|attr| is_annotation(attr));
    let first = annotations.next()?;
    if let Some(second) = annotations.next() {
        let remedy = "give each message a method of its own";
        errors.push(refusal(
            second.path(),
            "S007: one handler takes one message",
            remedy,
        ));
        return None;
    }
    if first.path().segments.last().is_none_or(|last| last.ident != "on") {
        let what = "a service has no state, so that nothing starts, times out or is compensated in it";
        errors.push(refusal(
            first.path(),
            what,
            "write `#[on(Message ..)]`, or make it a saga",
        ));
        return None;
    }
    Some(first)
}

fn returns(sig: &Signature) -> TokenStream {
    match &sig.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => quote_spanned!(sig.ident.span()=> ()),
    }
}

/// `Message [ "->" effect { "," effect } ]`
struct Clause {
    message: Path,
    effects: Vec<Effect>,
}

impl Parse for Clause {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let item: Item = input.parse()?;
        refuse_modifiers(&item)?;
        refuse_saga_words(input)?;
        let effects = effects(input)?;
        refuse_saga_words(input)?;
        if !input.is_empty() {
            return Err(input.error("expected `,` and the next effect, or nothing"));
        }
        refuse_replies(&effects)?;
        Ok(Self {
            message: item.message,
            effects,
        })
    }
}

fn refuse_modifiers(item: &Item) -> Result<()> {
    if item.arity != Arity::One {
        return Err(refusal(
            &item.message,
            "a service takes one message at a time",
            "leave out `?` or `*`",
        ));
    }
    match &item.of {
        Some(of) => Err(refusal(
            of,
            "`of` is for replies, which go to sagas",
            "leave it out",
        )),
        None => Ok(()),
    }
}

/// `in State`, `=> State` and `{ Label .. }` have no meaning here; the rest of the clause is drained with them.
fn refuse_saga_words(input: ParseStream<'_>) -> Result<()> {
    let what = if input.peek(Token![in]) || input.peek(Token![=>]) {
        "a service has no states"
    } else if input.peek(Brace) {
        "a service has no branches to choose from"
    } else {
        return Ok(());
    };
    let word = input.span();
    input.parse::<TokenStream>()?;
    let remedy = "write `#[on(Message -> publish Event?, send Command)]`, or make it a saga";
    Err(at(word, what, remedy))
}

fn refuse_replies(effects: &[Effect]) -> Result<()> {
    let replies = effects.iter().filter(|effect| effect.verb == Verb::Reply);
    let errors = replies.map(|effect| {
        let remedy = "leave `reply` out and return the command's reply enum before the effects";
        refusal(&effect.message, "a service answers by its return type", remedy)
    });
    let too_many = effects.get(MAX_EFFECTS).map(|effect| {
        let what = format!("S007: a handler has at most {MAX_EFFECTS} effects");
        refusal(
            &effect.message,
            what,
            "send several of one type as a `*` effect, or split the handler",
        )
    });
    all(errors.chain(too_many))
}

/// The parameters behind `&self`.
struct Shape {
    parameter: Type,
    context: Option<Type>,
}

impl Shape {
    fn read(method: &Method, errors: &mut Diagnostics) -> Option<Self> {
        let checks = [
            refuse_cfg(method),
            refuse_kind(&method.sig),
            refuse_receiver(&method.sig),
        ];
        let mistakes: Vec<Error> = checks.into_iter().filter_map(Result::err).collect();
        let sound = mistakes.is_empty();
        errors.extend(mistakes);
        errors.keep(Self::of_parameters(&method.sig)).filter(|_| sound)
    }

    fn of_parameters(sig: &Signature) -> Result<Self> {
        let mut parameters = sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(&typed.ty),
            FnArg::Receiver(_) => None,
        });
        let Some(parameter) = parameters.next() else {
            return Err(refusal(&sig.ident, "S007: the handler takes no message", SHAPE));
        };
        let context = parameters.next();
        match parameters.next() {
            Some(third) => Err(refusal(
                third,
                "S007: the handler takes more than a message and `&Context`",
                SHAPE,
            )),
            None => Ok(Self {
                parameter: (**parameter).clone(),
                context: context.map(|ty| (**ty).clone()),
            }),
        }
    }
}

fn refuse_cfg(method: &Method) -> Result<()> {
    match method
        .attrs
        .iter()
        .find(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))
    {
        Some(cfg) => {
            let what = "the checks cannot see whether a handler under `#[cfg]` exists";
            Err(refusal(
                cfg.path(),
                what,
                "put the `#[cfg]` on the whole service, or inside the handler",
            ))
        }
        None => Ok(()),
    }
}

fn refuse_kind(sig: &Signature) -> Result<()> {
    if sig.asyncness.is_none() {
        return Err(refusal(
            sig.fn_token,
            "S007: a service's handler is an `async fn`",
            "write `async fn`",
        ));
    }
    match sig.generics.params.first() {
        Some(generic) => Err(refusal(
            generic,
            "S007: a handler takes no type parameters and no lifetimes",
            SHAPE,
        )),
        None => Ok(()),
    }
}

fn refuse_receiver(sig: &Signature) -> Result<()> {
    match sig.receiver() {
        Some(Receiver {
            kind: ReceiverKind::Reference(_, _, None),
            ..
        }) => Ok(()),
        Some(receiver) => {
            let what = "S007: handlers of a service run side by side, so that each borrows it";
            Err(refusal(receiver, what, "write `&self`"))
        }
        None => Err(refusal(
            &sig.ident,
            "S007: a service's handler takes `&self`",
            SHAPE,
        )),
    }
}

fn at(span: Span, what: &str, remedy: &str) -> Error {
    Error::new(span, format!("{what}\nremedy: {remedy}"))
}

fn all(errors: impl Iterator<Item = Error>) -> Result<()> {
    let all = errors.reduce(|mut all, error| {
        all.combine(error);
        all
    });
    all.map_or(Ok(()), Err)
}
