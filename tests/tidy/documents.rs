//! What the documents show exists: their code is the examples' code, their map is the tree.

use std::fs;

use crate::{
    hold,
    refusals::RULES,
    source::{read, root, rust_files},
};

#[test]
fn the_readme_shows_code_that_is_run() {
    let examples = rust_files("examples");
    let broken = rust_snippets(&read("README.md")).into_iter().filter(|snippet| {
        let pieces: Vec<String> = snippet.split("// ..\n").map(flush_left).collect();
        let shows = |text: &str| pieces.iter().all(|piece| text.contains(piece.trim()));
        !examples.iter().any(|example| shows(&flush_left(&example.text)))
    });
    hold(
        "Rust in the README stands word for word in an example, but for what `// ..` leaves out.",
        broken,
    );
}

/// The lines without their indentation, which depends on where a piece stands.
fn flush_left(text: &str) -> String {
    text.lines()
        .map(|line| line.trim_start().to_owned() + "\n")
        .collect()
}

fn rust_snippets(text: &str) -> Vec<String> {
    text.split("```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(snippet, _)| snippet.to_owned())
        .collect()
}

#[test]
fn the_readme_names_the_two_commands() {
    let readme = read("README.md");
    let commands = [
        "cargo run --release --example order_fulfilment",
        "cargo test --workspace",
    ];
    let broken = commands
        .into_iter()
        .filter(|command| !readme.contains(command))
        .map(str::to_owned);
    hold("The README's two commands.", broken);
}

#[test]
fn the_architecture_maps_every_module() {
    let map = read("ARCHITECTURE.md");
    let broken = ["saga-runtime/src", "saga-macros/src"]
        .into_iter()
        .flat_map(modules)
        .filter(|module| !map.contains(&format!("`{module}`")));
    hold("ARCHITECTURE.md has a word on every module.", broken);
}

/// The modules of a crate, folders with a `/` behind them.
fn modules(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap);
    let names = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        let suffix = if entry.path().is_dir() { "/" } else { "" };
        format!("{}{suffix}", name.trim_end_matches(".rs"))
    });
    let mut names: Vec<String> = names.filter(|name| name != "lib").collect();
    names.sort();
    let folders: Vec<String> = names
        .iter()
        .filter_map(|name| name.strip_suffix('/').map(str::to_owned))
        .collect();
    names.retain(|name| !folders.contains(name));
    names
}

#[test]
fn every_example_says_what_it_teaches_and_is_listed() {
    let listed = read("examples/README.md");
    let broken = example_names()
        .into_iter()
        .filter(|name| !listed.contains(&format!("`{name}`")));
    hold("examples/README.md lists every example in reading order.", broken);
}

fn example_names() -> Vec<String> {
    read("examples/Cargo.toml")
        .split("[[example]]")
        .skip(1)
        .filter_map(|entry| entry.split('"').nth(1).map(str::to_owned))
        .collect()
}

#[test]
fn the_rules_are_listed_with_their_limits() {
    use saga_runtime::soundness::{capacity, system};
    let page = read("docs/rules.md");
    let limits = [
        ("states", capacity::STATES),
        ("handlers", capacity::CLAUSES),
        ("outcomes of all handlers together", capacity::BRANCHES),
        ("effects of all outcomes together", capacity::EFFECTS),
        ("messages", capacity::MESSAGES),
        ("commands with replies that it sends", capacity::REQUESTS),
        ("commands with replies that it takes", capacity::ASKERS),
        (
            "ways a message may come in: each reply of each command sent, each command and event taken",
            capacity::INPUTS,
        ),
        ("`all` handlers", capacity::JOINS),
        ("messages in them together", capacity::JOIN_ITEMS),
        ("distinct messages that they keep", capacity::KEPT),
        (
            "pairs of a state and a handler of a command, an event or a timer",
            capacity::ALWAYS,
        ),
        ("sagas and services", system::PARTS),
        ("messages", system::MESSAGES),
    ];
    let rows = limits.map(|(what, most)| format!("| {what} | {most} |"));
    let rules = RULES.map(|rule| format!("| {} |", rule.to_uppercase()));
    let beyond = format!("**Beyond {} configurations**", capacity::CONFIGURATIONS);
    let said = rows.into_iter().chain(rules).chain([beyond]);
    hold(
        "docs/rules.md lists every rule and every limit, as the code has them.",
        said.filter(|said| !page.contains(said.as_str())),
    );
}
