//! What a play has come to, and whether that is the same as without a disturbance.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::stage::Disturbance;
use crate::{
    store::InstanceId,
    telemetry,
    testing::chart::{Chart, side_by_side},
};

/// What a play has come to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) disturbance: Disturbance,
    /// What every step was about, in order.
    pub(super) steps: Vec<String>,
    /// The state of each instance at the end.
    pub(super) states: BTreeMap<InstanceId, String>,
    /// The answers each input was given.
    pub(super) answers: Vec<Vec<Arc<str>>>,
    /// How many messages of each name sagas and services emitted, answers to callers aside.
    pub(super) emitted: BTreeMap<Arc<str>, usize>,
    /// What went wrong.
    pub(super) faults: Vec<String>,
    pub(super) chart: Chart,
}

impl Outcome {
    pub(super) fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Runs an assertion of the user's.
    #[track_caller]
    pub(super) fn hold(&self, assertion: &dyn Fn()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(assertion)) {
            let text = telemetry::panic_text(&*panic);
            panic!(
                "\n{}: what has to be so afterwards is not: {text}\n\nwhat happened\n{}",
                self.disturbed(),
                self.chart.text()
            );
        }
    }

    #[track_caller]
    pub(super) fn assert_same(&self, undisturbed: &Self) {
        let (expected, actual) = (undisturbed.summary(), self.summary());
        assert!(
            expected == actual,
            "\n{}: it comes to something else\n\n{}\nwhat happened\n{}",
            self.disturbed(),
            side_by_side(&expected, &actual),
            self.chart.text()
        );
    }

    /// How it was disturbed.
    fn disturbed(&self) -> String {
        let step = |step: usize| {
            let about = self.steps.get(step).map_or("", String::as_str);
            format!("step {} ({about})", step + 1)
        };
        match self.disturbance {
            Disturbance::None => "undisturbed".to_owned(),
            Disturbance::CrashBefore(at) => format!("killed before the commit of {}", step(at)),
            Disturbance::CrashAfter(at) => format!("killed after the commit of {}", step(at)),
            Disturbance::Twice => "everything twice".to_owned(),
        }
    }

    fn summary(&self) -> String {
        let states = self
            .states
            .iter()
            .map(|(id, state)| format!("{} `{}`: {state}", id.saga, id.key));
        let answers = (1..).zip(&self.answers).map(|(number, answers)| {
            let mut answers: Vec<&str> = answers.iter().map(AsRef::as_ref).collect();
            answers.dedup();
            format!("input {number} answered: {}", answers.join(", "))
        });
        let emitted = self
            .emitted
            .iter()
            .map(|(name, count)| format!("{name}: {count}"));
        let faults = self.faults.iter().map(|fault| format!("WRONG: {fault}"));
        let lines: Vec<String> = states.chain(answers).chain(emitted).chain(faults).collect();
        lines.join("\n")
    }
}
