//! Who's who: every type a saga names gets a number, so that it is written once and spoken of by number.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::{
    model::{Model, messages},
    names,
    parse::{Effect, KeyPath, Verb},
};

/// The distinct types a saga names, in the order first named.
pub(super) struct Roster<'a> {
    pub(super) heard: Vec<Heard<'a>>,
    pub(super) sent: Vec<&'a Path>,
    pub(super) published: Vec<&'a Path>,
    pub(super) replied: Vec<&'a Path>,
}

/// A message the saga hears.
pub(super) struct Heard<'a> {
    pub(super) message: &'a Path,
    /// `by(M = path)`, where the key is not in the field of the saga's own name for it.
    pub(super) key: Option<&'a KeyPath>,
}

impl<'a> Roster<'a> {
    pub(super) fn of(model: &Model<'a>) -> Self {
        let keys = &model.written.words.keys;
        let key = |message: &Path| keys.iter().find(|key| key.message == *message);
        let heard = messages(model)
            .into_iter()
            .map(|message| Heard {
                message,
                key: key(message),
            })
            .collect();
        let emitted = |verb| distinct(effects(model).filter(move |effect| effect.verb == verb));
        Self {
            heard,
            sent: emitted(Verb::Send),
            published: emitted(Verb::Publish),
            replied: emitted(Verb::Reply),
        }
    }

    /// The generic arguments behind `Self` that stand for a message heard: `3` and `true`.
    pub(super) fn heard_as(&self, message: &Path) -> [TokenStream; 2] {
        let number = self
            .heard
            .iter()
            .position(|heard| heard.message == message)
            .unwrap_or_default();
        let by_field = self.heard.get(number).map(Heard::by_field);
        [quote!(#number), by_field.unwrap_or_default()]
    }

    /// The number of an effect's message among those of its verb.
    pub(super) fn emitted(&self, effect: &Effect) -> usize {
        let list = match effect.verb {
            Verb::Send => &self.sent,
            Verb::Publish => &self.published,
            Verb::Reply => &self.replied,
        };
        list.iter()
            .position(|message| **message == effect.message)
            .unwrap_or_default()
    }
}

impl Heard<'_> {
    /// `Self, 3, true`
    pub(super) fn arguments(&self, number: usize) -> TokenStream {
        let by_field = self.by_field();
        quote!(Self, #number, #by_field)
    }

    /// `true`, as the struct says it where it carries `#[saga]` too: where it does not, that is the one error, and no
    /// message is asked for its key.
    pub(super) fn by_field(&self) -> TokenStream {
        let runtime = names::runtime();
        match self.key {
            None => quote!({ <Self as #runtime::private::Declared>::KEYED }),
            Some(_) => quote!(false),
        }
    }
}

fn effects<'a>(model: &Model<'a>) -> impl Iterator<Item = &'a Effect> {
    let branches = model.clauses.iter().flat_map(|clause| clause.branches.iter());
    branches.flat_map(|branch| &branch.written.effects)
}

fn distinct<'a>(effects: impl Iterator<Item = &'a Effect>) -> Vec<&'a Path> {
    let mut messages: Vec<&Path> = Vec::new();
    for effect in effects {
        if !messages.contains(&&effect.message) {
            messages.push(&effect.message);
        }
    }
    messages
}
