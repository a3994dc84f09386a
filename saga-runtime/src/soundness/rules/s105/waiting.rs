//! Who is left waiting at `end`: one report for all the outcomes that leave the same one waiting.

use super::{any_misdirected, choice, every_branch_answers, is_misdirected};
use crate::{
    definition::{Place, Target},
    soundness::{
        Exploration,
        model::includes,
        report::Text,
        rules::{
            follows::{self, Teller},
            open,
        },
    },
};

/// Checks a branch: whoever it leaves waiting is told here, or where an earlier branch leaves the same ones waiting.
pub(super) const fn find(exploration: &Exploration, number: usize) -> Option<Text> {
    let facts = &exploration.facts;
    if facts.left_waiting_at[number] != 0 && !is_told_elsewhere(exploration, number) {
        return Some(at_end(exploration, number));
    }
    if facts.undone_waiting_at != 0 {
        let node = facts.undone_waiting_at as usize - 1;
        if let Some(last) = last_compensation(exploration, node)
            && last == number
            && !is_all_misdirected(exploration, facts.undone_waiting)
        {
            return Some(when_undone(exploration, node));
        }
    }
    None
}

/// Whether a report tells that a request may still be open where the saga ends without an answer.
pub(in crate::soundness::rules) const fn tells(exploration: &Exploration, request: usize) -> bool {
    match ended_by(exploration, request) {
        Some(number) => untold(exploration, number) != 0,
        None => false,
    }
}

/// Whether the report at a branch is the one that tells so.
pub(in crate::soundness::rules) const fn tells_with(
    exploration: &Exploration,
    teller: usize,
    request: usize,
) -> bool {
    match ended_by(exploration, request) {
        Some(number) => number == teller || is_told_with(exploration, teller, number),
        None => false,
    }
}

/// The branch that ends the saga first with a request open.
const fn ended_by(exploration: &Exploration, request: usize) -> Option<usize> {
    match exploration.facts.open[exploration.model.end()][request] {
        0 => None,
        node => exploration.trace.last_branch(node as usize - 1),
    }
}

/// Whether the report at one branch names another.
const fn is_told_with(exploration: &Exploration, teller: usize, number: usize) -> bool {
    number > teller
        && untold(exploration, number) & untold(exploration, teller) != 0
        && is_told_elsewhere(exploration, number)
}

/// Whom a branch leaves waiting, but for those of whom a misdirected `reply` tells.
const fn untold(exploration: &Exploration, number: usize) -> u64 {
    let waiting = exploration.facts.left_waiting[number];
    if exploration.apart || waiting == 0 {
        return waiting;
    }
    let (clause, branch) = exploration.model.branch_at(number);
    if is_misdirected(exploration, clause, branch) {
        return 0;
    }
    waiting & !misdirected(exploration, waiting)
}

/// Those of some askers whose command a handler answers with what is for nobody.
const fn misdirected(exploration: &Exploration, askers: u64) -> u64 {
    let mut found = 0;
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        if let Some(asker) = exploration.model.asking_trigger(clause)
            && askers & (1 << asker) != 0
            && any_misdirected(exploration, clause)
        {
            found |= 1 << asker;
        }
        clause += 1;
    }
    found
}

const fn is_all_misdirected(exploration: &Exploration, askers: u64) -> bool {
    !exploration.apart && askers & !misdirected(exploration, askers) == 0
}

/// Whether everybody left waiting by a branch is told of elsewhere.
const fn is_told_elsewhere(exploration: &Exploration, number: usize) -> bool {
    if exploration.apart {
        return false;
    }
    let mut left = untold(exploration, number);
    let mut earlier = 0;
    while left != 0 && earlier < number {
        left &= !untold(exploration, earlier);
        earlier += 1;
    }
    left == 0
}

/// Whoever an outcome leaves waiting: at `end`, or having sent the very command that set it off.
pub(in crate::soundness::rules) const fn waiting_at(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
) -> u64 {
    if exploration.apart {
        return 0;
    }
    let facts = &exploration.facts;
    let mut waiting = facts.left_waiting[exploration.model.branch_number(clause, branch)];
    if let Some(asker) = exploration.model.asking_trigger(clause) {
        let after_end = includes(exploration.model.clause(clause).places, Place::End);
        if after_end && !every_branch_answers(exploration, clause, asker) {
            waiting |= 1 << asker;
        }
        let mut number = 0;
        let mut anywhere = facts.undone_waiting;
        while number < exploration.model.branch_count() {
            anywhere |= facts.left_waiting[number];
            number += 1;
        }
        waiting |= anywhere & (1 << asker);
    }
    waiting
}

/// `` ; whoever sent `PlaceOrder` is left waiting ``
pub(in crate::soundness::rules) const fn tell_waiting(
    exploration: &Exploration,
    waiting: u64,
    text: &mut Text,
) {
    if waiting != 0 {
        text.push("; whoever sent ");
        senders(exploration, waiting, text);
        text.push(" is left waiting for an answer");
    }
}

/// `` answer with `reply OrderConfirmed` or `reply OrderRejected`; otherwise ``
pub(in crate::soundness::rules) const fn answer_instead(
    exploration: &Exploration,
    waiting: u64,
    text: &mut Text,
) {
    if waiting != 0 {
        text.push("answer with ");
        choices(exploration, waiting, text);
        text.push("; otherwise ");
    }
}

const fn at_end(exploration: &Exploration, number: usize) -> Text {
    let facts = &exploration.facts;
    let waiting = facts.left_waiting[number];
    let mut text = still_waiting(exploration, waiting);
    others(exploration, number, &mut text);
    text.way(exploration, facts.left_waiting_at[number] as usize - 1, None);
    let told = follows::tell(exploration, Teller::Ends(number), &mut text);
    text.push("\nremedy: reply before ending: ");
    choices(exploration, waiting, &mut text);
    if told.count > 0 {
        text.push("; await what may still come, or say beside `states(..)` what becomes of it: `unexpected(.. in end)`");
    }
    text
}

const fn when_undone(exploration: &Exploration, node: usize) -> Text {
    let waiting = exploration.facts.undone_waiting;
    let mut text = still_waiting(exploration, waiting);
    text.way(exploration, node, None);
    text.push("\nremedy: say what happens when all is undone: `#[compensated(-> reply .. => end)]`, with ");
    choices(exploration, waiting, &mut text);
    text
}

const fn still_waiting(exploration: &Exploration, waiting: u64) -> Text {
    let mut text = open(exploration, "S105");
    text.push("`end` is reached while whoever sent ");
    senders(exploration, waiting, &mut text);
    text.push(" still waits for an answer");
    text
}

/// The other handlers that leave the same ones waiting, each once.
const fn others(exploration: &Exploration, number: usize, text: &mut Text) {
    let mut first = true;
    let mut told = exploration.model.branch_at(number).0;
    let mut other = number + 1;
    while other < exploration.model.branch_count() {
        let clause = exploration.model.branch_at(other).0;
        if clause != told && is_told_with(exploration, number, other) {
            text.push(if first { "\n  also through " } else { ", " });
            text.quoted(exploration.model.clause(clause).handler);
            first = false;
            told = clause;
        }
        other += 1;
    }
}

/// `` `PlaceOrder` or `CancelOrder` ``
const fn senders(exploration: &Exploration, waiting: u64, text: &mut Text) {
    let mut left = waiting;
    while left != 0 {
        text.separate(left == waiting, " or ");
        let asker = exploration.model.askers[left.trailing_zeros() as usize];
        text.quoted(exploration.model.message(asker).name);
        left &= left - 1;
    }
}

/// What each of them may be answered with.
const fn choices(exploration: &Exploration, waiting: u64, text: &mut Text) {
    let mut left = waiting;
    while left != 0 {
        text.separate(left == waiting, ", and ");
        let asker = exploration.model.askers[left.trailing_zeros() as usize];
        choice(exploration.model.message(asker), text);
        left &= left - 1;
    }
}

/// The `=> compensate` through which it came to a node.
const fn last_compensation(exploration: &Exploration, node: usize) -> Option<usize> {
    let mut next = Some(node);
    while let Some(node) = next {
        if let Some(number) = exploration.trace.edge(node).branch() {
            let (clause, branch) = exploration.model.branch_at(number);
            if matches!(
                exploration.model.clause(clause).branches[branch].target,
                Some(Target::Compensate)
            ) {
                return Some(number);
            }
        }
        next = exploration.trace.parent(node);
    }
    None
}
