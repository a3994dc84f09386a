//! The three sagas of `ui/pass` with one thing wrong at a time: the rules refuse nearly all of them, and say so.
//!
//! ```text
//! ui/pass/order.rs ──read──▶ Saga ──▶ mutants: one clause, message, state, effect, target or word
//!                                        │         dropped, or another of its kind in its place
//!                                        │ written out with fitting signatures, each a module
//!                                        ▼
//!                        cargo check, again without those refused, until only const evaluation is left
//!                                        ▼
//!                        refused by a rule (S000 in its words)   or   a survivor, listed in survivors.txt with the reason
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports by panicking"
)]

mod clause;
mod mutants;
mod saga;
mod survivors;
mod workspace;

use std::collections::BTreeMap;

use crate::{mutants::Mutant, saga::Saga, workspace::Workspace};

/// The share of the mutants that the rules have to refuse.
const TARGET: f64 = 0.85;

/// The share of those refused that have to be told with one report. The others cannot be told from two mistakes: a handler
/// that takes another command leaves what it took unforeseen (S101, S106), and the sender of the other waiting (S104,
/// S105); a way into `compensate` that nobody prepared leaves steps that nothing undoes (S109), and messages (S106); where
/// a handler or a `send` is missing, so is what it alone had sent (S102), or led to (S004); a command sent twice is answered
/// twice (S101), in the place of another (S102); the join of three answers left out leaves three commands unanswered (S101).
const TOLD_ONCE: f64 = 0.94;

#[test]
fn a_process_with_one_thing_wrong_does_not_compile() {
    let sagas = ["order", "subscription", "travel"].map(Saga::read);
    let judged = judge(&sagas);
    let (refused, survivors): (Vec<_>, Vec<_>) = judged.iter().partition(|(_, rules)| !rules.is_empty());
    println!("{}", table(&refused, judged.len()));
    let once = refused.iter().filter(|(_, rules)| rules.len() == 1).count() as f64 / refused.len() as f64;
    assert!(
        once >= TOLD_ONCE,
        "only {:.1} % of the refused mutants are told with one report",
        100.0 * once
    );
    let survivors: Vec<&str> = survivors.iter().map(|(mutant, _)| mutant.name.as_str()).collect();
    survivors::are_explained(&survivors);
    let score = refused.len() as f64 / judged.len() as f64;
    assert!(
        score >= TARGET,
        "only {:.1} % of the mutants are refused",
        100.0 * score
    );
}

/// Every mutant of some sagas, with the rules that refuse it.
fn judge(sagas: &[Saga]) -> Vec<(Mutant, Vec<String>)> {
    let mut workspace = Workspace::new();
    let mut numbered = Vec::new();
    for saga in sagas {
        let mutants = mutants::of(saga);
        let written = mutants.iter().map(|mutant| mutant.saga.written());
        let modules: Vec<String> = std::iter::once(saga.written()).chain(written).collect();
        numbered.push((workspace.add(saga, &modules), saga, mutants));
    }
    let mut refusals = workspace.refusals();
    let mut judged = Vec::new();
    for (numbers, saga, mutants) in numbered {
        assert!(
            !refusals.contains_key(&numbers.start),
            "`{}` is sound as it is",
            saga.name
        );
        let mut rules = |number| {
            refusals
                .remove(&number)
                .map_or(Vec::new(), |refusal| refusal.rules)
        };
        judged.extend(
            mutants
                .into_iter()
                .zip(numbers.skip(1))
                .map(|(mutant, number)| (mutant, rules(number))),
        );
    }
    judged
}

/// How many mutants each rule refused first, how many were told with one report, and the score.
fn table(refused: &[&(Mutant, Vec<String>)], all: usize) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in refused.iter().map(|(_, rules)| rules[0].as_str()) {
        *rules.entry(rule).or_default() += 1;
    }
    let rows: String = rules
        .iter()
        .map(|(rule, count)| format!("{rule} {count:4}\n"))
        .collect();
    let share = 100.0 * refused.len() as f64 / all as f64;
    let once = refused.iter().filter(|(_, rules)| rules.len() == 1).count();
    let several = refused.iter().filter(|(_, rules)| rules.len() > 1);
    let several: String = several
        .map(|(mutant, rules)| format!("{}: {}\n", mutant.name, rules.join(" ")))
        .collect();
    format!(
        "{several}{rows}{} of {all} mutants refused: {share:.1} %; {once} of them with one report",
        refused.len()
    )
}
