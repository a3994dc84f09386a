//! How files look: small, named for what is in them, opening with a sentence.

use std::fs;

use crate::{
    hold,
    source::{Source, all_rust_files, root, rust_files},
};

const MOST_LINES: usize = 500;
const MOST_LINES_OF_AN_EXAMPLE: usize = 140;

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    hold(
        "Split by noun at 500 lines.",
        longer_than(MOST_LINES, all_rust_files()),
    );
}

#[test]
fn examples_fit_in_the_head() {
    let examples = rust_files("examples");
    hold(
        "An example file stays around 120 lines.",
        longer_than(MOST_LINES_OF_AN_EXAMPLE, examples),
    );
}

fn longer_than(most: usize, files: Vec<Source>) -> Vec<String> {
    files
        .into_iter()
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(lines, _)| *lines > most)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect()
}

#[test]
fn every_module_opens_with_a_sentence() {
    let broken = all_rust_files()
        .into_iter()
        .filter(|file| !file.path.starts_with("tests/ui/"))
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path);
    hold("The first line of a module is a sentence about it.", broken);
}

#[test]
fn files_are_named_for_what_is_in_them() {
    let broken = all_rust_files().into_iter().map(|file| file.path).filter(|path| {
        let stem = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        ["util", "utils", "common", "helper", "helpers", "misc"].contains(&stem)
    });
    hold("No file is called utils, common or helpers.", broken);
}

#[test]
fn no_test_is_switched_off() {
    let broken = all_rust_files()
        .into_iter()
        .filter(|file| !file.path.starts_with("tests/tidy/"))
        .filter(|file| file.code().contains("#[ignore"))
        .map(|file| file.path);
    hold("A test that is ignored proves nothing.", broken);
}

/// What every store is made of, under the same names; a backend may have more.
const PARTS_OF_A_STORE: &[&str] = &[
    "dead_letter.rs",
    "inspect.rs",
    "instance.rs",
    "message.rs",
    "mod.rs",
    "node.rs",
];

#[test]
fn every_store_has_the_same_files() {
    let stores = folders("saga-runtime/src/store");
    assert!(stores.len() > 1, "{stores:?}");
    let broken = stores.iter().flat_map(|store| {
        let parts = PARTS_OF_A_STORE.iter().map(move |part| format!("{store}/{part}"));
        parts.filter(|part| !root().join(part).is_file())
    });
    hold("Every store has the same files.", broken);
}

/// The folders in a folder of the workspace.
fn folders(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders
        .map(|entry| format!("{folder}/{}", entry.file_name().to_str().unwrap()))
        .collect()
}
