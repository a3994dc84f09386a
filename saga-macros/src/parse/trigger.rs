//! What sets a handler off, as written before `in`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, Ident, Lit, Path, Result, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    token::Brace,
};

use super::clause::{Arity, Item};

/// The attribute a handler carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Start,
    On,
    All,
    After,
    Every,
    At,
    Compensate,
    Compensated,
}

impl Word {
    /// The attribute of this name, if it is one of the language's.
    pub(crate) fn named(name: &Path) -> Option<Self> {
        Some(match name.require_ident().ok()?.to_string().as_str() {
            "start" => Self::Start,
            "on" => Self::On,
            "all" => Self::All,
            "after" => Self::After,
            "every" => Self::Every,
            "at" => Self::At,
            "compensate" => Self::Compensate,
            "compensated" => Self::Compensated,
            _ => return None,
        })
    }

    /// How a clause with this word reads.
    pub(crate) fn form(self) -> &'static str {
        match self {
            Self::Start => "#[start(Message -> effects => State)]",
            Self::On => "#[on(Message in State -> effects => State)]",
            Self::All => "#[all(MessageA, MessageB? in State -> effects => State)]",
            Self::After => "#[after(30 min in State -> effects => State)]",
            Self::Every => "#[every(1 h in State -> effects)]",
            Self::At => "#[at(self.due in State -> effects => State)]",
            Self::Compensate => "#[compensate(Reply -> send Command)]",
            Self::Compensated => "#[compensated(-> effects => end)]",
        }
    }
}

/// What sets a handler off.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trigger {
    Message(Item),
    All(Vec<Item>),
    Delay(Delay),
    Due(Box<Expr>),
    /// `compensated` names nothing.
    Undone,
}

impl Trigger {
    /// Reads what `word` is followed by.
    pub(crate) fn read(word: Word, input: ParseStream<'_>) -> Result<Self> {
        match word {
            Word::Start | Word::On | Word::Compensate => single(input).map(Self::Message),
            Word::All => items(input).map(Self::All),
            Word::After | Word::Every => input.parse().map(Self::Delay),
            Word::At => expression(input).map(|due| Self::Due(Box::new(due))),
            Word::Compensated => Ok(Self::Undone),
        }
    }

    /// The messages it names.
    pub(crate) fn items(&self) -> &[Item] {
        match self {
            Self::Message(item) => std::slice::from_ref(item),
            Self::All(items) => items,
            Self::Delay(_) | Self::Due(_) | Self::Undone => &[],
        }
    }
}

fn single(input: ParseStream<'_>) -> Result<Item> {
    let item: Item = input.parse()?;
    match item.arity {
        Arity::One => Ok(item),
        Arity::Optional | Arity::Many => Err(syn::Error::new_spanned(
            item.message,
            "`?` and `*` behind the message belong to `#[all(..)]`",
        )),
    }
}

fn items(input: ParseStream<'_>) -> Result<Vec<Item>> {
    let mut items = vec![input.parse()?];
    while input.parse::<Option<Token![,]>>()?.is_some() {
        items.push(input.parse()?);
    }
    Ok(items)
}

/// The expression up to `in`, `->`, `=>` or the labelled outcomes, all of which Rust would read on into.
fn expression(input: ParseStream<'_>) -> Result<Expr> {
    let mut tokens = TokenStream::new();
    while !(input.is_empty() || input.peek(Token![in]) || input.peek(Token![->]) || input.peek(Token![=>])) {
        if input.peek(Brace) && is_last(input)? {
            break;
        }
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    if tokens.is_empty() {
        return Err(input.error("expected an expression over `self`: a `Timestamp` or an `Option` of one"));
    }
    syn::parse2(tokens)
}

fn is_last(input: ParseStream<'_>) -> Result<bool> {
    let ahead = input.fork();
    ahead.parse::<TokenTree>()?;
    Ok(ahead.is_empty())
}

/// A delay as written: a number and a unit, or the path of a `Duration` constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Delay {
    Literal { number: Lit, unit: Option<Ident> },
    Constant(Path),
}

impl Parse for Delay {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(Lit) {
            let number = input.parse()?;
            let unit = if input.peek(Ident) {
                Some(input.call(Ident::parse_any)?)
            } else {
                None
            };
            return Ok(Self::Literal { number, unit });
        }
        if input.peek(Ident)
            || input.peek(Token![::])
            || input.peek(Token![Self])
            || input.peek(Token![crate])
        {
            return input.parse().map(Self::Constant);
        }
        Err(input.error("expected a delay, such as `30 min`, or the path of a `Duration` constant"))
    }
}

impl ToTokens for Delay {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal { number, unit } => {
                number.to_tokens(tokens);
                unit.to_tokens(tokens);
            }
            Self::Constant(path) => path.to_tokens(tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::{parse::Parser, parse_quote};

    #[test]
    fn an_expression_ends_where_the_clause_goes_on() {
        for rest in ["in Trial", "-> send Remind", "=> end", "{ A => end }", ""] {
            let due = |input: ParseStream<'_>| {
                let due = expression(input)?;
                input.parse::<TokenStream>()?;
                Ok(due)
            };
            let read = due.parse_str(&format!("self.remind_on.map(|t| t - WEEK) {rest}"));
            assert_eq!(read.ok(), Some(parse_quote!(self.remind_on.map(|t| t - WEEK))));
        }
    }

    #[test]
    fn a_delay_is_a_number_with_a_unit_or_a_constant() {
        let read = |text| syn::parse_str::<Delay>(text).ok();
        assert_eq!(
            read("30 min"),
            Some(Delay::Literal {
                number: parse_quote!(30),
                unit: Some(parse_quote!(min))
            })
        );
        assert_eq!(
            read("Self::PATIENCE"),
            Some(Delay::Constant(parse_quote!(Self::PATIENCE)))
        );
        assert_eq!(read("=> end"), None);
    }
}
