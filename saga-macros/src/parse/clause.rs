//! The grammar of a clause: messages, states, effects and outcomes, exactly as written.
//!
//! ```text
//! clause  := trigger [ "in" places ] ( outcome | "{" Label outcome { "|" Label outcome } "}" )
//! outcome := [ "->" effect { "," effect } ] [ "=>" target ]
//! ```

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Error, Ident, Path, Result, Token, braced,
    parse::{Parse, ParseStream},
    token::Brace,
};

/// How many of a message: written with nothing, `?` or `*` behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    One,
    Optional,
    Many,
}

/// A message in a trigger or in an impl-level word: `A`, `A?`, `A*`, `A of Command`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) message: Path,
    pub(crate) of: Option<Path>,
    pub(crate) arity: Arity,
}

/// One of the alternatives behind `in`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    State(Ident),
    Rest(Token![_]),
    Compensate(Ident),
    End(Ident),
}

/// The word before an effect, with its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Send,
    Publish,
    Reply,
}

/// `send Command?`, `publish Event*`, `reply Reply to Command`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Effect {
    pub(crate) verb: Verb,
    pub(crate) message: Path,
    pub(crate) arity: Arity,
    pub(crate) to: Option<Path>,
}

/// Where `=>` leads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    State(Ident),
    Compensate(Ident),
    End(Ident),
}

/// One possible outcome of a handler.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Branch {
    pub(crate) label: Option<Ident>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) target: Option<Target>,
}

mod word {
    syn::custom_keyword!(of);
    syn::custom_keyword!(to);
}

impl Parse for Arity {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.parse::<Option<Token![?]>>()?.is_some() {
            Ok(Self::Optional)
        } else if input.parse::<Option<Token![*]>>()?.is_some() {
            Ok(Self::Many)
        } else {
            Ok(Self::One)
        }
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let message = message(input)?;
        let arity = input.parse()?;
        let of = match input.parse::<Option<word::of>>()? {
            Some(_) => Some(self::message(input)?),
            None => None,
        };
        Ok(Self { message, of, arity })
    }
}

/// A message's type: a path, possibly into another crate.
pub(crate) fn message(input: ParseStream<'_>) -> Result<Path> {
    if !(input.peek(Ident)
        || input.peek(Token![::])
        || input.peek(Token![crate])
        || input.peek(Token![super]))
    {
        return Err(input.error("expected a message type"));
    }
    input.parse()
}

impl Parse for Place {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(Token![_]) {
            return input.parse().map(Self::Rest);
        }
        let state = state(input)?;
        Ok(match state.to_string().as_str() {
            "compensate" => Self::Compensate(state),
            "end" => Self::End(state),
            _ => Self::State(state),
        })
    }
}

impl ToTokens for Place {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::State(word) | Self::Compensate(word) | Self::End(word) => word.to_tokens(tokens),
            Self::Rest(token) => token.to_tokens(tokens),
        }
    }
}

/// `in A | B`, if it is there.
pub(crate) fn places(input: ParseStream<'_>) -> Result<Option<Vec<Place>>> {
    if input.parse::<Option<Token![in]>>()?.is_none() {
        return Ok(None);
    }
    let mut places = vec![input.parse()?];
    while input.parse::<Option<Token![|]>>()?.is_some() {
        places.push(input.parse()?);
    }
    Ok(Some(places))
}

impl Parse for Target {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let state = state(input)?;
        Ok(match state.to_string().as_str() {
            "compensate" => Self::Compensate(state),
            "end" => Self::End(state),
            _ => Self::State(state),
        })
    }
}

impl ToTokens for Target {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (Self::State(word) | Self::Compensate(word) | Self::End(word)) = self;
        word.to_tokens(tokens);
    }
}

fn state(input: ParseStream<'_>) -> Result<Ident> {
    input
        .parse()
        .map_err(|error| Error::new(error.span(), "expected a state, `end` or `compensate`"))
}

impl Parse for Verb {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let verb = input
            .fork()
            .parse::<Ident>()
            .ok()
            .and_then(|word| match word.to_string().as_str() {
                "send" => Some(Self::Send),
                "publish" => Some(Self::Publish),
                "reply" => Some(Self::Reply),
                _ => None,
            });
        let verb = verb.ok_or_else(|| {
            input.error("expected an effect: `send Command`, `publish Event` or `reply Reply`")
        })?;
        input.parse::<Ident>()?;
        Ok(verb)
    }
}

impl Parse for Effect {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let verb = input.parse()?;
        let message = message(input)?;
        let arity = input.parse()?;
        let to = match verb {
            Verb::Reply if input.peek(word::to) => {
                input.parse::<word::to>()?;
                Some(self::message(input)?)
            }
            _ => None,
        };
        Ok(Self {
            verb,
            message,
            arity,
            to,
        })
    }
}

impl Effect {
    /// The type in which the handler hands it over: `M`, `Option<M>` or `Vec<M>`.
    pub(crate) fn returned(&self) -> TokenStream {
        wrapped(&self.message, self.arity)
    }
}

/// `M`, `Option<M>` or `Vec<M>`.
pub(crate) fn wrapped(message: &Path, arity: Arity) -> TokenStream {
    match arity {
        Arity::One => quote!(#message),
        Arity::Optional => quote!(::core::option::Option<#message>),
        Arity::Many => quote!(::std::vec::Vec<#message>),
    }
}

/// `-> effect, effect`, if it is there.
pub(crate) fn effects(input: ParseStream<'_>) -> Result<Vec<Effect>> {
    let mut effects = Vec::new();
    if input.parse::<Option<Token![->]>>()?.is_some() {
        effects.push(input.parse()?);
        while input.parse::<Option<Token![,]>>()?.is_some() {
            effects.push(input.parse()?);
        }
    }
    Ok(effects)
}

/// One outcome without a label, or several with.
pub(crate) fn branches(input: ParseStream<'_>) -> Result<Vec<Branch>> {
    if !input.peek(Brace) {
        return Ok(vec![branch(None, input)?]);
    }
    let content;
    braced!(content in input);
    content.parse::<Option<Token![|]>>()?;
    let mut branches = vec![labelled(&content)?];
    while !content.is_empty() {
        if content.parse::<Option<Token![|]>>()?.is_none() {
            return Err(content.error("expected `|` and the next labelled outcome"));
        }
        branches.push(labelled(&content)?);
    }
    Ok(branches)
}

fn labelled(input: ParseStream<'_>) -> Result<Branch> {
    let label = input
        .parse()
        .map_err(|error| Error::new(error.span(), "expected a label: `{ Label -> .. => State | .. }`"))?;
    branch(Some(label), input)
}

fn branch(label: Option<Ident>, input: ParseStream<'_>) -> Result<Branch> {
    let effects = effects(input)?;
    let target = match input.parse::<Option<Token![=>]>>()? {
        Some(_) => Some(input.parse()?),
        None => None,
    };
    Ok(Branch {
        label,
        effects,
        target,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::{parse::Parser, parse_quote};

    fn effect(verb: Verb, message: Path, arity: Arity) -> Effect {
        Effect {
            verb,
            message,
            arity,
            to: None,
        }
    }

    #[test]
    fn effects_carry_verb_message_and_arity() {
        let written =
            effects.parse_str("-> send contracts::BillOrder*, publish Billed?, reply Done to Place");
        let expected = vec![
            effect(Verb::Send, parse_quote!(contracts::BillOrder), Arity::Many),
            effect(Verb::Publish, parse_quote!(Billed), Arity::Optional),
            Effect {
                to: Some(parse_quote!(Place)),
                ..effect(Verb::Reply, parse_quote!(Done), Arity::One)
            },
        ];
        assert_eq!(written.ok(), Some(expected));
    }

    #[test]
    fn labelled_outcomes_keep_their_written_order() {
        let written = branches.parse_str("{ Retry -> send Remind => Grace | GiveUp => end | Wait }");
        let expected = vec![
            Branch {
                label: Some(parse_quote!(Retry)),
                effects: vec![effect(Verb::Send, parse_quote!(Remind), Arity::One)],
                target: Some(Target::State(parse_quote!(Grace))),
            },
            Branch {
                label: Some(parse_quote!(GiveUp)),
                target: Some(Target::End(parse_quote!(end))),
                ..Branch::default()
            },
            Branch {
                label: Some(parse_quote!(Wait)),
                ..Branch::default()
            },
        ];
        assert_eq!(written.ok(), Some(expected));
    }

    #[test]
    fn a_forgotten_verb_is_named() {
        let error = effects
            .parse_str("-> BillOrder")
            .map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("expected an effect: `send Command`, `publish Event` or `reply Reply`".to_owned())
        );
    }
}
