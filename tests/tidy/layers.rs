//! Who may know whom.

use crate::{hold, source::rust_files};

/// What only `bus/` and the saga's own modules may name.
const ABOVE_THE_SEAMS: &[&str] = &[
    "bus",
    "context",
    "definition",
    "effects",
    "input",
    "inspect",
    "private",
    "saga",
    "soundness",
    "system",
    "testing",
];

#[test]
fn backends_know_nothing_of_sagas() {
    let seams = ["saga-runtime/src/store", "saga-runtime/src/transport"];
    let broken = seams.into_iter().flat_map(rust_files).flat_map(|file| {
        let named = file.modules_named();
        let above = ABOVE_THE_SEAMS.iter().filter(|module| named.contains(**module));
        above
            .map(|module| format!("{} names crate::{module}", file.path))
            .collect::<Vec<_>>()
    });
    hold("store/ and transport/ know nothing of sagas.", broken);
}

#[test]
fn stores_know_nothing_of_transports() {
    let broken = rust_files("saga-runtime/src/store")
        .into_iter()
        .filter(|file| file.modules_named().contains("transport"))
        .map(|file| file.path);
    hold("store/ does not name transport/.", broken);
}

#[test]
fn only_the_bus_works_both_seams() {
    let may = [
        "/bus/",
        "/testing/",
        "/transport/",
        "src/bus.rs",
        "src/lib.rs",
        "src/testing.rs",
    ];
    let broken = rust_files("saga-runtime/src")
        .into_iter()
        .filter(|file| !may.iter().any(|place| file.path.contains(place)))
        .filter(|file| {
            ["store", "transport"]
                .iter()
                .all(|seam| file.modules_named().contains(*seam))
        })
        .map(|file| file.path);
    hold("Only bus/ awaits both a store and a transport.", broken);
}

#[test]
fn the_macros_name_nothing_outside_the_runtime() {
    let broken = rust_files("saga-macros/src").into_iter().flat_map(|file| {
        let code = file.code();
        absolute_paths(&code)
            .filter(|crate_name| !["saga_runtime", "core", "std"].contains(&crate_name.as_str()))
            .map(|crate_name| format!("{} writes ::{crate_name}", file.path))
            .collect::<Vec<_>>()
    });
    hold(
        "Generated code names nothing outside ::saga_runtime and the standard library.",
        broken,
    );
}

/// The crates named by paths that begin with `::`, as generated code's do.
fn absolute_paths(code: &str) -> impl Iterator<Item = String> {
    code.match_indices("::").filter_map(|(at, _)| {
        let before = code[..at].chars().next_back()?;
        let absolute = before.is_whitespace() || "(<&[,{!=".contains(before);
        let name: String = code[at + 2..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        (absolute && !name.is_empty()).then_some(name)
    })
}
