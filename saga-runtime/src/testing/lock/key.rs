//! Whether instances are still found under the keys that older builds stored them by.

use std::collections::BTreeSet;

use super::{
    compare::{Found, version},
    facts::{Fact, Lock, Section},
    fields::widens,
};

/// Reports a key that is spelt or found otherwise.
pub(super) fn compare(
    saga: &str,
    [locked, present]: [&BTreeSet<Fact>; 2],
    [before, now]: [&Lock; 2],
    found: &mut Found,
) {
    // A file of before keys were pinned says nothing of them.
    let (Some(old), Some(new)) = (key(locked), key(present)) else {
        return;
    };
    if !spells_the_same(old, new) {
        found.refuse(
            format!("saga `{saga}`: its key was `{old}` and is `{new}`; instances are stored under what the old one spells"),
            "a key never changes: keep it, and give what needs another a saga of its own; if it spells the same text all \
             the same, `SAGA_LOCK=overwrite`",
        );
        return;
    }
    let paths = locked.union(present).filter_map(|fact| match fact {
        Fact::KeyPath { message, .. } => Some(message),
        _ => None,
    });
    for message in paths.collect::<BTreeSet<_>>() {
        // Of a new message nothing is under way; a new version has an upgrade, which knows what became of the field.
        let was = before.facts(Section::Message, message).map(version);
        let is = now.facts(Section::Message, message).map(version);
        if was.is_some() && was == is {
            found_elsewhere(saga, message, [locked, present], found);
        }
    }
}

fn found_elsewhere(saga: &str, message: &str, [locked, present]: [&BTreeSet<Fact>; 2], found: &mut Found) {
    let (old, new) = (path(locked, message), path(present, message));
    if old == new {
        return;
    }
    let spelt = |path: Option<&str>| match path {
        Some(path) => format!("`{path}`"),
        None => "the field of the key's name".to_owned(),
    };
    let keep = match old {
        Some(old) => format!("keep `by({message} = {old})`"),
        None => format!("remove `by({message} = ..)`"),
    };
    found.refuse(
        format!(
            "saga `{saga}`: the key of `{message}` was found by {}, now by {}; one under way would meet another instance, or none",
            spelt(old),
            spelt(new)
        ),
        format!("{keep}; if both hold the same text, `SAGA_LOCK=overwrite`"),
    );
}

fn key(facts: &BTreeSet<Fact>) -> Option<&str> {
    facts.iter().find_map(|fact| match fact {
        Fact::Key(key) => Some(key.as_str()),
        _ => None,
    })
}

fn path<'a>(facts: &'a BTreeSet<Fact>, wanted: &str) -> Option<&'a str> {
    facts.iter().find_map(|fact| match fact {
        Fact::KeyPath { message, path } if message == wanted => Some(path.as_str()),
        _ => None,
    })
}

/// Whether each field keeps its name and place, and its type spells what the old one did.
fn spells_the_same(old: &str, new: &str) -> bool {
    let fields = |key: &str| -> Vec<(String, String)> {
        let each = key.split(", ").filter_map(|field| field.split_once(": "));
        each.map(|(name, ty)| (name.to_owned(), ty.to_owned())).collect()
    };
    let (old, new) = (fields(old), fields(new));
    let same = |((old_name, old), (name, new)): (&(String, String), &(String, String))| {
        old_name == name && widens(old, new)
    };
    old.len() == new.len() && old.iter().zip(&new).all(same)
}
