//! What a user reads of a mistake: pinned for every rule, and in words that need no look inside.

use std::{collections::BTreeSet, fs};

use crate::{hold, source::root};

/// The pinned texts, by the names of their cases.
fn texts() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join("tests/ui/fail"))
        .unwrap()
        .map(|file| file.unwrap().path());
    let pinned = files.filter(|path| path.extension().is_some_and(|extension| extension == "stderr"));
    let name = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    pinned
        .map(|path| (name(&path), fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn no_internal_name_is_read_by_a_user() {
    let broken = texts().into_iter().flat_map(|(name, text)| {
        let lines = text
            .lines()
            .filter(|line| line.contains("__") || line.contains("::private"));
        let broken: Vec<String> = lines.map(|line| format!("{name}: {line}")).collect();
        broken
    });
    hold("A refusal names nothing that only the macro knows.", broken);
}

/// Every rule, by its code in small letters.
const RULES: [&str; 20] = [
    "s001", "s002", "s003", "s004", "s005", "s006", "s007", "s010", "s011", "s012", "s101", "s102", "s103",
    "s104", "s105", "s106", "s107", "s108", "s109", "s110",
];

#[test]
fn every_rule_refuses_a_small_saga_and_a_real_one() {
    let names: BTreeSet<String> = texts().into_iter().map(|(name, _)| name).collect();
    let cases = |rule: &str, real: bool| {
        let mut of_rule = names.iter().filter(|name| name.starts_with(rule));
        of_rule.any(|name| name.contains("_in_the_") == real)
    };
    let broken = RULES
        .into_iter()
        .filter(|rule| !(cases(rule, false) && cases(rule, true)));
    hold(
        "Each rule has a minimal case and one in a saga of ten handlers or more.",
        broken.map(str::to_owned),
    );
}

#[test]
fn every_refusal_bears_the_code_of_its_case() {
    let broken = texts().into_iter().filter(|(name, text)| {
        RULES.iter().any(|rule| name.starts_with(rule)) && !text.contains(&name[..4].to_uppercase())
    });
    hold(
        "A case is named after the rule that refuses it.",
        broken.map(|(name, _)| name),
    );
}
