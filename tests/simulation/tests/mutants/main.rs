//! The simulator bites: each of many slips in the runtime is found by seeds that the runtime as it is passes.
//!
//! All mutants are written into one copy of the sources, each behind a question asked of the environment, so that the
//! copy is built once and the sources themselves know of none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports by panicking"
)]

mod list;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use list::{MUTANTS, Mutant};

/// The seeds within which each mutant must be found.
const SEEDS: u32 = 1_500;
/// What the runtime as it is must pass.
const SOUND_SEEDS: u32 = 100;
/// Seeds that are run twice where one run shows nothing.
const TWICE: u32 = 10;
/// The longest that one mutant may run.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks which mutant is switched on; added to the copy alone.
const QUESTION: &str = r#"
pub(crate) fn mutant(name: &str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var("SAGA_MUTANT").ok()).as_deref() == Some(name)
}
"#;

#[test]
fn every_mutant_is_found() {
    let simulator = build(&copied());
    let (status, told) = simulate(&simulator, "", SOUND_SEEDS, &["--twice"]);
    assert!(status.success(), "the runtime as it is: {told}");
    let mut survivors = Vec::new();
    for mutant in MUTANTS {
        let began = Instant::now();
        let (mut status, mut told) = simulate(&simulator, mutant.name, SEEDS, &[]);
        if status.success() {
            // What changes nothing that can be seen in one run may still make of one seed two runs.
            (status, told) = simulate(&simulator, mutant.name, TWICE, &["--twice"]);
        }
        let found = !status.success() && told.contains("violations");
        let by = told.lines().nth(1).unwrap_or_default().trim();
        let by: String = by.chars().take(120).collect();
        println!("{:>6.1} s  {}  {by}", began.elapsed().as_secs_f64(), mutant.name);
        if !found {
            survivors.push(mutant.name);
        }
    }
    assert!(
        survivors.is_empty(),
        "not found within {SEEDS} seeds: {survivors:?}"
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The workspace's runtime, macros and simulation, with every mutant in them.
fn copied() -> PathBuf {
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    for folder in ["saga-macros", "saga-runtime", "tests/simulation"] {
        for part in ["Cargo.toml", "src", "README.md"] {
            copy(&root().join(folder).join(part), &to.join(folder).join(part));
        }
    }
    copy(&root().join("Cargo.lock"), &to.join("Cargo.lock"));
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.lines().map(|line| match line.starts_with("members = ") {
        true => r#"members = ["saga-macros", "saga-runtime", "tests/simulation"]"#,
        false => line,
    });
    write(&to.join("Cargo.toml"), &members.collect::<Vec<_>>().join("\n"));
    strip(&to.join("saga-runtime/Cargo.toml"));
    strip(&to.join("tests/simulation/Cargo.toml"));
    let sources = to.join("saga-runtime/src");
    let mut texts = std::collections::BTreeMap::new();
    for mutant in MUTANTS {
        let original = || fs::read_to_string(root().join("saga-runtime/src").join(mutant.file)).unwrap();
        let text = texts.entry(mutant.file).or_insert_with(original);
        *text = mutated(text, mutant);
    }
    let library = fs::read_to_string(root().join("saga-runtime/src/lib.rs")).unwrap();
    texts.insert("lib.rs", library + QUESTION);
    for (file, text) in texts {
        write(&sources.join(file), &text);
    }
    to
}

fn mutated(
    text: &str,
    Mutant {
        name,
        file,
        find,
        replace,
    }: &Mutant,
) -> String {
    let count = text.matches(find).count();
    assert_eq!(
        count, 1,
        "mutant `{name}`: `{find}` stands {count} times in {file}; write it anew"
    );
    text.replace(
        find,
        &replace.replace("MUTANT", &format!("crate::mutant({name:?})")),
    )
}

/// Copies what has changed, so that what has not is not built again.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if let Ok(text) = fs::read_to_string(from)
        && !MUTANTS
            .iter()
            .any(|mutant| to.ends_with(Path::new("saga-runtime/src").join(mutant.file)))
        && !to.ends_with("saga-runtime/src/lib.rs")
    {
        write(to, &text);
    }
}

/// Leaves out what only tests and benches need.
fn strip(manifest: &Path) {
    let text = fs::read_to_string(manifest).unwrap();
    let kept = text.split("\n[").filter(|part| {
        !["dev-dependencies]", "[bench]", "[test]"]
            .iter()
            .any(|word| part.starts_with(word))
    });
    let kept = kept.collect::<Vec<_>>().join("\n[");
    write(manifest, &kept.replace("default = [\"sqlite\"]", "default = []"));
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn build(workspace: &Path) -> PathBuf {
    let target = workspace.join("target");
    let done = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--package", "saga-simulation"])
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env("RUSTFLAGS", "--cap-lints=allow")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    target.join("debug/saga-simulation")
}

/// Runs seeds until one is violated, and what was told.
fn simulate(simulator: &Path, mutant: &str, seeds: u32, more: &[&str]) -> (ExitStatus, String) {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutant.log");
    let mut running = Command::new(simulator)
        .args(["--orders", "20", "--seeds", &seeds.to_string()])
        .args(more)
        .env("SAGA_MUTANT", mutant)
        .stdout(fs::File::create(&log).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = running.try_wait().unwrap() {
            break status;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "mutant `{mutant}` does not come to an end"
        );
        std::thread::sleep(Duration::from_millis(10));
    };
    (status, fs::read_to_string(&log).unwrap())
}
