//! The rules, one file each. Each has a finder that composes the report, and a check that refuses with it.
//!
//! Tokens are addressed as they stand in the definition: clause, branch, effect, item, place, exception.

pub mod limits;
pub mod s101;
pub mod s102;
pub mod s104;
pub mod s105;
pub mod s106;
pub mod s108;
pub mod s109;
pub mod s110;

use crate::definition::Place;

use super::{Exploration, report::Text};

/// The opening of a report: the code and the saga.
const fn open(exploration: &Exploration, code: &str) -> Text {
    let mut text = Text::new();
    text.push(code);
    text.push(": in `");
    text.push(exploration.model.definition.name);
    text.push("`, ");
    text
}

/// The number of a place that is not `_`.
const fn place_number(exploration: &Exploration, place: Place) -> Option<usize> {
    match place {
        Place::State(state) => Some(state as usize),
        Place::Compensate => Some(exploration.model.compensate()),
        Place::End => Some(exploration.model.end()),
        Place::Rest => None,
    }
}

/// Whether this effect opened a request on the way to a node: the last one that sends the command.
const fn is_opener(exploration: &Exploration, request: usize, node: usize, effect: usize) -> bool {
    match opener(exploration, request, node) {
        Some(opener) => opener == effect,
        // Sent outside any configuration, by an undo: any token may tell.
        None => true,
    }
}

const fn opener(exploration: &Exploration, request: usize, node: usize) -> Option<usize> {
    let mut next = Some(node);
    while let Some(node) = next {
        if let Some(number) = exploration.trace.edge(node).branch() {
            let (clause, branch) = exploration.model.branch_at(number);
            let effects = exploration.model.clause(clause).branches[branch].effects;
            let mut at = 0;
            while at < effects.len() {
                if let Some(sent) = exploration.sent(clause, branch, at)
                    && sent == request
                {
                    return Some(exploration.model.effect_number(clause, branch, at));
                }
                at += 1;
            }
        }
        next = exploration.trace.parent(node);
    }
    None
}
