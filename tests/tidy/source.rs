//! The project's own files, and just enough reading of Rust to ask which modules a file names.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A source file, its path relative to the workspace with `/` between the parts.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The text of a file, given relative to the workspace.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file under a folder of the workspace, sorted by path.
pub(crate) fn rust_files(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: relative(&path),
        })
        .collect()
}

/// Every Rust file of the workspace.
pub(crate) fn all_rust_files() -> Vec<Source> {
    ["saga-macros", "saga-runtime", "examples", "tests", "benches"]
        .into_iter()
        .flat_map(rust_files)
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn relative(path: &Path) -> String {
    let parts: Vec<_> = path.strip_prefix(root()).unwrap().iter().collect();
    parts
        .iter()
        .map(|part| part.to_str().unwrap())
        .collect::<Vec<_>>()
        .join("/")
}

impl Source {
    /// The text without whole-line comments and what stands behind `//` in a line.
    pub(crate) fn code(&self) -> String {
        self.text
            .lines()
            .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The top-level modules of its own crate that it names: `crate::x` and `crate::{x::.., y}`.
    pub(crate) fn modules_named(&self) -> BTreeSet<String> {
        let code = self.code();
        code.split("crate::").skip(1).flat_map(first_names).collect()
    }
}

/// The first name of a path, or of each path in a brace group.
fn first_names(rest: &str) -> Vec<String> {
    match rest.strip_prefix('{') {
        Some(group) => members(group)
            .iter()
            .map(|member| identifier(member.trim_start()))
            .collect(),
        None => vec![identifier(rest)],
    }
}

fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The comma-separated members of a brace group, up to its closing brace.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut members) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                members.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                members.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    members
}

#[test]
fn modules_are_found_in_nested_groups_and_not_in_comments() {
    let source = Source {
        path: String::new(),
        text: "use crate::{\n    a::{b, c},\n    d,\n};\nfn f() -> crate::e::G { } // crate::h\n".into(),
    };
    let named: Vec<String> = source
        .modules_named()
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(named, ["a", "d", "e"]);
}
