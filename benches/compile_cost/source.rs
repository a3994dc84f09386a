//! What is checked, as source text: the whole `lib.rs` of each package.

use crate::{crowded, large};

/// How many sagas make the system.
pub(crate) const SAGAS: usize = 20;

/// One large saga.
pub(crate) fn saga() -> String {
    library(&large::saga("The"))
}

/// The messages and the handlers of the large saga, the handlers being plain methods.
pub(crate) fn methods() -> String {
    without_attributes(&saga())
}

/// One saga near the cap of configurations.
pub(crate) fn crowded() -> String {
    library(&crowded::saga())
}

/// Twenty large sagas that make one system.
pub(crate) fn system() -> String {
    let names: Vec<String> = (b'A'..)
        .take(SAGAS)
        .map(|letter| char::from(letter).to_string())
        .collect();
    let sagas: String = names.iter().map(|name| large::saga(name)).collect();
    let list = |what: &str| {
        let each: Vec<String> = names.iter().map(|name| format!("{name}{what}")).collect();
        each.join(", ")
    };
    let (members, accepted, elsewhere) = (list("Job"), list("Begin"), list("Workshop"));
    let system = format!(
        "saga_runtime::system! {{ pub All {{ {members} }} accepts({accepted}) remote({elsewhere}) }}\n"
    );
    library(&(sagas + &system))
}

fn library(items: &str) -> String {
    // Without rules, each saga warns of it, and writing that costs time as well.
    format!("#![allow(deprecated)]\nuse saga_runtime::prelude::*;\n\n{items}")
}

/// The same text without what the saga's macro reads; the messages keep their derives.
fn without_attributes(text: &str) -> String {
    let of_the_saga = ["#[saga", "#[start", "#[on", "#[after"];
    text.lines()
        .filter(|line| !of_the_saga.iter().any(|name| line.trim_start().starts_with(name)))
        .flat_map(|line| [line, "\n"])
        .collect()
}
