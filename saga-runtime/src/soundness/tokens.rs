//! What is asked at each token: every rule that concerns it. One call per token, in as few constants as can be, since each
//! of those costs rustc far more than the rules it asks.

use crate::definition::{Retired, Verb};

use super::{
    Exploration,
    report::{Text, refuse},
    rules::{limits, s101, s102, s104, s105, s106, s108, s109, s110},
};

/// Checks the size of a saga against the [capacities](super::capacity).
#[track_caller]
pub const fn saga(exploration: &Exploration) {
    refuse(limits::find(exploration));
}

/// Checks a clause: it runs, and where an outcome of it names no target, staying is sound.
#[track_caller]
pub const fn clause(exploration: &Exploration, clause: usize) {
    if exploration.silent {
        return;
    }
    let branches = exploration.model.clause(clause).branches;
    let mut found = s110::find(exploration, clause);
    let mut branch = 0;
    while branch < branches.len() {
        if branches[branch].target.is_none() {
            found = both(found, of_target(exploration, clause, branch));
        }
        branch += 1;
    }
    refuse(found);
}

/// Checks an item of a clause's trigger, except in the places of its clause whose bits are set in `retired`: states
/// that only instances of older builds are in.
#[track_caller]
pub const fn item(exploration: &Exploration, clause: usize, item: usize, retired: u128) {
    if exploration.silent {
        return;
    }
    let places = exploration.model.clause(clause).places.len();
    let mut found = None;
    let mut place = 0;
    while place < places {
        if retired & (1 << place) == 0 {
            found = both(found, s102::find(exploration, clause, item, place));
        }
        place += 1;
    }
    found = both(found, s104::find_trigger(exploration, clause, item));
    found = both(found, s105::find_trigger(exploration, clause, item));
    refuse(both(found, s106::find(exploration, clause, item)));
}

/// Checks where an outcome of a clause leads.
#[track_caller]
pub const fn target(exploration: &Exploration, clause: usize, branch: usize) {
    if !exploration.silent {
        refuse(of_target(exploration, clause, branch));
    }
}

const fn of_target(exploration: &Exploration, clause: usize, branch: usize) -> Option<Text> {
    both(
        s105::find_target(exploration, clause, branch),
        s108::find(exploration, clause, branch),
    )
}

/// Checks an effect of an outcome.
#[track_caller]
pub const fn effect(exploration: &Exploration, clause: usize, branch: usize, effect: usize) {
    if exploration.silent {
        return;
    }
    let mut found = s104::find_kind(exploration, clause, branch, effect);
    match exploration.model.clause(clause).branches[branch].effects[effect].verb {
        Verb::Send => {
            found = both(found, s101::find(exploration, clause, branch, effect));
            found = both(found, s109::find(exploration, clause, branch, effect));
        }
        Verb::Publish => {}
        Verb::Reply => {
            found = both(found, s104::find_effect(exploration, clause, branch, effect));
            found = both(found, s105::find_effect(exploration, clause, branch, effect));
        }
    }
    refuse(found);
}

/// Checks an exception (`ignore`, `defer`, `unexpected`), except in the places whose bits are set in `retired`.
#[track_caller]
pub const fn exception(exploration: &Exploration, exception: usize, retired: u128) {
    if exploration.silent {
        return;
    }
    let places = exploration.model.definition.exceptions[exception].places.len();
    let mut found = None;
    let mut place = 0;
    while place < places {
        if retired & (1 << place) == 0 {
            found = both(found, s102::find_exception(exploration, exception, place));
        }
        place += 1;
    }
    found = both(found, s105::find_exception(exploration, exception));
    found = both(found, s106::find_exception(exploration, exception));
    refuse(both(found, s109::find_exception(exploration, exception)));
}

/// Checks a command that only older builds have sent, or a state that only their instances are in, by its number in the
/// definition's `retired`.
#[track_caller]
pub const fn retired(exploration: &Exploration, retired: usize) {
    if exploration.silent {
        return;
    }
    if let Retired::State(state) = exploration.model.definition.retired[retired] {
        return refuse(of_retired_state(exploration, state as usize));
    }
    let found = both(
        s101::find_retired(exploration, retired),
        s109::find_retired(exploration, retired),
    );
    refuse(both(found, s110::find_retired(exploration, retired)));
}

const fn of_retired_state(exploration: &Exploration, state: usize) -> Option<Text> {
    let mut found = None;
    let mut request = 0;
    while exploration.excess.is_none() && request < exploration.model.request_count {
        found = both(found, s101::find_left(exploration, state, request));
        found = both(found, s109::find_left(exploration, state, request));
        request += 1;
    }
    found
}

/// Two reports as one.
const fn both(first: Option<Text>, second: Option<Text>) -> Option<Text> {
    match (first, second) {
        (Some(mut first), Some(second)) => {
            first.push("\n\n");
            first.push(second.as_str());
            Some(first)
        }
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => None,
    }
}
