//! No test takes the passing of time for proof.

use crate::{
    hold,
    source::{Source, all_rust_files},
};

/// Where a test may sleep, and what for.
const SLEEPERS: &[(&str, &str)] = &[
    (
        "tests/end_to_end/kill.rs",
        "the instant at which a process is killed is the test's random input",
    ),
    (
        "tests/end_to_end/postgres/cut.rs",
        "the instant at which connections are cut is the test's random input",
    ),
    (
        "tests/faults/kill.rs",
        "the instant at which a process is killed is the test's random input",
    ),
    (
        "tests/src/watch.rs",
        "`eventually` looks again and again for what is to come, for a bounded time",
    ),
    (
        "tests/end_to_end/rabbitmq/tls.rs",
        "it asks a server that starts again and again whether it has, for a bounded time",
    ),
    (
        "tests/src/proxy.rs",
        "a line is as long as it is made: what it carries takes that time",
    ),
    (
        "tests/simulation/tests/mutants/main.rs",
        "it looks again and again whether a process has ended, for a bounded time",
    ),
    (
        "saga-runtime/src/testing/transport_suite/bench.rs",
        "it asks a server again and again for what is to come, for a bounded time",
    ),
];

#[test]
fn no_test_sleeps_and_hopes() {
    let sleeping: Vec<String> = all_rust_files()
        .into_iter()
        .filter(|file| test_code(file).contains("sleep("))
        .map(|file| file.path)
        .filter(|path| path != "tests/tidy/sleeping.rs")
        // In a simulation, time passes only while nothing else can be done.
        .filter(|path| !path.starts_with("tests/simulation/src/"))
        .collect();
    let allowed = |path: &str| SLEEPERS.iter().any(|(sleeper, _)| *sleeper == path);
    hold(
        "A test owns the clock or waits for a condition; what sleeps is listed with its reason in tests/tidy/sleeping.rs.",
        sleeping.iter().filter(|path| !allowed(path)).cloned(),
    );
    let idle = SLEEPERS.iter().map(|(path, _)| (*path).to_owned());
    hold(
        "Whoever may sleep does.",
        idle.filter(|path| !sleeping.contains(path)),
    );
}

/// What of a file is test code: all of it in a folder of tests, else what stands behind `#[cfg(test)]`.
fn test_code(file: &Source) -> String {
    let path = &file.path;
    let is_test = path.starts_with("tests/")
        || path.starts_with("saga-runtime/src/testing/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs");
    let code = file.code();
    match code.split_once("#[cfg(test)]") {
        _ if is_test => code,
        Some((_, tests)) => tests.to_owned(),
        None => String::new(),
    }
}
