//! A saga read from its source: contracts, data, words and handlers.

use std::{fs, path::Path};

use crate::clause::{Clause, listed};

/// A saga in parts.
#[derive(Clone, Debug)]
pub(crate) struct Saga {
    pub(crate) name: String,
    /// The file with endpoints and messages, as written.
    pub(crate) contracts: String,
    /// The struct with its attributes, as written.
    data: String,
    subject: String,
    pub(crate) states: Vec<String>,
    /// `ignore(AlreadyBilled in CancellingBill)` and the like.
    pub(crate) words: Vec<String>,
    pub(crate) clauses: Vec<Clause>,
}

impl Saga {
    /// Reads one of the sagas in `ui/pass`.
    pub(crate) fn read(name: &str) -> Self {
        let read = |folder: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("ui/{folder}/{name}.rs"));
            fs::read_to_string(path).unwrap()
        };
        let text = read("pass");
        let (_, rest) = text.split_at(text.find("#[saga(by").unwrap());
        let (data, rest) = rest.split_at(rest.find("#[saga(\n").or(rest.find("#[saga(states")).unwrap());
        let (words, rest) = rest.split_once(")]\nimpl ").unwrap();
        let (subject, handlers) = rest.split_once(" {\n").unwrap();
        let (states, words) = states(words.trim_start_matches("#[saga("));
        Self {
            name: name.to_owned(),
            contracts: read("contracts"),
            data: data.to_owned(),
            subject: subject.to_owned(),
            states,
            words,
            clauses: clauses(handlers),
        }
    }

    /// The module that is this saga; its contracts stand in the module above.
    pub(crate) fn written(&self) -> String {
        let handlers: String = self.clauses.iter().map(Clause::written).collect();
        let words: String = self.words.iter().map(|word| format!(", {word}")).collect();
        let Self {
            data,
            subject,
            states,
            ..
        } = self;
        let states = states.join(", ");
        format!(
            "use crate::contracts::*;\nuse saga_runtime::prelude::*;\n\n{data}#[saga(states({states}){words})]\nimpl {subject} {{\n{handlers}}}\n"
        )
    }
}

/// The states, and the other words.
fn states(words: &str) -> (Vec<String>, Vec<String>) {
    let words = words
        .split(')')
        .map(|word| word.trim_start_matches(',').trim())
        .filter(|word| !word.is_empty());
    let mut words = words.map(|word| format!("{word})"));
    let states = words.next().unwrap();
    let states = states.strip_prefix("states(").unwrap().trim_end_matches(')');
    (listed(states, ","), words.collect())
}

/// Every method with a word of the language above it.
fn clauses(handlers: &str) -> Vec<Clause> {
    let attributes = handlers.split("    #[").skip(1);
    let clause = |text: &str| {
        let (attribute, method) = text.split_once(")]\n").unwrap();
        let attribute: Vec<&str> = attribute.split_whitespace().collect();
        Clause::read(
            &format!("{})", attribute.join(" ")),
            method.split_once(" {").unwrap().0,
        )
    };
    attributes.map(clause).collect()
}
