//! The rules on whole sagas, on minimal mistakes and near misses, and against an oracle.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod capacity;
mod compensation;
mod dice;
mod follows;
mod language;
mod older;
mod once;
mod oracle;
mod property;
mod sagas;
mod texts;
mod together;

use crate::definition::{Definition, Retired, Verb};

use super::{
    Exploration, explore,
    model::items,
    report::Text,
    rules::{limits, s101, s102, s104, s105, s106, s108, s109, s110},
};

/// Explores a saga where there is room: unlike const evaluation, a test builds the tables of a search on its stack.
fn explored(definition: &'static Definition) -> Box<Exploration> {
    const STACK: usize = 16 << 20;
    let explorer = std::thread::Builder::new().stack_size(STACK);
    let running = explorer.spawn(move || Box::new(explore(definition))).unwrap();
    running.join().unwrap()
}

/// What the rules say of a saga, token by token, as generated code would ask.
fn problems(definition: &'static Definition) -> Vec<String> {
    found(&explored(definition))
}

fn found(exploration: &Exploration) -> Vec<String> {
    let definition = exploration.model.definition;
    let mut found: Vec<Option<Text>> = vec![limits::find(exploration)];
    for clause in 0..definition.clauses.len() {
        clause_problems(exploration, clause, &mut found);
    }
    for retired in 0..definition.retired.len() {
        retired_problems(exploration, retired, &mut found);
    }
    for (exception, written) in definition.exceptions.iter().enumerate() {
        found.push(s105::find_exception(exploration, exception));
        found.push(s106::find_exception(exploration, exception));
        found.push(s109::find_exception(exploration, exception));
        found.extend(
            (0..written.places.len()).map(|place| s102::find_exception(exploration, exception, place)),
        );
    }
    found
        .into_iter()
        .flatten()
        .map(|text| text.as_str().to_owned())
        .collect()
}

fn retired_problems(exploration: &Exploration, retired: usize, found: &mut Vec<Option<Text>>) {
    found.push(s101::find_retired(exploration, retired));
    found.push(s109::find_retired(exploration, retired));
    found.push(s110::find_retired(exploration, retired));
    if let Retired::State(state) = exploration.model.definition.retired[retired] {
        for request in 0..exploration.model.request_count {
            found.push(s101::find_left(exploration, state.into(), request));
            found.push(s109::find_left(exploration, state.into(), request));
        }
    }
}

fn clause_problems(exploration: &Exploration, clause: usize, found: &mut Vec<Option<Text>>) {
    let written = &exploration.model.definition.clauses[clause];
    found.push(s110::find(exploration, clause));
    if matches!(written.trigger, crate::definition::Trigger::Compensate(_)) {
        found.push(s104::find_trigger(exploration, clause, 0));
    }
    for item in 0..items(&written.trigger).len() {
        found.push(s104::find_trigger(exploration, clause, item));
        found.push(s105::find_trigger(exploration, clause, item));
        found.push(s106::find(exploration, clause, item));
        found.extend((0..written.places.len()).map(|place| s102::find(exploration, clause, item, place)));
    }
    for (branch, outcome) in written.branches.iter().enumerate() {
        found.push(s105::find_target(exploration, clause, branch));
        found.push(s108::find(exploration, clause, branch));
        for (effect, written) in outcome.effects.iter().enumerate() {
            found.push(s104::find_kind(exploration, clause, branch, effect));
            found.push(s104::find_effect(exploration, clause, branch, effect));
            found.push(s105::find_effect(exploration, clause, branch, effect));
            if written.verb == Verb::Send {
                found.push(s101::find(exploration, clause, branch, effect));
                found.push(s109::find(exploration, clause, branch, effect));
            }
        }
    }
}

/// Asserts that the rules say exactly this.
#[track_caller]
fn says(text: &str, expected: &[&str]) {
    assert_eq!(
        problems(language::saga(text)),
        expected,
        "\n{}",
        problems(language::saga(text)).join("\n\n")
    );
}

/// Asserts that the rules have nothing to say.
#[track_caller]
fn passes(text: &str) {
    says(text, &[]);
}
