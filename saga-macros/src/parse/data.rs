//! `#[saga(by = order_id, at = Sales)] struct Fulfilment { .. }` as written.

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Error, Fields, Ident, ItemStruct, LitInt, LitStr, Path, Result, Token, Type,
    ext::IdentExt,
    parenthesized,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
    token::Paren,
};

use crate::{
    diagnostics::{Diagnostics, refusal},
    layout::Layout,
    names::did_you_mean,
    upgrade::{self, Upgrade},
};

/// The struct and its words.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) ident: Ident,
    /// The fields of the key with their types, in the order of `by`; empty if `by` could not be read.
    pub(crate) key: Vec<(Ident, Type)>,
    pub(crate) endpoint: Option<Path>,
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) endless: bool,
    pub(crate) layout: Layout,
    pub(crate) upgrades: Vec<Upgrade>,
}

#[derive(Default)]
struct Words {
    by: Option<Vec<Ident>>,
    at: Option<Path>,
    name: Option<LitStr>,
    version: Option<LitInt>,
    endless: bool,
    upgrades: Vec<(LitInt, Path)>,
}

const WORDS: [&str; 6] = ["by", "at", "name", "version", "upgrade", "endless"];

/// As many as a tuple may have that serde can write.
const MOST_KEY_FIELDS: usize = 16;

impl Data {
    /// Reads the struct. `None` if it is not even a struct.
    pub(crate) fn read(args: TokenStream, item: TokenStream, errors: &mut Diagnostics) -> Option<Self> {
        let item: ItemStruct = errors.keep(syn::parse2(item))?;
        let mut words = Words::default();
        let mut unread = Diagnostics::default();
        let read = (|input: ParseStream<'_>| words.read_all(input, &mut unread)).parse2(args);
        unread.keep(read);
        let complete = unread.is_empty();
        errors.append(unread);
        if complete {
            words.require(&item.ident, errors);
        }
        if !item.generics.params.is_empty() {
            let remedy = "use concrete types; a saga's data is stored under one name";
            errors.push(refusal(
                &item.generics,
                format!("saga `{}` cannot be generic", item.ident),
                remedy,
            ));
            return None;
        }
        let version = words
            .version
            .as_ref()
            .and_then(|version| errors.keep(positive(version)))
            .unwrap_or(1);
        let upgrades = upgrade::check(std::mem::take(&mut words.upgrades), version, errors);
        Some(Self {
            key: words.key(&item, errors),
            endpoint: words.at,
            name: words
                .name
                .map_or_else(|| item.ident.unraw().to_string(), |name| name.value()),
            version,
            endless: words.endless,
            layout: Layout::of(&item.attrs, &item.fields),
            upgrades,
            ident: item.ident,
        })
    }
}

fn positive(version: &LitInt) -> Result<u32> {
    match version.base10_parse() {
        Ok(version @ 1..) => Ok(version),
        _ => Err(refusal(
            version,
            "a version is a whole number from 1",
            "write `version = 1`, or leave it out",
        )),
    }
}

impl Words {
    /// Reads every word; after one that cannot be read, from the next comma on.
    fn read_all(&mut self, input: ParseStream<'_>, errors: &mut Diagnostics) -> Result<()> {
        while !input.is_empty() {
            if errors.keep(self.read_one(input)).is_none() {
                skip_word(input)?;
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn read_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let word = input.call(Ident::parse_any)?;
        let written = word.to_string();
        if written == "endless" {
            self.endless = true;
            return Ok(());
        }
        if !WORDS.contains(&written.as_str()) {
            return Err(unknown(&word));
        }
        if written == "upgrade" {
            let content;
            parenthesized!(content in input);
            self.upgrades = upgrade::parse(&content)?;
            return Ok(());
        }
        input.parse::<Token![=]>()?;
        match written.as_str() {
            "by" => self.by = Some(fields(input)?),
            "at" => self.at = Some(input.parse()?),
            "name" => self.name = Some(input.parse()?),
            _ => self.version = Some(input.parse()?),
        }
        Ok(())
    }

    fn require(&self, saga: &Ident, errors: &mut Diagnostics) {
        if self.by.is_none() {
            let remedy =
                "write `#[saga(by = field, at = Endpoint)]`; several fields: `by = (tenant, order_id)`";
            errors.push(refusal(
                saga,
                format!("S103: saga `{saga}` has no correlation key"),
                remedy,
            ));
        }
        if self.at.is_none() {
            let remedy = "write `#[saga(by = field, at = Endpoint)]`: the endpoint whose queue it reads";
            errors.push(refusal(
                saga,
                format!("saga `{saga}` lives at no endpoint"),
                remedy,
            ));
        }
    }

    fn key(&self, item: &ItemStruct, errors: &mut Diagnostics) -> Vec<(Ident, Type)> {
        if let Some(beyond) = self.by.iter().flatten().nth(MOST_KEY_FIELDS) {
            let text = format!(
                "S103: the key of saga `{}` has more than {MOST_KEY_FIELDS} fields",
                item.ident
            );
            let remedy = "put what belongs together into one field with a type of its own";
            errors.push(refusal(beyond, text, remedy));
            return Vec::new();
        }
        let named = self.by.iter().flatten().map(|field| {
            let declared = item
                .fields
                .iter()
                .find(|declared| declared.ident.as_ref() == Some(field));
            let declared = declared.ok_or_else(|| no_field(field, &item.fields, &item.ident))?;
            Ok((field.clone(), declared.ty.clone()))
        });
        errors.keep(named.collect::<Result<_>>()).unwrap_or_default()
    }
}

/// Up to the next comma.
fn skip_word(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn unknown(word: &Ident) -> Error {
    let remedy = match did_you_mean(&word.to_string(), WORDS) {
        Some(near) => format!("did you mean `{near}`?"),
        None if word == "states" => "`states(..)` belongs on the impl block".to_owned(),
        None => "the words here are `by`, `at`, `name`, `version`, `upgrade` and `endless`".to_owned(),
    };
    refusal(
        word,
        format!("`{word}` is no word of `#[saga]` on a struct"),
        remedy,
    )
}

fn no_field(field: &Ident, declared: &Fields, saga: &Ident) -> Error {
    let names: Vec<String> = declared
        .iter()
        .filter_map(|field| field.ident.as_ref())
        .map(Ident::to_string)
        .collect();
    let remedy = match did_you_mean(&field.to_string(), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("add `{field}` to the struct: an instance knows its own key"),
    };
    refusal(
        field,
        format!("S103: saga `{saga}` has no field `{field}`"),
        remedy,
    )
}

fn fields(input: ParseStream<'_>) -> Result<Vec<Ident>> {
    if !input.peek(Paren) {
        return Ok(vec![input.parse()?]);
    }
    let content;
    parenthesized!(content in input);
    let fields = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
    match fields.len() {
        0 => Err(content.error("a key has at least one field")),
        1.. => Ok(fields.into_iter().collect()),
    }
}
