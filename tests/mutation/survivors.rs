//! The mutants that compile, each under the reason why no rule can know that it is not meant.

use std::{collections::BTreeSet, fs, path::Path};

/// Fails if a mutant compiles that is not listed, or one is listed that does not.
#[track_caller]
pub(crate) fn are_explained(survivors: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutation/survivors.txt");
    let text = fs::read_to_string(path).unwrap();
    let listed: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let survivors: BTreeSet<&str> = survivors.iter().copied().collect();
    let unexplained: Vec<&str> = survivors.difference(&listed).copied().collect();
    let refused: Vec<&str> = listed.difference(&survivors).copied().collect();
    assert!(
        unexplained.is_empty() && refused.is_empty(),
        "survivors.txt says why a mutant compiles.\nNot listed:\n{}\nListed, but refused by now:\n{}",
        unexplained.join("\n"),
        refused.join("\n")
    );
}
