//! Dependencies: chosen once, in the workspace manifest, and few.

use std::{collections::BTreeSet, process::Command};

use crate::{
    hold,
    source::{read, root},
};

/// Besides the crates of this workspace.
const MOST_CRATES: usize = 60;

#[test]
fn members_take_their_dependencies_from_the_workspace() {
    let manifests = ["saga-macros", "saga-runtime", "examples", "tests", "benches"]
        .map(|member| format!("{member}/Cargo.toml"));
    let broken = manifests.into_iter().flat_map(|path| {
        dependencies(&read(&path))
            .into_iter()
            .filter(|line| !line.contains("workspace = true") && !line.contains("path = "))
            .map(|line| format!("{path}: {line}"))
            .collect::<Vec<_>>()
    });
    hold("A dependency is chosen once, in the workspace manifest.", broken);
}

/// The lines of `[dependencies]`, `[dev-dependencies]` and the like.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if inside && line.contains('=') && !line.starts_with('#') {
            found.push(line.to_owned());
        }
    }
    found
}

#[test]
fn the_default_build_of_the_runtime_stays_small() {
    let crates = crates_of("saga-runtime");
    assert!(
        crates.len() <= MOST_CRATES,
        "{} crates, at most {MOST_CRATES} are wanted:\n{crates:#?}",
        crates.len()
    );
}

/// What is compiled into a user's program or for its sake: dependencies and what builds them.
fn crates_of(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--locked",
            "--prefix",
            "none",
            "--edges",
            "normal,build",
            "--package",
            package,
        ])
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).expect("cargo prints UTF-8");
    lines
        .lines()
        .filter(|line| !line.is_empty() && !line.contains(" (/") && !line.contains("(proc-macro) (/"))
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}
