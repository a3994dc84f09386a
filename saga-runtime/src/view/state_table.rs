//! A saga's state table: from, on, does, to.

use std::fmt::{self, Display};

use super::{grid::Grid, notation};
use crate::definition::{Branch, Clause, Definition, Exception, Trigger};

const HEADINGS: [&str; 4] = ["from", "on", "does", "to"];

/// What a saga does where: a row for each outcome of each handler, then one for each exception, as written.
///
/// [`Display`] aligns it for a terminal. The saga's own documentation shows the same rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateTable {
    /// The rows, in the order written.
    pub rows: Vec<StateRow>,
}

/// One row of a [`StateTable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// The states, `start` or `compensate`.
    pub from: String,
    /// What sets it off.
    pub on: String,
    /// The label of the outcome, where the handler decides.
    pub label: Option<&'static str>,
    /// What is emitted; `ignored`, `deferred` or `unexpected` for an exception.
    pub does: String,
    /// The state that is entered; empty where the state stays.
    pub to: &'static str,
}

impl StateTable {
    pub(super) fn of(definition: &Definition) -> Self {
        let clauses = definition.clauses.iter().flat_map(|clause| {
            let row = |branch| StateRow::of_branch(definition, clause, branch);
            clause.branches.iter().map(row)
        });
        let exceptions = definition
            .exceptions
            .iter()
            .map(|exception| StateRow::of_exception(definition, exception));
        Self {
            rows: clauses.chain(exceptions).collect(),
        }
    }
}

impl Display for StateTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows.iter().map(StateRow::cells).collect();
        let grid = Grid {
            headings: HEADINGS,
            rows,
        };
        grid.fmt(f)
    }
}

impl StateRow {
    fn of_branch(definition: &Definition, clause: &Clause, branch: &Branch) -> Self {
        let from = match clause.trigger {
            Trigger::Start(_) => "start".into(),
            Trigger::Compensate(_) | Trigger::Compensated => "compensate".into(),
            _ => notation::places(definition, clause.places),
        };
        Self {
            from,
            on: notation::trigger(definition, clause),
            label: branch.label,
            does: notation::effects(branch),
            to: branch
                .target
                .map_or("", |target| notation::target(definition, target)),
        }
    }

    fn of_exception(definition: &Definition, exception: &Exception) -> Self {
        Self {
            from: notation::places(definition, exception.places),
            on: notation::item(definition, &exception.item),
            label: None,
            does: notation::treatment(exception.how).into(),
            to: "",
        }
    }

    fn cells(&self) -> [String; 4] {
        let label = self.label.map(|label| format!("[{label}] ")).unwrap_or_default();
        let does = format!("{label}{}", self.does);
        [self.from.clone(), self.on.clone(), does, self.to.into()]
    }
}
