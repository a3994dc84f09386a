//! A generated package, and how long `cargo check` takes over it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use saga_benches::Outcome;

/// Whether the macros ask the rules.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    Asked,
    LeftOut,
}

/// A package in a workspace of its own, with the dependencies of this one, locked as they are here.
pub(crate) struct Package {
    root: PathBuf,
}

impl Package {
    /// Writes the package; whatever stood there before is replaced.
    pub(crate) fn write(root: PathBuf, library: &str) -> Outcome<Self> {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::create_dir_all(root.join("src"))?;
        fs::write(
            root.join("Cargo.toml"),
            manifest(&benches.join("../saga-runtime")),
        )?;
        fs::copy(benches.join("../Cargo.lock"), root.join("Cargo.lock"))?;
        fs::write(root.join("src/lib.rs"), library)?;
        Ok(Self { root })
    }

    /// Checks the package anew, its dependencies being checked already; how long that took, cargo's own time included.
    pub(crate) fn check(&self, rules: Rules) -> Outcome<Duration> {
        let library = self.root.join("src/lib.rs");
        fs::write(&library, fs::read(&library)?)?;
        let (target, flags) = match rules {
            Rules::Asked => ("target", ""),
            Rules::LeftOut => ("target-without-rules", "--cfg saga_without_rules"),
        };
        let begun = Instant::now();
        let done = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--offline"])
            .current_dir(&self.root)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_DIR", self.root.with_file_name(target))
            .env("RUSTFLAGS", flags)
            .output()?;
        let took = begun.elapsed();
        if done.status.success() {
            Ok(took)
        } else {
            Err(String::from_utf8_lossy(&done.stderr).into())
        }
    }
}

fn manifest(runtime: &Path) -> String {
    format!(
        r#"[package]
name = "compile-cost"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
saga-runtime = {{ path = "{}", default-features = false }}
serde = {{ version = "1", features = ["derive"] }}
"#,
        runtime.display()
    )
}
