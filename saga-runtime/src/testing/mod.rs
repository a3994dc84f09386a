//! Proof: of a saga, in plain tests with time under control; and of backends, one named test per guarantee of the seams.
//!
//! - [`Scenario`]: given, when, then for one saga.
//! - [`explore()`]: a search for the order of events that breaks a system of sagas.
//! - [`crash_at_every_step`] and [`deliver_everything_twice`]: sagas with their real services.
//! - [`store_suite`](mod@store_suite) and [`transport_suite`](mod@transport_suite): a new backend is a fixture and one line.
//! - [`assert_unchanged_or_migrated!`]: what is stored can still be read.
//!
//! ```
//! use saga_runtime::{store::Memory, testing::store_suite::StoreFixture};
//!
//! /// Processes that share one memory: each gets a handle of its own.
//! #[derive(Default)]
//! struct Shared(Memory);
//!
//! impl StoreFixture for Shared {
//!     type Store = Memory;
//!
//!     async fn connect(&self) -> Memory {
//!         self.0.clone()
//!     }
//! }
//!
//! saga_runtime::testing::store_suite!(Shared::default());
//! ```

// A test says what is wrong by panicking; these modules are tests that happen to be public.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chart;
pub mod explore;
mod lock;
mod machine;
pub mod rehearsal;
pub mod scenario;
pub mod store_suite;
pub mod transport_suite;

#[doc(inline)]
pub use crate::{assert_unchanged_or_migrated, store_suite, transport_suite};
pub use explore::explore;
#[doc(hidden)]
pub use lock::assert_locked;
pub use rehearsal::{Rehearsal, crash_at_every_step, deliver_everything_twice};
pub use scenario::Scenario;

mod samples;

/// Runs one case of a suite to its end.
///
/// # Panics
/// If the case fails.
#[doc(hidden)]
pub fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime for one test").block_on(case);
}

/// A message or a saga's data, read from JSON: for values whose fields are not at hand.
///
/// # Panics
/// If the text is no such value.
#[track_caller]
pub fn json<T: serde::de::DeserializeOwned>(text: &str) -> T {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => panic!("no `{}`: {error}\n{text}", std::any::type_name::<T>()),
    }
}

thread_local! {
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the handlers of services");
}

/// Runs a service's handler to its end on this thread.
fn finish<T>(handling: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(handling))
}

/// Says aloud why a case proves nothing here.
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// Writes one `#[test]` per case.
#[doc(hidden)]
#[macro_export]
macro_rules! __suite_cases {
    ($bench:expr; $suite:ident; $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                $crate::testing::run(async {
                    let bench = $bench;
                    if bench.can_be_tested() {
                        $crate::testing::$suite::$case(bench).await
                    }
                });
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    /// The titles of the cases in these sources.
    fn cases(sources: &[&'static str]) -> Vec<&'static str> {
        let lines = sources.iter().flat_map(|source| source.lines());
        let titles = lines.filter_map(|line| line.strip_prefix("pub async fn "));
        titles.filter_map(|rest| rest.split('<').next()).collect()
    }

    fn assert_all_listed(suite: &str, sources: &[&'static str]) {
        let listed: Vec<&str> = suite.lines().map(str::trim).collect();
        let missing: Vec<_> = cases(sources)
            .into_iter()
            .filter(|case| !listed.contains(case))
            .collect();
        assert!(
            missing.is_empty(),
            "cases that the macro does not list: {missing:?}"
        );
    }

    #[test]
    fn the_store_suite_lists_all_its_cases() {
        let sources = [
            include_str!("store_suite/claims.rs"),
            include_str!("store_suite/dead_letters.rs"),
            include_str!("store_suite/inspection.rs"),
            include_str!("store_suite/instances.rs"),
            include_str!("store_suite/nodes.rs"),
            include_str!("store_suite/parks.rs"),
            include_str!("store_suite/retention.rs"),
            include_str!("store_suite/timers.rs"),
            include_str!("store_suite/units.rs"),
        ];
        assert_all_listed(include_str!("store_suite/mod.rs"), &sources);
    }

    #[test]
    fn the_transport_suite_lists_all_its_cases() {
        let sources = [
            include_str!("transport_suite/events.rs"),
            include_str!("transport_suite/queues.rs"),
            include_str!("transport_suite/receiving.rs"),
            include_str!("transport_suite/sending.rs"),
            include_str!("transport_suite/settling.rs"),
        ];
        assert_all_listed(include_str!("transport_suite/mod.rs"), &sources);
    }
}
