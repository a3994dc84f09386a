//! What the tests' own shop stores stays readable: `saga.lock` stands beside this package's manifest. And the switch
//! that accepts a change, as a user throws it: in the environment of the test.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use saga_runtime::{
    system::System,
    testing::{assert_locked, assert_unchanged_or_migrated},
};
use tempfile::TempDir;

use crate::order::{BillingDesk, Fulfilment, Shop, WarehouseDesk};

#[test]
fn what_the_shop_stores_is_unchanged_or_migrated() {
    assert_unchanged_or_migrated!(Shop);
}

#[test]
fn a_list_of_parts_is_pinned_as_the_system_is() {
    assert_unchanged_or_migrated!([Fulfilment, BillingDesk, WarehouseDesk]);
}

/// Where the process below finds its file.
const FOLDER: &str = "FOLDER_OF_THE_LOCK";

/// The test as a user has it, in a process of its own: the tests below start it.
#[test]
fn in_a_folder_that_is_told() {
    if let Ok(folder) = env::var(FOLDER) {
        assert_locked(&folder, "saga.lock", Shop::PARTS);
    }
}

/// A folder with a lock in it, or not yet.
struct Locked(TempDir);

impl Locked {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With the shop's own lock, some text of it replaced.
    fn with(before: &str, after: &str) -> Self {
        let locked = Self::new();
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("saga.lock")).unwrap();
        assert!(text.contains(before), "the lock has no `{before}`");
        fs::write(locked.file(), text.replacen(before, after, 1)).unwrap();
        locked
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("saga.lock")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    /// Runs the test with the switch thrown; what it said, if it failed.
    fn run(&self, switch: Option<&str>) -> Result<(), String> {
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "locked::in_a_folder_that_is_told", "--nocapture"]);
        process.env(FOLDER, self.0.path()).env_remove("SAGA_LOCK");
        process.envs(switch.map(|switch| ("SAGA_LOCK", switch)));
        let Output {
            status,
            stdout,
            stderr,
        } = process.output().unwrap();
        let said = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
        assert!(said.contains("running 1 test"), "{said}");
        if status.success() { Ok(()) } else { Err(said) }
    }
}

#[test]
fn the_switch_in_the_environment_writes_the_file_that_the_next_run_is_held_against() {
    let locked = Locked::new();
    let missing = locked.run(None).unwrap_err();
    assert!(
        missing.contains("run this test with `SAGA_LOCK=accept` once"),
        "{missing}"
    );
    assert!(!locked.file().exists());
    locked.run(Some("accept")).unwrap();
    assert_eq!(
        locked.text(),
        Locked::with("", "").text(),
        "as it stands beside the manifest"
    );
    locked.run(None).unwrap();
    locked.run(Some("")).unwrap();
}

#[test]
fn the_switch_accepts_what_is_compatible() {
    let locked = Locked::with("  state AwaitingLabel\n", "");
    let behind = locked.run(None).unwrap_err();
    assert!(behind.contains("what changed is compatible"), "{behind}");
    assert!(
        behind.contains("  + saga Fulfilment: state AwaitingLabel"),
        "{behind}"
    );
    locked.run(Some("accept")).unwrap();
    locked.run(None).unwrap();
}

#[test]
fn the_switch_accepts_nothing_that_breaks_and_overwrites_it() {
    let locked = Locked::with(
        "  state AwaitingLabel\n",
        "  state AwaitingLabel\n  state Packing\n",
    );
    for switch in [None, Some("accept")] {
        let refused = locked.run(switch).unwrap_err();
        assert!(refused.contains("state `Packing` is gone"), "{refused}");
        assert!(locked.text().contains("  state Packing"));
    }
    locked.run(Some("overwrite")).unwrap();
    assert!(!locked.text().contains("  state Packing"));
    locked.run(None).unwrap();
}

#[test]
fn a_switch_that_says_nothing_is_told_and_changes_nothing() {
    let locked = Locked::with("  state AwaitingLabel\n", "");
    let before = locked.text();
    for switch in ["acept", "ACCEPT", "1"] {
        let told = locked.run(Some(switch)).unwrap_err();
        assert!(
            told.contains(&format!("`SAGA_LOCK={switch}` says nothing")),
            "{told}"
        );
    }
    assert_eq!(locked.text(), before);
}

#[test]
fn a_file_that_cannot_be_written_is_told_with_its_path() {
    let locked = Locked::with("  state AwaitingLabel\n", "");
    let before = locked.text();
    let mut read_only = fs::metadata(locked.file()).unwrap().permissions();
    read_only.set_readonly(true);
    fs::set_permissions(locked.file(), read_only).unwrap();
    // Root writes what is read-only, but not what is a folder.
    let privileged = fs::OpenOptions::new().write(true).open(locked.file()).is_ok();
    let switch = if privileged {
        fs::remove_file(locked.file()).unwrap();
        fs::create_dir(locked.file()).unwrap();
        "overwrite"
    } else {
        "accept"
    };
    let told = locked.run(Some(switch)).unwrap_err();
    let expected = format!("{} cannot be written: ", locked.file().display());
    assert!(told.contains(&expected), "{told}");
    assert!(
        told.contains("remedy: make the file and its folder writable"),
        "{told}"
    );
    if !privileged {
        assert_eq!(locked.text(), before);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_its_path() {
    let locked = Locked::new();
    fs::create_dir(locked.file()).unwrap();
    for switch in [None, Some("accept")] {
        let told = locked.run(switch).unwrap_err();
        let expected = format!("{} cannot be read: ", locked.file().display());
        assert!(told.contains(&expected), "{told}");
    }
}
