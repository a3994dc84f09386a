//! The rule that a message has one handler in a state.

use syn::Error;

use crate::{
    diagnostics::refusal,
    model::{Clause, Model, Place, overlap, shown},
    parse::{Item, Word},
};

/// S002: two clauses for the same message in the same place.
pub(super) fn twice(model: &Model<'_>) -> Vec<Error> {
    let within = model
        .clauses
        .iter()
        .filter_map(|clause| within_join(model, clause));
    let pairs = model.clauses.iter().enumerate().flat_map(|(i, first)| {
        model.clauses[i + 1..]
            .iter()
            .filter_map(move |second| between(model, first, second))
    });
    within.chain(pairs).collect()
}

/// The same message named twice in one `all`.
fn within_join(model: &Model<'_>, clause: &Clause<'_>) -> Option<Error> {
    let items = clause.trigger.items();
    let (_, again) = items
        .iter()
        .enumerate()
        .find(|(i, item)| items[..*i].iter().any(|one| overlap(one, item)))?;
    let message = shown(&again.message);
    let text = format!(
        "S002: `{}` of saga `{}` waits for `{message}` twice",
        clause.name(),
        model.name()
    );
    Some(refusal(
        &again.message,
        text,
        format!("name it once; `{message}*` takes all that arrive"),
    ))
}

fn between(model: &Model<'_>, first: &Clause<'_>, second: &Clause<'_>) -> Option<Error> {
    if second.word() == Word::Compensated && first.word() == Word::Compensated {
        let text = format!(
            "S002: saga `{}` says twice what follows when everything is undone",
            model.name()
        );
        return Some(refusal(
            &second.handler.clause.name,
            text,
            "keep one `#[compensated(..)]`",
        ));
    }
    if kind(first.word()) != kind(second.word()) {
        return None;
    }
    let item = shared(first, second)?;
    let place = match kind(first.word()) {
        Kind::Live => shared_place(model, first, second)?,
        Kind::Start => "as a start".to_owned(),
        Kind::Undo => "as a step to undo".to_owned(),
        Kind::Silent => return None,
    };
    let (message, saga) = (shown(&item.message), model.name());
    let text = format!(
        "S002: `{message}` is handled twice {place} of saga `{saga}`: by `{}` and by `{}`",
        first.name(),
        second.name()
    );
    let remedy = "make one handler of the two, or give each its own states; to decide by the content, label the outcomes: `{ A => .. | B => .. }`";
    Some(refusal(&item.message, text, remedy))
}

#[derive(PartialEq)]
enum Kind {
    Start,
    Live,
    Undo,
    Silent,
}

fn kind(word: Word) -> Kind {
    match word {
        Word::Start => Kind::Start,
        Word::On | Word::All => Kind::Live,
        Word::Compensate => Kind::Undo,
        Word::After | Word::Every | Word::At | Word::Compensated => Kind::Silent,
    }
}

/// The item of the second clause that the first names as well.
fn shared<'a>(first: &Clause<'_>, second: &Clause<'a>) -> Option<&'a Item> {
    let items = first.trigger.items();
    second
        .trigger
        .items()
        .iter()
        .find(|item| items.iter().any(|other| overlap(item, other)))
}

fn shared_place(model: &Model<'_>, first: &Clause<'_>, second: &Clause<'_>) -> Option<String> {
    let shared: Vec<String> = first
        .places
        .iter()
        .filter(|place| second.places.contains(place))
        .map(|place| place_name(model, *place))
        .collect();
    (!shared.is_empty()).then(|| format!("in {}", shared.join(", ")))
}

/// A place in words.
pub(super) fn place_name(model: &Model<'_>, place: Place) -> String {
    match place {
        Place::State(state) => format!("state `{}`", model.states[state]),
        Place::Rest => "every other state (`_`)".to_owned(),
        Place::Compensate => "`compensate`".to_owned(),
        Place::End => "`end`".to_owned(),
    }
}
