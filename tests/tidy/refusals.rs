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

/// A line without the stroke that the compiler draws to the end of what it underlines: `|____^`.
fn without_drawing(line: &str) -> String {
    match line.split_once('^') {
        Some((before, after)) => format!("{}^{after}", before.trim_end_matches('_')),
        None => line.to_owned(),
    }
}

#[test]
fn no_internal_name_is_read_by_a_user() {
    let broken = texts().into_iter().flat_map(|(name, text)| {
        let lines = text
            .lines()
            .filter(|line| without_drawing(line).contains("__") || line.contains("::private"));
        let broken: Vec<String> = lines.map(|line| format!("{name}: {line}")).collect();
        broken
    });
    hold("A refusal names nothing that only the macro knows.", broken);
}

/// Every rule, by its code in small letters.
pub(crate) const RULES: [&str; 25] = [
    "s001", "s002", "s003", "s004", "s005", "s006", "s007", "s010", "s011", "s012", "s101", "s102", "s103",
    "s104", "s105", "s106", "s107", "s108", "s109", "s110", "s201", "s202", "s203", "s205", "s207",
];

/// The annotations of handlers.
const HANDLERS: [&str; 8] = [
    "start",
    "on",
    "all",
    "after",
    "every",
    "at",
    "compensate",
    "compensated",
];

/// How many handlers a case has, in its own file and in a shop that it takes from elsewhere.
fn handlers(case: &str) -> usize {
    let cases = root().join("tests/ui");
    let own = fs::read_to_string(cases.join(format!("fail/{case}.rs"))).unwrap();
    let shop = if own.contains("contracts/shop.rs") {
        fs::read_to_string(cases.join("contracts/shop.rs")).unwrap()
    } else {
        String::new()
    };
    let count = |text: &str| -> usize {
        let named = HANDLERS.iter().map(|word| format!("#[{word}("));
        named.map(|annotation| text.matches(&annotation).count()).sum()
    };
    count(&own) + count(&shop)
}

/// What has to compile, all of it.
fn near_misses() -> String {
    let files = fs::read_dir(root().join("tests/ui/pass")).unwrap();
    files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn every_rule_refuses_a_small_saga_and_a_real_one() {
    let names: BTreeSet<String> = texts().into_iter().map(|(name, _)| name).collect();
    let cases = |rule: &str, real: bool| {
        let mut of_rule = names.iter().filter(|name| name.starts_with(rule));
        of_rule.any(|name| name.contains("_in_the_") == real && (!real || handlers(name) >= 10))
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
fn every_rule_has_a_near_miss_that_compiles() {
    let passing = near_misses();
    let broken = RULES
        .into_iter()
        .filter(|rule| !passing.contains(&rule.to_uppercase()));
    hold(
        "A step beside each mistake is a saga or a system in `tests/ui/pass` that bears its code.",
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
