//! `#[saga] impl Fulfilment { .. }` as written: its annotated methods with their clauses, the rest as it stands.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Generics, Ident, Meta, Path, Result, Signature, Token, Visibility, braced,
    parse::{ParseStream, Parser},
};

use super::{
    clause::{Branch, Place, branches, places},
    trigger::{Trigger, Word},
    words::Words,
};
use crate::diagnostics::Diagnostics;

/// The whole impl block.
#[derive(Debug)]
pub(crate) struct Handlers {
    /// What stands in `#[saga(..)]`.
    pub(crate) words: Words,
    /// The attributes of the impl block.
    pub(crate) attrs: Vec<Attribute>,
    /// What stands between `impl` and the type, where generic sagas are refused.
    pub(crate) generics: Generics,
    /// The saga's type.
    pub(crate) saga: Path,
    /// Everything between the braces, in the order written.
    pub(crate) items: Vec<Item>,
    /// Whether every clause and word could be read to its end.
    pub(crate) complete: bool,
}

/// One item of the impl block.
#[derive(Debug)]
pub(crate) enum Item {
    Handler(Box<Handler>),
    Other(TokenStream),
}

/// An annotated method.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) clause: Clause,
    /// The other attributes, in the order written.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// Never looked into: a half-typed body is for rustc to judge.
    body: Group,
}

/// What stands in the handler's attribute. Where it could not be read, what was read before that.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) word: Word,
    /// The attribute's name, for the caret.
    pub(crate) name: Ident,
    pub(crate) trigger: Option<Trigger>,
    /// `None` where no `in` was written.
    pub(crate) places: Option<Vec<Place>>,
    pub(crate) branches: Vec<Branch>,
    /// Whether it could be read to its end.
    pub(crate) complete: bool,
    /// Whether its outcomes are labelled, as far as can be seen.
    is_labelled: bool,
}

impl Handlers {
    /// Reads the block. `None` if it is not even an impl block of a plain type.
    pub(crate) fn read(args: TokenStream, item: TokenStream, errors: &mut Diagnostics) -> Option<Self> {
        let mut mistakes = Diagnostics::default();
        let words = Words::read(args, &mut mistakes);
        let handlers = (|input: ParseStream<'_>| Self::read_block(words, input, &mut mistakes)).parse2(item);
        let complete = mistakes.is_empty();
        errors.append(mistakes);
        errors
            .keep(handlers)
            .map(|handlers| Self { complete, ..handlers })
    }

    fn read_block(words: Words, input: ParseStream<'_>, errors: &mut Diagnostics) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<Option<Token![unsafe]>>()?;
        input.parse::<Token![impl]>()?;
        let generics = input.parse()?;
        let saga = input.parse()?;
        if input.peek(Token![for]) {
            return Err(
                input.error("write `#[saga]` on an inherent impl block; the macro writes `impl Saga for ..`")
            );
        }
        let generics = Generics {
            where_clause: input.parse()?,
            ..generics
        };
        let content;
        braced!(content in input);
        let mut items = Vec::new();
        while !content.is_empty() {
            items.extend(Item::read(&content, errors));
        }
        Ok(Self {
            words,
            attrs,
            generics,
            saga,
            items,
            complete: true,
        })
    }

    /// The annotated methods, in the order written.
    pub(crate) fn handlers(&self) -> impl Iterator<Item = &Handler> {
        self.items.iter().filter_map(|item| match item {
            Item::Handler(handler) => Some(&**handler),
            Item::Other(_) => None,
        })
    }
}

impl Item {
    /// Reads one item. What cannot be read is reported and left out, so that the next item is still seen.
    fn read(input: ParseStream<'_>, errors: &mut Diagnostics) -> Option<Self> {
        let item = Self::try_read(input, errors);
        if item.is_err() {
            errors.keep(rest_of_item(input));
        }
        errors.keep(item)?
    }

    fn try_read(input: ParseStream<'_>, errors: &mut Diagnostics) -> Result<Option<Self>> {
        let attrs = input.call(Attribute::parse_outer)?;
        if attrs.iter().any(|attr| Word::named(attr.path()).is_some()) {
            let handler = Handler::read(attrs, input, errors)?;
            return Ok(handler.map(|handler| Self::Handler(Box::new(handler))));
        }
        let rest = rest_of_item(input)?;
        Ok(Some(Self::Other(quote!(#(#attrs)* #rest))))
    }
}

impl Handler {
    /// `None` where the signature is half typed.
    fn read(attrs: Vec<Attribute>, input: ParseStream<'_>, errors: &mut Diagnostics) -> Result<Option<Self>> {
        let (mut clauses, attrs): (Vec<_>, Vec<_>) = attrs
            .into_iter()
            .partition(|attr| Word::named(attr.path()).is_some());
        for second in clauses.drain(1..) {
            errors.push(syn::Error::new_spanned(
                second.path(),
                "a method has one clause\nremedy: write a second method; both may call a third that is not annotated",
            ));
        }
        let visibility = input.parse()?;
        let written = rest_of_item(&input.fork())?;
        let signature = match input.parse::<Signature>() {
            Ok(signature) => signature,
            Err(error) if lacks_something(&error, written) => {
                errors.is_told();
                rest_of_item(input)?;
                return Ok(None);
            }
            // Rustc may be able to read it.
            Err(error) => {
                let text = "the handler's signature cannot be read";
                return Err(syn::Error::new(error.span(), text));
            }
        };
        let body = body(input)?;
        let clause = Clause::read(&clauses.remove(0), errors)?;
        Ok(Some(Self {
            clause,
            attrs,
            visibility,
            signature,
            body,
        }))
    }

    /// The method without its clause. Left out if it decides between outcomes that could not be read: it would speak of
    /// an enum that is not there.
    pub(crate) fn method(&self) -> TokenStream {
        if self.clause.is_labelled && !self.clause.complete {
            return TokenStream::new();
        }
        let Self {
            attrs,
            visibility,
            signature,
            body,
            ..
        } = self;
        quote!(#(#attrs)* #visibility #signature #body)
    }
}

/// Whether a signature ends before it is complete, has no name, or returns nothing after the arrow. Rustc has told that, and
/// better.
fn lacks_something(error: &syn::Error, method: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = method.into_iter().collect();
    let nameless =
        |pair: &[TokenTree]| matches!(pair, [TokenTree::Ident(word), TokenTree::Group(_)] if word == "fn");
    let typeless = |three: &[TokenTree]| match three {
        [
            TokenTree::Punct(dash),
            TokenTree::Punct(tip),
            TokenTree::Group(body),
        ] => dash.as_char() == '-' && tip.as_char() == '>' && body.delimiter() == Delimiter::Brace,
        _ => false,
    };
    error.to_string().starts_with("unexpected end of input")
        || tokens.windows(2).any(nameless)
        || tokens.windows(3).any(typeless)
}

fn body(input: ParseStream<'_>) -> Result<Group> {
    match input.parse()? {
        TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => Ok(body),
        other => Err(syn::Error::new_spanned(other, "expected the method's body")),
    }
}

impl Clause {
    fn read(attr: &Attribute, errors: &mut Diagnostics) -> Result<Self> {
        let name = attr.path().require_ident()?.clone();
        let word = Word::named(attr.path()).unwrap_or(Word::On);
        let mut clause = Self {
            word,
            name,
            trigger: None,
            places: None,
            branches: Vec::new(),
            complete: false,
            is_labelled: is_labelled(attr),
        };
        let read = match &attr.meta {
            Meta::Path(_) if word == Word::Compensated => {
                clause.trigger = Some(Trigger::Undone);
                clause.branches.push(Branch::default());
                Ok(())
            }
            Meta::List(_) => attr.parse_args_with(|input: ParseStream<'_>| clause.fill(input)),
            Meta::Path(_) | Meta::NameValue(_) => Err(syn::Error::new_spanned(
                attr.path(),
                format!("expected `{}`", word.form()),
            )),
        };
        clause.complete = errors.keep(read).is_some();
        Ok(clause)
    }

    /// Reads as far as it can.
    fn fill(&mut self, input: ParseStream<'_>) -> Result<()> {
        self.trigger = Some(Trigger::read(self.word, input)?);
        self.places = places(input)?;
        self.branches = branches(input)?;
        if input.is_empty() {
            return Ok(());
        }
        Err(input.error(format!("unexpected here; a clause reads `{}`", self.word.form())))
    }
}

/// Whether a clause ends in braces, even if it cannot be read.
fn is_labelled(attr: &Attribute) -> bool {
    let Meta::List(list) = &attr.meta else {
        return false;
    };
    let last = list.tokens.clone().into_iter().last();
    matches!(last, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace)
}

/// What is left of an item: a method up to its body, a constant, type or macro up to its semicolon.
fn rest_of_item(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    if input.peek(Token![pub]) {
        input.parse::<Visibility>()?.to_tokens(&mut tokens);
    }
    let function = [
        input.peek2(Token![fn]),
        input.peek2(Token![async]),
        input.peek2(Token![unsafe]),
    ];
    let constant = input.peek(Token![const]) && !function.contains(&true);
    let has_body = !constant && !input.peek(Token![type]);
    while !input.is_empty() {
        let token = input.parse::<TokenTree>()?;
        let last = match &token {
            TokenTree::Punct(end) => end.as_char() == ';',
            TokenTree::Group(body) => has_body && body.delimiter() == Delimiter::Brace,
            _ => false,
        };
        tokens.extend([token]);
        if last {
            break;
        }
    }
    Ok(tokens)
}
