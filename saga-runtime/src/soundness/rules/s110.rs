//! S110: something written that never comes to anything.

use super::{
    Exploration,
    follows::{self, Teller},
    open, place_number,
};
use crate::{
    definition::{Arity, Clause, Item, Place, Retired, Trigger},
    message::MessageInfo,
    soundness::{
        capacity::NONE,
        model::{items, names},
        report::Text,
        routes::{Route, is_timer},
    },
};

/// Checks one clause: some configuration runs it, and running it does something.
pub(in crate::soundness) const fn find(exploration: &Exploration, clause: usize) -> Option<Text> {
    if exploration.excess.is_some() {
        return None;
    }
    let written = exploration.model.clause(clause);
    if is_timer(&written.trigger) && does_nothing(written) {
        let remedy = "give it an effect, `-> send ..`, or a target, `=> ..`, or remove it";
        return Some(report(exploration, written, "does nothing when it fires", remedy));
    }
    if let Trigger::Compensate(_) | Trigger::Compensated = written.trigger {
        return find_undo(exploration, written);
    }
    if only_in_compensate(written) && !exploration.model.compensates {
        let remedy = "lead some clause there, `=> compensate`, or name another state";
        return Some(report(
            exploration,
            written,
            "never runs: no clause leads to `compensate`",
            remedy,
        ));
    }
    if is_shadowed(exploration, clause) {
        let remedy = "remove it, or one of the clauses that name the states";
        let what = "never runs: other clauses take the message in each of its states";
        let mut text = open(exploration, "S110");
        describe(written, what, &mut text);
        let told = follows::tell(exploration, Teller::Shadowed, &mut text);
        text.push("\nremedy: ");
        if told.count == 1 {
            let message = exploration.model.inputs[told.input].message;
            text.push("did you mean `");
            text.push(exploration.model.message(message).name);
            text.push("`? Otherwise ");
        }
        text.push(remedy);
        return Some(text);
    }
    if let Trigger::All(items) = written.trigger
        && never_completes(exploration, clause, items)
    {
        let remedy = "name what can all have arrived in one state, or mark with `?` what may be missing";
        return Some(report(
            exploration,
            written,
            "can never complete: its messages never come together",
            remedy,
        ));
    }
    None
}

/// Checks one `retired(send ..)`: something may still come of it.
pub(in crate::soundness) const fn find_retired(exploration: &Exploration, retired: usize) -> Option<Text> {
    let Retired::Send { command, .. } = exploration.model.definition.retired[retired] else {
        return None;
    };
    if exploration.excess.is_some() || command.wants_reply() {
        return None;
    }
    let mut text = open(exploration, "S110");
    text.push("`retired(send ");
    text.push(command.name);
    text.push(
        " ..)` says nothing: the command declares no replies, so that none can come\nremedy: remove it",
    );
    Some(text)
}

const fn report(exploration: &Exploration, clause: &'static Clause, what: &str, remedy: &str) -> Text {
    let mut text = open(exploration, "S110");
    describe(clause, what, &mut text);
    text.push("\nremedy: ");
    text.push(remedy);
    text
}

const fn describe(clause: &'static Clause, what: &str, text: &mut Text) {
    text.push("the clause `");
    text.trigger(&clause.trigger, clause.handler);
    text.push("` of `");
    text.push(clause.handler);
    text.push("` ");
    text.push(what);
}

const fn find_undo(exploration: &Exploration, clause: &'static Clause) -> Option<Text> {
    if !exploration.model.compensates {
        let remedy = "lead some clause to it, `=> compensate`, or remove it";
        return Some(report(
            exploration,
            clause,
            "never runs: no clause leads to `compensate`",
            remedy,
        ));
    }
    if matches!(clause.trigger, Trigger::Compensate(_)) && does_nothing(clause) {
        let remedy = "send what undoes the step, or say that it needs no undo beside `states(..)`, `no_undo(..)`, and remove it";
        return Some(report(
            exploration,
            clause,
            "undoes nothing: it has no effect",
            remedy,
        ));
    }
    if let Trigger::Compensate(item) = &clause.trigger
        && is_never_done(exploration, item)
    {
        let remedy = "send the command that is answered with it, or remove the undo";
        return Some(report(
            exploration,
            clause,
            "never runs: what it undoes is never done",
            remedy,
        ));
    }
    None
}

/// Whether no command that this saga sends is answered with the reply. Where the reply is awaited, that is told there.
const fn is_never_done(exploration: &Exploration, item: &Item) -> bool {
    let mut message = 0;
    while message < item.messages.len() {
        if is_awaited(exploration, item.messages[message]) {
            return false;
        }
        let mut link = exploration.model.inputs_of(item.messages[message]);
        while link != 0 {
            if exploration.model.admits(item, link - 1) {
                return false;
            }
            link = exploration.model.next_input(link);
        }
        message += 1;
    }
    true
}

const fn is_awaited(exploration: &Exploration, reply: &MessageInfo) -> bool {
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        let items = items(&exploration.model.clause(clause).trigger);
        let mut item = 0;
        while item < items.len() {
            if names(items[item].messages, reply) {
                return true;
            }
            item += 1;
        }
        clause += 1;
    }
    false
}

const fn does_nothing(clause: &Clause) -> bool {
    let mut branch = 0;
    while branch < clause.branches.len() {
        if !clause.branches[branch].effects.is_empty() || clause.branches[branch].target.is_some() {
            return false;
        }
        branch += 1;
    }
    true
}

const fn only_in_compensate(clause: &Clause) -> bool {
    let mut at = 0;
    while at < clause.places.len() {
        if !matches!(clause.places[at], Place::Compensate) {
            return false;
        }
        at += 1;
    }
    !clause.places.is_empty()
}

/// Whether a clause that takes a message in `_` never runs in any state that is left to it; what comes there is told with it.
pub(super) const fn is_shadowed_in(exploration: &Exploration, place: usize) -> bool {
    let mut clause = 0;
    while place < exploration.model.compensate() && clause < exploration.model.definition.clauses.len() {
        if is_shadowed(exploration, clause) {
            return true;
        }
        clause += 1;
    }
    false
}

/// Whether every state names the message of a clause for `_` otherwise. A reply that cannot come is told elsewhere.
const fn is_shadowed(exploration: &Exploration, clause: usize) -> bool {
    let written = exploration.model.clause(clause);
    let (Trigger::On(item), [Place::Rest]) = (&written.trigger, written.places) else {
        return false;
    };
    let mut any = false;
    let mut message = 0;
    while message < item.messages.len() {
        let mut link = exploration.model.inputs_of(item.messages[message]);
        while link != 0 {
            any |= exploration.model.admits(item, link - 1);
            if is_routed(exploration, clause, link - 1) {
                return false;
            }
            link = exploration.model.next_input(link);
        }
        message += 1;
    }
    any
}

const fn is_routed(exploration: &Exploration, clause: usize, input: usize) -> bool {
    let mut place = 0;
    while place <= exploration.model.end() {
        if let Route::Clause(taken) = exploration.routes.route(place, input)
            && taken == clause
        {
            return true;
        }
        place += 1;
    }
    false
}

/// Whether a join never ran although its state is reached and each message can come there by itself.
const fn never_completes(exploration: &Exploration, clause: usize, items: &[Item]) -> bool {
    let number = exploration.model.branches_from[clause] as usize;
    if exploration.facts.ran[number] || exploration.routes.join_of[clause] == NONE {
        return false;
    }
    let places = exploration.model.clause(clause).places;
    let mut reached = false;
    let mut at = 0;
    while at < places.len() {
        if let Some(place) = place_number(exploration, places[at])
            && exploration.is_reached(place)
        {
            reached = true;
            if !each_comes(exploration, items, place) {
                return false;
            }
        }
        at += 1;
    }
    reached
}

const fn each_comes(exploration: &Exploration, items: &[Item], place: usize) -> bool {
    let mut item = 0;
    while item < items.len() {
        if matches!(items[item].arity, Arity::One) && exploration.never_comes(&items[item], place) {
            return false;
        }
        item += 1;
    }
    true
}
