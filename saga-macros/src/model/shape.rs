//! The shape of a handler: what its signature says, and what its clause asks for.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{FnArg, GenericArgument, Ident, PathArguments, ReceiverKind, ReturnType, Signature, Type};

use crate::parse::{Effect, Word, wrapped};

use super::{Clause, shown};

/// How a handler takes the saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    None,
    Shared,
    Exclusive,
    Other,
}

/// A parameter behind the receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Param<'a> {
    Context,
    Message(&'a Type),
}

/// What a signature says.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) receiver: Receiver,
    pub(crate) params: Vec<Param<'a>>,
    /// The return type; `None` where there is none.
    pub(crate) returns: Option<&'a Type>,
    /// The same without `Result<.., E>`.
    pub(crate) outcome: Option<&'a Type>,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(signature: &'a Signature) -> Self {
        let returns = match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, returns) => Some(&**returns),
        };
        let params = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Receiver(_) => None,
            FnArg::Typed(param) => Some(if is_context(&param.ty) {
                Param::Context
            } else {
                Param::Message(&param.ty)
            }),
        });
        Self {
            receiver: receiver(signature),
            params: params.collect(),
            returns,
            outcome: returns.map(|returns| success(returns).unwrap_or(returns)),
        }
    }

    /// The types of the parameters that are given messages.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &'a Type> {
        self.params.iter().filter_map(|param| match param {
            Param::Context => None,
            Param::Message(ty) => Some(*ty),
        })
    }

    /// The name of the enum that decides between labelled outcomes: the return type, or what stands behind `Self`.
    pub(crate) fn label_enum(&self, word: Word) -> Option<&'a Ident> {
        let decision = match (word, self.outcome?) {
            (Word::Start, Type::Tuple(tuple)) if tuple.elems.len() == 2 => tuple.elems.last()?,
            (Word::Start, _) => return None,
            (_, outcome) => outcome,
        };
        match decision {
            Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
            _ => None,
        }
    }
}

fn receiver(signature: &Signature) -> Receiver {
    match signature.receiver().map(|receiver| &receiver.kind) {
        None => Receiver::None,
        Some(ReceiverKind::Reference(_, _, None)) => Receiver::Shared,
        Some(ReceiverKind::Reference(_, _, Some(_))) => Receiver::Exclusive,
        Some(_) => Receiver::Other,
    }
}

fn is_context(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => last_name(&reference.elem).is_some_and(|name| name == "Context"),
        _ => false,
    }
}

/// The name at the end of a path type.
pub(crate) fn last_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// `T` of `Result<T, ..>`.
fn success(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(success) => Some(success),
        _ => None,
    }
}

/// What a clause asks its method to look like.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) receiver: Receiver,
    /// The types of the messages it is given, in written order.
    pub(crate) messages: Vec<TokenStream>,
    /// What it returns, in written order.
    pub(crate) outcome: Vec<TokenStream>,
    name: Ident,
}

impl Expected {
    pub(crate) fn of(clause: &Clause<'_>) -> Self {
        let receiver = match clause.word() {
            Word::Start => Receiver::None,
            Word::Compensate => Receiver::Shared,
            _ if clause.is_ended() => Receiver::None,
            _ => Receiver::Exclusive,
        };
        let messages = clause
            .trigger
            .items()
            .iter()
            .map(|item| wrapped(&item.message, item.arity))
            .collect();
        Self {
            receiver,
            messages,
            outcome: outcome(clause),
            name: clause.name().clone(),
        }
    }

    /// The outcome as one type: `()`, the type, or a tuple.
    pub(crate) fn outcome_type(&self) -> TokenStream {
        let outcome = &self.outcome;
        match outcome.as_slice() {
            [one] => one.clone(),
            _ => quote!((#(#outcome),*)),
        }
    }

    /// The whole signature in words.
    pub(crate) fn signature(&self) -> String {
        let receiver = match self.receiver {
            Receiver::Shared => Some("&self".to_owned()),
            Receiver::Exclusive => Some("&mut self".to_owned()),
            Receiver::None | Receiver::Other => None,
        };
        let names = ["message".to_owned()]
            .into_iter()
            .chain((2..).map(|n| format!("message{n}")));
        let messages = names
            .zip(&self.messages)
            .map(|(name, ty)| format!("{name}: {}", plain(ty)));
        let params: Vec<String> = receiver.into_iter().chain(messages).collect();
        let returns = match self.outcome.is_empty() {
            true => String::new(),
            false => format!(" -> {}", plain(&self.outcome_type())),
        };
        format!("fn {}({}){returns}", self.name, params.join(", "))
    }
}

/// The type as a person writes it.
pub(crate) fn plain(ty: &TokenStream) -> String {
    shown(ty)
        .replace("::core::option::Option", "Option")
        .replace("::std::vec::Vec", "Vec")
}

fn outcome(clause: &Clause<'_>) -> Vec<TokenStream> {
    let saga = (clause.word() == Word::Start).then(|| quote!(Self));
    let rest = if clause.is_labelled() {
        let name = clause
            .shape
            .label_enum(clause.word())
            .map(ToTokens::to_token_stream);
        vec![name.unwrap_or_else(|| quote!(Outcome))]
    } else {
        let effects = clause.branches.iter().flat_map(|branch| &branch.written.effects);
        effects.map(Effect::returned).collect()
    };
    saga.into_iter().chain(rest).collect()
}
