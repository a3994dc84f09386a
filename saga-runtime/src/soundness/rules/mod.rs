//! The rules, one file each. Each has finders that compose a report; [`tokens`](super::tokens) asks them.
//!
//! Tokens are addressed as they stand in the definition: clause, branch, effect, item, place, exception.

mod follows;
pub(super) mod limits;
pub(super) mod s101;
pub(super) mod s102;
pub(super) mod s104;
pub(super) mod s105;
pub(super) mod s106;
pub(super) mod s108;
pub(super) mod s109;
pub(super) mod s110;

use crate::definition::{Place, Retired};

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

/// A token that opens a request: an effect by its number, or `retired(send ..)`.
#[derive(Clone, Copy)]
enum Token {
    Effect(usize),
    Retired,
    /// `retired(State)`, by the number of the state.
    RetiredState(usize),
}

/// Whether this token opened a request on the way to a node: the last one that sends the command.
const fn is_opener(exploration: &Exploration, request: usize, node: usize, token: Token) -> bool {
    match (opener(exploration, request, node), token) {
        (Some(Token::Effect(opener)), Token::Effect(effect)) => opener == effect,
        (Some(Token::Retired), Token::Retired) => true,
        (Some(Token::RetiredState(place)), Token::RetiredState(state)) => place == state,
        (Some(_), _) => false,
        // Sent outside any configuration, by an undo: the first token tells.
        (None, token) => match (first_sender(exploration, request), token) {
            (Some(first), Token::Effect(effect)) => first == effect,
            (first, Token::Retired) => first.is_none(),
            (None, Token::Effect(_)) | (_, Token::RetiredState(_)) => false,
        },
    }
}

/// The first effect that sends the command of a request, by its number.
const fn first_sender(exploration: &Exploration, request: usize) -> Option<usize> {
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        let branches = exploration.model.clause(clause).branches;
        let mut branch = 0;
        while branch < branches.len() {
            let mut at = 0;
            while at < branches[branch].effects.len() {
                if let Some(sent) = exploration.sent(clause, branch, at)
                    && sent == request
                {
                    return Some(exploration.model.effect_number(clause, branch, at));
                }
                at += 1;
            }
            branch += 1;
        }
        clause += 1;
    }
    None
}

/// The request of a command that only older builds sent.
const fn retired_request(exploration: &Exploration, retired: usize) -> Option<usize> {
    if exploration.excess.is_some() {
        return None;
    }
    match exploration.model.definition.retired[retired] {
        Retired::Send { command, .. } => exploration.model.request(command),
        Retired::Timer(_) | Retired::State(_) => None,
    }
}

const fn opener(exploration: &Exploration, request: usize, node: usize) -> Option<Token> {
    let mut next = Some(node);
    while let Some(node) = next {
        if let Some(before) = exploration.trace.edge(node).request_before()
            && before == request
        {
            let place = exploration.trace.place(node);
            if exploration.model.is_left_open(request as u8, place) {
                return Some(Token::Retired);
            }
            return Some(Token::RetiredState(place));
        }
        if let Some(number) = exploration.trace.edge(node).branch() {
            let (clause, branch) = exploration.model.branch_at(number);
            let effects = exploration.model.clause(clause).branches[branch].effects;
            let mut at = 0;
            while at < effects.len() {
                if let Some(sent) = exploration.sent(clause, branch, at)
                    && sent == request
                {
                    return Some(Token::Effect(exploration.model.effect_number(clause, branch, at)));
                }
                at += 1;
            }
        }
        next = exploration.trace.parent(node);
    }
    None
}
