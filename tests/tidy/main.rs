//! The sentences of ARCHITECTURE.md that a machine can hold: layers, sizes, names, and documents that show real code.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports by panicking"
)]

mod documents;
mod layers;
mod manifests;
mod refusals;
mod shape;
mod sleeping;
mod source;

/// Fails with the broken sentence and every place that breaks it, not only the first.
#[track_caller]
fn hold(sentence: &str, broken: impl IntoIterator<Item = String>) {
    let broken: Vec<String> = broken.into_iter().collect();
    assert!(broken.is_empty(), "{sentence}\n  {}", broken.join("\n  "));
}
