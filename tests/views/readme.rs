//! The README's diagram is drawn from the saga that the README shows.

use std::fs;

use saga_runtime::saga::Saga;

use crate::{golden::updating, saga::Fulfilment};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
const MARKER: &str = "<!-- diagram:fulfilment -->\n";
const CLOSE: &str = "```\n";

#[test]
fn the_readmes_diagram_is_the_sagas() {
    let readme = fs::read_to_string(README).unwrap();
    let (before, rest) = readme.split_once(MARKER).expect("the README marks its diagram");
    let (_, after) = rest[3..].split_once(CLOSE).expect("a block behind the marker");
    let block = format!("```mermaid\n{}{CLOSE}", Fulfilment::DEFINITION.mermaid());
    let drawn = format!("{before}{MARKER}{block}{after}");
    if updating() {
        fs::write(README, &drawn).unwrap();
    } else {
        assert!(
            readme == drawn,
            "UPDATE_GOLDEN=1 draws it anew. It should be:\n{block}"
        );
    }
}
