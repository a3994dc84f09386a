//! A branch that, whenever it runs, enters a state which waits for replies alone, while none of them is on its way.

use crate::{
    definition::{Clause, Place, Target, Trigger},
    message::MessageKind,
    soundness::{
        Exploration,
        capacity::NONE,
        model::{includes, items},
        moves,
        routes::{Route, START_AGAIN},
    },
};

/// Whether every way this branch runs leads to waiting for nothing. Where only some do, the state may be meant to be
/// left by its timer then; and where no reply leads on from it, it is only named for those that come late. What says no
/// most often is asked first, as each question here reads the whole saga.
pub(super) const fn enters(exploration: &Exploration, number: usize, state: usize) -> bool {
    exploration.is_exact()
        && exploration.facts.ran[number]
        && exploration.model.awaits_reply(state)
        && !any_on_its_way(exploration, number, state)
        && is_led_on_by_a_reply(exploration, state)
        && !names_more_than_replies(exploration, state)
        && !goes_on_by_itself(exploration, state)
}

/// Whether a clause of this very state takes a reply and leads somewhere.
const fn is_led_on_by_a_reply(exploration: &Exploration, state: usize) -> bool {
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        let written = exploration.model.clause(clause);
        let items = items(&written.trigger);
        let mut item = 0;
        while includes(written.places, Place::State(state as u16)) && item < items.len() {
            if !items[item].messages.is_empty()
                && matches!(items[item].messages[0].kind, MessageKind::Reply)
                && leads_somewhere(written)
            {
                return true;
            }
            item += 1;
        }
        clause += 1;
    }
    false
}

/// Whether a clause of this very state takes a command or an event.
const fn names_more_than_replies(exploration: &Exploration, state: usize) -> bool {
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        let written = exploration.model.clause(clause);
        let items = items(&written.trigger);
        let mut item = 0;
        while includes(written.places, Place::State(state as u16)) && item < items.len() {
            if !items[item].messages.is_empty() && !matches!(items[item].messages[0].kind, MessageKind::Reply)
            {
                return true;
            }
            item += 1;
        }
        clause += 1;
    }
    false
}

/// Whether the state waits for a date, asks again by a timer, or is acted on by what `_` takes.
const fn goes_on_by_itself(exploration: &Exploration, state: usize) -> bool {
    let routes = &exploration.routes;
    let mut at = routes.always_from[state] as usize;
    while at < routes.always_from[state + 1] as usize {
        let (clause, input) = routes.always[at];
        if clause as usize != START_AGAIN {
            let written = exploration.model.clause(clause as usize);
            let dated = matches!(written.trigger, Trigger::At);
            let leads = input != NONE && leads_somewhere(written);
            if dated || leads || asks_here(exploration, clause as usize, state) {
                return true;
            }
        }
        at += 1;
    }
    false
}

const fn leads_somewhere(clause: &Clause) -> bool {
    let mut branch = 0;
    while branch < clause.branches.len() {
        if clause.branches[branch].target.is_some() {
            return true;
        }
        branch += 1;
    }
    false
}

/// Whether the clause opens a request and stays in the state, or enters it anew.
const fn asks_here(exploration: &Exploration, clause: usize, state: usize) -> bool {
    let written = exploration.model.clause(clause);
    let mut branch = 0;
    while branch < written.branches.len() {
        let here = match moves::target(&written.trigger, written.branches[branch].target) {
            None => true,
            Some(Target::State(target)) => target as usize == state,
            Some(_) => false,
        };
        let mut effect = 0;
        while here && effect < written.branches[branch].effects.len() {
            if exploration.sent(clause, branch, effect).is_some() {
                return true;
            }
            effect += 1;
        }
        branch += 1;
    }
    false
}

/// Whether some way of the branch leaves a reply open, or kept for a join, that is taken or put off in the state.
const fn any_on_its_way(exploration: &Exploration, number: usize, state: usize) -> bool {
    let mut open = exploration.facts.open_after[number];
    while open != 0 {
        let request = open.trailing_zeros() as usize / 2;
        open &= open - 1;
        let mut input = exploration.model.replies_from[request] as usize;
        while input < exploration.model.replies_from[request + 1] as usize {
            if is_awaited(exploration, state, input) {
                return true;
            }
            input += 1;
        }
    }
    let kept = exploration.facts.kept_after[number];
    let mut input = 0;
    while kept != 0 && input < exploration.model.replies_from[exploration.model.request_count] as usize {
        let slot = exploration.routes.slot_of[input];
        if slot != NONE && kept & (1 << slot) != 0 && is_awaited(exploration, state, input) {
            return true;
        }
        input += 1;
    }
    false
}

/// Whether a reply is taken or put off in the state.
const fn is_awaited(exploration: &Exploration, state: usize, input: usize) -> bool {
    matches!(
        exploration.routes.route(state, input),
        Route::Clause(_) | Route::Deferred
    )
}
