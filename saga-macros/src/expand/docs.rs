//! The saga's table, as its documentation shows it.

use quote::ToTokens;

use crate::{
    model::{Branch, Clause, Model, shown},
    parse::{Arity, Effect, Item, Place, Treatment, Trigger, Verb, Word},
};

/// From, on, does, to: one row for each outcome of each handler, then what is said of other messages.
pub(super) fn table(model: &Model<'_>) -> String {
    let mut table = String::from("| from | on | does | to |\n|---|---|---|---|\n");
    for clause in &model.clauses {
        for branch in &clause.branches {
            table += &row(clause, branch);
        }
    }
    for exception in &model.written.words.exceptions {
        let how = match exception.how {
            Treatment::Ignore => "*ignored*",
            Treatment::Defer => "*deferred*",
            Treatment::Unexpected => "*unexpected*",
        };
        table += &format!(
            "| {} | {} | {how} | |\n",
            from(exception.places.as_deref()),
            item(&exception.item)
        );
    }
    table
}

fn row(clause: &Clause<'_>, branch: &Branch<'_>) -> String {
    let from = match clause.word() {
        Word::Start => "*start*".to_owned(),
        Word::Compensate | Word::Compensated => "compensate".to_owned(),
        _ => from(clause.handler.clause.places.as_deref()),
    };
    let label = branch
        .written
        .label
        .as_ref()
        .map(|label| format!("**{label}** "))
        .unwrap_or_default();
    let effects: Vec<String> = branch.written.effects.iter().map(effect).collect();
    let to = branch.written.target.as_ref().map(shown).unwrap_or_default();
    format!(
        "| {from} | {} | {label}{} | {to} |\n",
        trigger(clause),
        effects.join(", ")
    )
}

fn from(places: Option<&[Place]>) -> String {
    let shown = |place: &Place| match place {
        Place::Rest(_) => r"\_".to_owned(),
        place => shown(place),
    };
    places.map_or_else(
        || r"\_".to_owned(),
        |places| places.iter().map(shown).collect::<Vec<_>>().join(", "),
    )
}

fn trigger(clause: &Clause<'_>) -> String {
    match clause.trigger {
        Trigger::Message(message) if clause.word() == Word::Compensate => {
            format!("undo of {}", item(message))
        }
        Trigger::Message(message) => item(message),
        Trigger::All(items) => items.iter().map(item).collect::<Vec<_>>().join(" and "),
        Trigger::Delay(delay) if clause.word() == Word::Every => format!("every {}", code(delay)),
        Trigger::Delay(delay) => format!("after {}", code(delay)),
        Trigger::Due(due) => format!("at `{}`", shown(due).replace(" . ", ".")),
        Trigger::Undone => "everything undone".to_owned(),
    }
}

fn item(item: &Item) -> String {
    let of = item
        .of
        .as_ref()
        .map(|command| format!(" of {}", code(command)))
        .unwrap_or_default();
    format!("{}{}{of}", code(&item.message), mark(item.arity))
}

fn effect(effect: &Effect) -> String {
    let verb = match effect.verb {
        Verb::Send => "send",
        Verb::Publish => "publish",
        Verb::Reply => "reply",
    };
    let to = effect
        .to
        .as_ref()
        .map(|command| format!(" to {}", code(command)))
        .unwrap_or_default();
    format!("{verb} {}{}{to}", code(&effect.message), mark(effect.arity))
}

fn mark(arity: Arity) -> &'static str {
    match arity {
        Arity::One => "",
        Arity::Optional => "?",
        Arity::Many => r"\*",
    }
}

/// Code, not a link: a private message could not be linked to from a public saga.
fn code(tokens: impl ToTokens) -> String {
    format!("`{}`", shown(tokens))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)] // a test says what it misses

    use syn::{Item, Meta};

    use super::table;
    use crate::{diagnostics::Diagnostics, model::Model, parse::Handlers};

    const SAGA: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/end_to_end/order.rs"
    ));
    const SHOWN: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/views/golden/fulfilment.table.txt"
    ));

    /// The table in the docs of the order process.
    fn documented() -> String {
        let file = syn::parse_file(SAGA).expect("Rust");
        let saga = |item: Item| match item {
            Item::Impl(item) => item.attrs.iter().find_map(|attr| match &attr.meta {
                Meta::List(words) if words.path.is_ident("saga") => {
                    Some((words.tokens.clone(), quote::quote!(#item)))
                }
                _ => None,
            }),
            _ => None,
        };
        let (words, item) = file.items.into_iter().find_map(saga).expect("a saga");
        let written = Handlers::read(words, item, &mut Diagnostics::default()).expect("handlers");
        table(&Model::of(&written))
    }

    /// The words of each row, without what sets them out.
    fn rows(table: &str) -> Vec<String> {
        let plain = |c: char| !matches!(c, '|' | '`' | '*' | '\\');
        let row = |line: &str| {
            let words: String = line.chars().filter(|c| plain(*c)).collect();
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        table.lines().skip(2).map(row).collect()
    }

    #[test]
    fn the_documentation_shows_the_rows_of_the_state_table() {
        assert_eq!(rows(&documented()), rows(SHOWN));
    }
}
