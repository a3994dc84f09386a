//! A generated workspace whose modules are mutants, checked by cargo until nothing is left to refuse.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::saga::Saga;

/// Modules to a package: few enough that the packages keep every core busy.
const MODULES: usize = 80;

/// A workspace of its own, its dependencies locked as they are here.
pub(crate) struct Workspace {
    root: PathBuf,
    packages: Vec<Package>,
}

struct Package {
    name: String,
    modules: Range<usize>,
}

/// What was said against a module, all at once.
pub(crate) struct Refusal {
    pub(crate) rules: Vec<String>,
    /// In const evaluation, the compiler's last word.
    evaluated: bool,
}

/// What is refused, by the module's number.
type Refusals = BTreeMap<usize, Refusal>;

impl Workspace {
    pub(crate) fn new() -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutation");
        Self {
            root,
            packages: Vec::new(),
        }
    }

    /// Adds modules beside the contracts of their saga; the numbers they are given.
    pub(crate) fn add(&mut self, saga: &Saga, modules: &[String]) -> Range<usize> {
        let first = self.packages.last().map_or(0, |package| package.modules.end);
        for (chunk, modules) in modules.chunks(MODULES).enumerate() {
            let from = first + chunk * MODULES;
            let package = Package {
                name: format!("{}-{chunk}", saga.name),
                modules: from..from + modules.len(),
            };
            package.write(&self.root.join(&package.name), saga, modules);
            self.packages.push(package);
        }
        first..first + modules.len()
    }

    /// Which of the modules a rule refuses. What the macro or the types refuse hides const evaluation from its package,
    /// so that each round goes on without those refused before; const evaluation then judges the rest at once.
    ///
    /// # Panics
    /// If anything but a rule refuses a module: then the mutant says nothing about the rules.
    pub(crate) fn refusals(&self) -> Refusals {
        let names: Vec<_> = self
            .packages
            .iter()
            .map(|package| format!("{:?}", package.name))
            .collect();
        let manifest = format!(
            "[workspace]\nresolver = \"3\"\nmembers = [{}]\n",
            names.join(", ")
        );
        fs::write(self.root.join("Cargo.toml"), manifest).unwrap();
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        fs::copy(lock, self.root.join("Cargo.lock")).unwrap();
        let mut refused = Refusals::new();
        loop {
            let found = self.check(&refused);
            let last = found.values().all(|refusal| refusal.evaluated);
            refused.extend(found);
            if last {
                return refused;
            }
        }
    }

    /// One `cargo check` without the modules refused before.
    fn check(&self, refused: &Refusals) -> Refusals {
        for package in &self.packages {
            let mut library = "#![allow(warnings)]\nmod contracts;\n".to_owned();
            let left = package
                .modules
                .clone()
                .filter(|number| !refused.contains_key(number));
            left.for_each(|number| writeln!(library, "mod m{number};").unwrap());
            write(&self.root.join(&package.name).join("src/lib.rs"), &library);
        }
        let done = Command::new(env!("CARGO"))
            .args([
                "check",
                "--quiet",
                "--offline",
                "--keep-going",
                "--message-format=json",
            ])
            .current_dir(&self.root)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_DIR", self.root.join("target"))
            .output()
            .unwrap();
        let refusals = refusals(&String::from_utf8_lossy(&done.stdout));
        let words = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() || !refusals.is_empty(), "{words}");
        refusals
    }
}

impl Package {
    fn write(&self, root: &Path, saga: &Saga, modules: &[String]) {
        let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../saga-runtime");
        fs::create_dir_all(root.join("src")).unwrap();
        write(&root.join("Cargo.toml"), &manifest(&self.name, &runtime));
        write(&root.join("src/contracts.rs"), &saga.contracts);
        for (number, text) in self.modules.clone().zip(modules) {
            write(&root.join(format!("src/m{number}.rs")), text);
        }
    }
}

/// Writes what has changed, so that cargo checks nothing twice.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}

fn refusals(output: &str) -> Refusals {
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = lines.filter(|line| line["message"]["level"] == "error");
    let mut refusals = Refusals::new();
    for error in errors {
        let message = &error["message"];
        let spans = message["spans"].as_array().unwrap();
        let Some(number) = spans
            .iter()
            .filter(|span| span["is_primary"] == true)
            .find_map(module)
        else {
            continue;
        };
        let text = message["message"].as_str().unwrap();
        let rules = rules(text);
        assert!(!rules.is_empty(), "no rule refuses this: {}", message["rendered"]);
        let refusal = refusals.entry(number).or_insert(Refusal {
            rules: Vec::new(),
            evaluated: message["code"]["code"] == "E0080",
        });
        refusal.rules.extend(rules);
    }
    refusals
}

/// `S101` in `evaluation panicked: S101: in ..`, and what follows it at the same token.
fn rules(text: &str) -> Vec<String> {
    let is_code = |word: &&str| word.len() == 4 && word.starts_with('S') && word[1..].parse::<u16>().is_ok();
    let begun = text.split("\n\n");
    begun
        .filter_map(|report| report.split([':', ' ']).find(is_code))
        .map(str::to_owned)
        .collect()
}

/// The number in `order-0/src/m17.rs`.
fn module(span: &Value) -> Option<usize> {
    let file = span["file_name"].as_str()?.rsplit('/').next()?;
    file.strip_prefix('m')?.strip_suffix(".rs")?.parse().ok()
}

fn manifest(name: &str, runtime: &Path) -> String {
    format!(
        r#"[package]
name = "{name}"
version = "0.0.0"
edition = "2024"

[dependencies]
saga-runtime = {{ path = "{}", default-features = false }}
serde = {{ version = "1", features = ["derive"] }}
"#,
        runtime.display()
    )
}
