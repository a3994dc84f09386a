//! What an exploration has found, and what it has covered.

use std::fmt;

use super::{FaultKind, world::World};
use crate::testing::explore::search::Searched;

/// What an exploration has come to. Its text says what was covered and what was not.
#[derive(Debug, Default)]
pub struct Explored {
    states: usize,
    transitions: usize,
    crashes: usize,
    depth: usize,
    groups: usize,
    complete: bool,
    violation: Option<Violation>,
}

/// Something that is wrong, and the shortest way to it.
#[derive(Debug)]
pub struct Violation {
    kind: FaultKind,
    text: String,
    chart: String,
    mermaid: String,
    scenario: Option<String>,
    steps: usize,
}

impl Explored {
    pub(super) fn new() -> Self {
        Self {
            complete: true,
            ..Self::default()
        }
    }

    /// Adds what was found in one group; whether to go on.
    pub(super) fn add(&mut self, world: &mut World<'_>, searched: Searched) -> bool {
        self.groups += 1;
        self.states += searched.states;
        self.transitions += searched.transitions;
        self.crashes += searched.crashes;
        self.depth = self.depth.max(searched.depth);
        self.complete &= searched.complete;
        self.violation = searched.violation.map(|(fault, way)| {
            let chart = world.chart(&way, &fault);
            Violation {
                kind: fault.kind,
                scenario: world.scenario(&way, &fault),
                chart: chart.text(),
                mermaid: chart.mermaid(),
                steps: way.len(),
                text: fault.text,
            }
        });
        self.violation.is_none() && searched.complete
    }

    /// How many distinct states were looked at: what differs in nothing a saga could notice is one.
    pub fn states(&self) -> usize {
        self.states
    }

    /// How many steps from one state to another were looked at.
    pub fn transitions(&self) -> usize {
        self.transitions
    }

    /// How many of the [`transitions`](Self::transitions) end with a crash between the commit and its acknowledgement.
    pub fn crashes(&self) -> usize {
        self.crashes
    }

    /// The most steps that lie between the beginning and a state by the shortest way.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// How many groups of instances that share nothing were explored apart.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Whether everything that can happen was looked at.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// What is wrong, by the shortest way to it.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }
}

impl Violation {
    /// What kind of thing is wrong.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// What is wrong, in words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What happened, a line each.
    pub fn chart(&self) -> &str {
        &self.chart
    }

    /// What happened, as a Mermaid sequence diagram.
    pub fn mermaid(&self) -> &str {
        &self.mermaid
    }

    /// A test that goes the same way with a [`Scenario`](crate::testing::Scenario), ready to paste; `None` where more
    /// than one instance is to blame.
    pub fn scenario(&self) -> Option<&str> {
        self.scenario.as_deref()
    }

    /// How many steps it takes.
    pub fn steps(&self) -> usize {
        self.steps
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            states,
            transitions,
            crashes,
            depth,
            groups,
            ..
        } = self;
        if let Some(violation) = &self.violation {
            writeln!(f, "{violation}")?;
        }
        write!(
            f,
            "{states} states, {transitions} steps between them, {crashes} of which end in a crash, at most {depth} steps deep"
        )?;
        if *groups > 1 {
            write!(f, ", in {groups} groups that share no instance")?;
        }
        match (&self.violation, self.complete) {
            (Some(_), _) => write!(f, ", until this was found"),
            (None, true) => write!(f, ": everything that can happen"),
            (None, false) => write!(
                f,
                ": NOT everything that can happen. The bound on states was hit: every way of up to {} steps was looked at, \
                 longer ones were not; raise it with `.at_most_states(..)`, or give less input",
                depth.saturating_sub(1)
            ),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            text,
            chart,
            mermaid,
            steps,
            ..
        } = self;
        writeln!(f, "{text}\n\nthe shortest way to it, {steps} steps\n{chart}")?;
        writeln!(f, "as a diagram\n```mermaid\n{mermaid}```")?;
        match &self.scenario {
            Some(scenario) => writeln!(
                f,
                "\nas a test to paste, with `use saga_runtime::testing::{{Scenario, json}};`\n{scenario}"
            ),
            None => Ok(()),
        }
    }
}
