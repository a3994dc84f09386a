//! The words of an attribute, `word`, `word = value` or `word(..)`, read one by one so that a mistake in one of them
//! hides none of the others.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, LitInt, LitStr, Meta, Path, Token, parse::Parser, punctuated::Punctuated};

use crate::{
    diagnostics::{Diagnostics, refusal},
    names::did_you_mean,
    upgrade,
};

/// The words of one attribute, in the order written.
pub(crate) struct Words {
    words: Vec<Word>,
}

/// One word.
pub(crate) struct Word {
    pub(crate) name: Ident,
    value: Value,
}

enum Value {
    Bare,
    Assigned(TokenStream),
    Listed(TokenStream),
}

impl Words {
    /// The words of every `#[attribute(..)]` among `attrs`.
    pub(crate) fn of_attributes(
        attrs: &[Attribute],
        attribute: &str,
        allowed: &[&str],
        errors: &mut Diagnostics,
    ) -> Self {
        let owner = format!("`#[{attribute}(..)]`");
        let mut tokens = TokenStream::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(attribute)) {
            match &attr.meta {
                Meta::Path(_) => {}
                Meta::List(list) => {
                    let list = &list.tokens;
                    tokens.extend(quote!(#list,));
                }
                Meta::NameValue(_) => errors.push(refusal(
                    attr.path(),
                    "this attribute takes words",
                    one_of(&owner, allowed),
                )),
            }
        }
        Self::of_tokens(tokens, &owner, allowed, errors)
    }

    /// The words of an attribute or macro that calls itself `owner` in what it says.
    pub(crate) fn of_tokens(
        tokens: TokenStream,
        owner: &str,
        allowed: &[&str],
        errors: &mut Diagnostics,
    ) -> Self {
        let mut words: Vec<Word> = Vec::new();
        for item in split_at_commas(tokens) {
            let Some(word) = Word::read(item, owner, allowed, errors) else {
                continue;
            };
            if words.iter().any(|earlier| earlier.name == word.name) {
                errors.push(refusal(
                    &word.name,
                    format!("`{}` is said twice", word.name),
                    "keep one of them",
                ));
            } else {
                words.push(word);
            }
        }
        Self { words }
    }

    /// The word of this name, if it was written.
    pub(crate) fn take(&mut self, name: &str) -> Option<Word> {
        let at = self.words.iter().position(|word| word.name == name)?;
        Some(self.words.remove(at))
    }

    /// `name = ".."`
    pub(crate) fn text(&mut self, name: &str, errors: &mut Diagnostics) -> Option<LitStr> {
        self.take(name)?.assigned("a text in quotes", "\"..\"", errors)
    }

    /// `name(A, B)`
    pub(crate) fn paths(&mut self, name: &str, errors: &mut Diagnostics) -> Vec<Path> {
        self.take(name)
            .map(|word| word.listed(errors))
            .unwrap_or_default()
    }

    /// `name(1 = A, 2 = B)`
    pub(crate) fn upgrades(&mut self, name: &str, errors: &mut Diagnostics) -> Vec<(LitInt, Path)> {
        let Some(word) = self.take(name) else {
            return Vec::new();
        };
        let Value::Listed(pairs) = word.value else {
            let what = format!("`{name}` lists older versions");
            errors.push(refusal(
                &word.name,
                what,
                format!("write `{name}(1 = TypeOfVersion1)`"),
            ));
            return Vec::new();
        };
        errors.keep(upgrade::parse.parse2(pairs)).unwrap_or_default()
    }

    /// `name`, standing alone.
    pub(crate) fn flag(&mut self, name: &str, errors: &mut Diagnostics) -> bool {
        let word = self.take(name);
        if let Some(word) = word.as_ref().filter(|word| !matches!(word.value, Value::Bare)) {
            errors.push(refusal(
                &word.name,
                format!("`{name}` stands alone"),
                format!("write `{name}`"),
            ));
        }
        word.is_some()
    }

    /// `name = 2`, counting from 1; 1 where it is left out.
    pub(crate) fn version(&mut self, name: &str, errors: &mut Diagnostics) -> u32 {
        let Some(written) = self
            .take(name)
            .and_then(|word| word.assigned::<LitInt>("a number", "2", errors))
        else {
            return 1;
        };
        match written.base10_parse() {
            Ok(version @ 1..) => version,
            _ => {
                let range = format!("write a whole number from 1 to {}", u32::MAX);
                errors.push(refusal(&written, format!("not a {name}"), range));
                1
            }
        }
    }
}

impl Word {
    fn read(item: Vec<TokenTree>, owner: &str, allowed: &[&str], errors: &mut Diagnostics) -> Option<Self> {
        let mut tokens = item.into_iter();
        let name = match tokens.next()? {
            TokenTree::Ident(name) => name,
            other => {
                errors.push(refusal(&other, "expected a word", one_of(owner, allowed)));
                return None;
            }
        };
        if !allowed.iter().any(|word| name == word) {
            errors.push(unknown(&name, owner, allowed));
            return None;
        }
        match Value::read(tokens) {
            Ok(value) => Some(Self { name, value }),
            Err(unexpected) => {
                let expected = format!("expected `=`, `(` or `,` after `{name}`");
                errors.push(refusal(&unexpected, expected, one_of(owner, allowed)));
                None
            }
        }
    }

    /// What stands behind the `=`: `what` it has to be, for `example`.
    pub(crate) fn assigned<T: syn::parse::Parse>(
        &self,
        what: &str,
        example: &str,
        errors: &mut Diagnostics,
    ) -> Option<T> {
        let Value::Assigned(value) = &self.value else {
            let remedy = format!("write `{} = {example}`", self.name);
            errors.push(refusal(&self.name, format!("`{}` is {what}", self.name), remedy));
            return None;
        };
        let read = syn::parse2(value.clone());
        if read.is_err() {
            let remedy = format!("write `{} = {example}`", self.name);
            errors.push(refusal(
                or(value, &self.name),
                format!("`{}` is {what}", self.name),
                remedy,
            ));
        }
        read.ok()
    }

    /// What stands between the parentheses; what cannot be read is reported and left out.
    fn listed(&self, errors: &mut Diagnostics) -> Vec<Path> {
        let Value::Listed(items) = &self.value else {
            let remedy = format!("write `{}(A, B)`", self.name);
            errors.push(refusal(
                &self.name,
                format!("`{}` is a list of types", self.name),
                remedy,
            ));
            return Vec::new();
        };
        match Punctuated::<Path, Token![,]>::parse_terminated.parse2(items.clone()) {
            Ok(paths) => paths.into_iter().collect(),
            Err(error) => {
                errors.push(error);
                Vec::new()
            }
        }
    }
}

impl Value {
    /// `Err` is the token that fits no form.
    fn read(mut tokens: impl Iterator<Item = TokenTree>) -> Result<Self, TokenTree> {
        match tokens.next() {
            None => Ok(Self::Bare),
            Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => Ok(Self::Assigned(tokens.collect())),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                match tokens.next() {
                    None => Ok(Self::Listed(group.stream())),
                    Some(more) => Err(more),
                }
            }
            Some(other) => Err(other),
        }
    }
}

/// The tokens to put the caret under: `tokens`, or `name` where there are none.
fn or(tokens: &TokenStream, name: &Ident) -> TokenStream {
    if tokens.is_empty() {
        name.to_token_stream()
    } else {
        tokens.clone()
    }
}

fn unknown(name: &Ident, owner: &str, allowed: &[&str]) -> syn::Error {
    let remedy = match did_you_mean(&name.to_string(), allowed.iter().copied()) {
        Some(word) => format!("did you mean `{word}`? {}", one_of(owner, allowed)),
        None => one_of(owner, allowed),
    };
    refusal(name, format!("unknown word `{name}`"), remedy)
}

fn one_of(owner: &str, allowed: &[&str]) -> String {
    let words: Vec<String> = allowed.iter().map(|word| format!("`{word}`")).collect();
    format!("{owner} takes {}", words.join(", "))
}

fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut items = vec![Vec::new()];
    for token in tokens {
        match (&token, items.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => items.push(Vec::new()),
            (_, Some(item)) => item.push(token),
            (_, None) => {}
        }
    }
    items.retain(|item| !item.is_empty());
    items
}
