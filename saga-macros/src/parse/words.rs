//! The impl-level words: `#[saga(states(..), ignore(..), ..)]` as written.

use proc_macro2::TokenStream;
use syn::{
    Error, Ident, Member, Path, Result, Token, parenthesized,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
    token::Paren,
};

use super::clause::{Item, Place, message, places};
use crate::{
    diagnostics::{Diagnostics, refusal},
    names::did_you_mean,
};

/// What becomes of a message that no handler takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    Ignore,
    Defer,
    Unexpected,
}

/// `ignore(M in S)`, `defer(M in S)` or `unexpected(M in S)`; one for each message named.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exception {
    pub(crate) how: Treatment,
    pub(crate) item: Item,
    pub(crate) places: Option<Vec<Place>>,
}

/// `by(M = path.to.field)`, or `by(M = (tenant, order.id))`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyPath {
    pub(crate) message: Path,
    pub(crate) fields: Vec<Punctuated<Member, Token![.]>>,
}

/// `renamed(Old = New)`: a state, or the handler of a timer, that older builds stored under another name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Renamed {
    pub(crate) old: Ident,
    pub(crate) new: Ident,
}

/// What stands in `retired(..)`: kept for instances of older builds alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Retired {
    /// A state that nothing leads to any more, or the handler of a timer that is not armed any more.
    Name(Ident),
    /// `send Command in State`: a command that is not sent any more.
    Send {
        command: Path,
        places: Option<Vec<Place>>,
    },
}

/// All of them, in the order written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Words {
    pub(crate) states: Vec<Ident>,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) no_timeout: Vec<Ident>,
    pub(crate) no_undo: Vec<Path>,
    pub(crate) settled: Vec<Ident>,
    pub(crate) keys: Vec<KeyPath>,
    pub(crate) renamed: Vec<Renamed>,
    pub(crate) retired: Vec<Retired>,
}

const WORDS: [&str; 10] = [
    "states",
    "ignore",
    "defer",
    "unexpected",
    "no_timeout",
    "no_undo",
    "settled",
    "by",
    "renamed",
    "retired",
];

impl Words {
    /// Reads what stands in `#[saga(..)]` on an impl block; a mistake in one word leaves the others standing.
    pub(crate) fn read(args: TokenStream, errors: &mut Diagnostics) -> Self {
        let mut words = Self::default();
        let read = (|input: ParseStream<'_>| words.read_all(input, errors)).parse2(args);
        errors.keep(read);
        words
    }

    fn read_all(&mut self, input: ParseStream<'_>, errors: &mut Diagnostics) -> Result<()> {
        while !input.is_empty() {
            let word = input.parse::<Ident>()?;
            if !input.peek(Paren) {
                return Err(misplaced(&word));
            }
            let content;
            parenthesized!(content in input);
            errors.keep(self.read_one(&word, &content));
            content.parse::<TokenStream>()?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn read_one(&mut self, word: &Ident, content: ParseStream<'_>) -> Result<()> {
        match word.to_string().as_str() {
            "states" => self.states.extend(list(content, Ident::parse)?),
            "no_timeout" => self.no_timeout.extend(list(content, Ident::parse)?),
            "retired" => self.retired.extend(list(content, Retired::parse)?),
            "settled" => self.settled.extend(list(content, Ident::parse)?),
            "no_undo" => self.no_undo.extend(list(content, message)?),
            "by" => self.keys.extend(list(content, KeyPath::parse)?),
            "renamed" => self.renamed.extend(list(content, Renamed::parse)?),
            "ignore" => exceptions(Treatment::Ignore, content, &mut self.exceptions)?,
            "defer" => exceptions(Treatment::Defer, content, &mut self.exceptions)?,
            "unexpected" => exceptions(Treatment::Unexpected, content, &mut self.exceptions)?,
            _ => return Err(misplaced(word)),
        }
        Ok(())
    }
}

fn misplaced(word: &Ident) -> Error {
    let written = word.to_string();
    match written.as_str() {
        "by" | "at" | "name" | "version" | "upgrade" | "endless" => refusal(
            word,
            format!("`{written}` belongs on the struct"),
            "write `#[saga(by = key_field, at = Endpoint)]` above the struct",
        ),
        _ => {
            let remedy = match did_you_mean(&written, WORDS) {
                Some(near) => format!("did you mean `{near}(..)`?"),
                None => format!("the words here are `{}`", WORDS.join("(..)`, `") + "(..)"),
            };
            refusal(
                word,
                format!("`{written}` is no word of `#[saga]` on an impl block"),
                remedy,
            )
        }
    }
}

/// What can be read of a list separated by commas, up to its end.
fn list<T>(input: ParseStream<'_>, item: fn(ParseStream<'_>) -> Result<T>) -> Result<Vec<T>> {
    let items = Punctuated::<T, Token![,]>::parse_terminated_with(input, item)?;
    Ok(items.into_iter().collect())
}

/// `A, B in S | T, C`: messages up to an `in` share the states behind it.
fn exceptions(how: Treatment, input: ParseStream<'_>, into: &mut Vec<Exception>) -> Result<()> {
    while !input.is_empty() {
        let mut items = vec![input.parse::<Item>()?];
        while input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            items.push(input.parse()?);
        }
        let places = places(input)?;
        into.extend(items.into_iter().map(|item| Exception {
            how,
            item,
            places: places.clone(),
        }));
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

impl Parse for Renamed {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let old = input.parse()?;
        input.parse::<Token![=]>()?;
        let new = input.parse()?;
        Ok(Self { old, new })
    }
}

impl Parse for Retired {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.parse::<Ident>()?;
        if name != "send" || input.is_empty() || input.peek(Token![,]) {
            return Ok(Self::Name(name));
        }
        Ok(Self::Send {
            command: message(input)?,
            places: places(input)?,
        })
    }
}

impl Parse for KeyPath {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let message = message(input)?;
        input.parse::<Token![=]>()?;
        let fields = if input.peek(Paren) {
            let content;
            parenthesized!(content in input);
            list(&content, field)?
        } else {
            vec![field(input)?]
        };
        Ok(Self { message, fields })
    }
}

fn field(input: ParseStream<'_>) -> Result<Punctuated<Member, Token![.]>> {
    Punctuated::parse_separated_nonempty(input)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // what a test writes itself can be read
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn read(args: TokenStream) -> (Words, usize) {
        let mut errors = Diagnostics::default();
        let words = Words::read(args, &mut errors);
        (words, errors.texts().count())
    }

    #[test]
    fn messages_before_one_in_share_its_states() {
        let (words, mistakes) = read(quote!(unexpected(A, B in end, C in X | Y)));
        let expected = [("A", "end"), ("B", "end"), ("C", "X | Y")];
        let exception = |(message, states): (&str, &str)| Exception {
            how: Treatment::Unexpected,
            item: syn::parse_str(message).unwrap(),
            places: places.parse_str(&format!("in {states}")).unwrap(),
        };
        assert_eq!(words.exceptions, expected.map(exception));
        assert_eq!(mistakes, 0);
    }

    #[test]
    fn a_mistake_in_one_word_leaves_the_others_standing() {
        let (words, mistakes) = read(quote!(states(A, B,), ignor(M in A), no_timeout(=), settled(B)));
        let expected = Words {
            states: parse_idents(&["A", "B"]),
            settled: parse_idents(&["B"]),
            ..Words::default()
        };
        assert_eq!((words, mistakes), (expected, 2));
    }

    #[test]
    fn keys_may_be_nested_or_composite() {
        let (words, _) = read(quote!(by(Paid = order.id, Shipped = (tenant, parcel.0))));
        let expected = [
            KeyPath {
                message: parse_quote!(Paid),
                fields: vec![field.parse_str("order.id").unwrap()],
            },
            KeyPath {
                message: parse_quote!(Shipped),
                fields: vec![
                    field.parse_str("tenant").unwrap(),
                    field.parse2(quote!(parcel.0)).unwrap(),
                ],
            },
        ];
        assert_eq!(words.keys, expected);
    }

    #[test]
    fn what_is_retired_is_a_name_or_a_send() {
        let (words, mistakes) = read(quote!(retired(Insuring, send, send Bill in X | Y, send Check)));
        let name = |name: &str| Retired::Name(Ident::new(name, proc_macro2::Span::call_site()));
        let send = |command: &str, states: &str| Retired::Send {
            command: syn::parse_str(command).unwrap(),
            places: places.parse_str(states).unwrap(),
        };
        let expected = [
            name("Insuring"),
            name("send"),
            send("Bill", "in X | Y"),
            send("Check", ""),
        ];
        assert_eq!((words.retired.as_slice(), mistakes), (&expected[..], 0));
    }

    fn parse_idents(names: &[&str]) -> Vec<Ident> {
        names
            .iter()
            .map(|name| Ident::new(name, proc_macro2::Span::call_site()))
            .collect()
    }
}
