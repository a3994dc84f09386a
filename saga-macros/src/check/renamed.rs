//! What older builds called states and timers: S003 for what it leads to, S010 for what it takes back.

use syn::{Error, Ident};

use crate::{
    diagnostics::refusal,
    model::Model,
    names::did_you_mean,
    parse::{Renamed, Word},
};

/// Every mistake in `renamed(Old = New)`.
pub(super) fn all(model: &Model<'_>) -> Vec<Error> {
    let renamed = &model.written.words.renamed;
    let mistake = |(i, name): (usize, &Renamed)| mistake(model, &renamed[..i], name);
    renamed.iter().enumerate().filter_map(mistake).collect()
}

fn mistake(model: &Model<'_>, earlier: &[Renamed], Renamed { old, new }: &Renamed) -> Option<Error> {
    let saga = model.name();
    if model.states.contains(old) || timers(model).any(|timer| timer == old) {
        let text = format!("S010: saga `{saga}` still has `{old}`, which is said to be renamed");
        let remedy = format!("remove `{old} = {new}`, or what is still called `{old}`");
        return Some(refusal(old, text, remedy));
    }
    if earlier.iter().any(|earlier| earlier.old == *old) {
        let text = format!("S010: saga `{saga}` says twice what became of `{old}`");
        return Some(refusal(old, text, "keep one of the two"));
    }
    let known =
        !model.written.complete || model.states.contains(new) || timers(model).any(|timer| timer == new);
    (!known).then(|| unknown(model, new))
}

fn unknown(model: &Model<'_>, new: &Ident) -> Error {
    let names: Vec<String> = model
        .states
        .iter()
        .chain(timers(model))
        .map(ToString::to_string)
        .collect();
    let remedy = match did_you_mean(&new.to_string(), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write `renamed(Old = New)`: behind the `=` stands what it is called now".to_owned(),
    };
    let text = format!(
        "S003: saga `{}` has neither a state nor a timer `{new}`",
        model.name()
    );
    refusal(new, text, remedy)
}

/// The handlers of timers: armed ones are stored by their names.
fn timers<'a>(model: &'a Model<'_>) -> impl Iterator<Item = &'a Ident> {
    let timers = model
        .clauses
        .iter()
        .filter(|clause| matches!(clause.word(), Word::After | Word::Every | Word::At));
    timers.map(|clause| clause.name())
}
