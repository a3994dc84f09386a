//! Texts that are kept in files.

use std::{env, fs, path::PathBuf};

/// Compares with `golden/<name>`, or writes it anew where that is asked for.
pub fn assert_golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("views/golden")
        .join(name);
    if updating() {
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{} is no longer what is drawn; UPDATE_GOLDEN=1 writes it anew. Drawn:\n{text}",
        path.display()
    );
}

pub fn updating() -> bool {
    env::var_os("UPDATE_GOLDEN").is_some()
}
