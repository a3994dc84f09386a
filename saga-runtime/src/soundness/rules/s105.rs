//! S105: somebody who asked and is never answered, or is answered when nobody waits.

use super::{Exploration, open};
use crate::{
    definition::{Arity, Place, Target, Treatment},
    message::{MessageInfo, MessageKind},
    soundness::{
        model::{Answered, Meaning, includes, items},
        report::Text,
    },
};

/// Checks where a branch leads: nobody is left waiting at `end`.
pub(in crate::soundness) const fn find_target(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
) -> Option<Text> {
    if exploration.excess.is_some() {
        return None;
    }
    let number = exploration.model.branch_number(clause, branch);
    let facts = &exploration.facts;
    if facts.left_waiting_at[number] != 0 {
        let node = facts.left_waiting_at[number] as usize - 1;
        return Some(left_waiting(
            exploration,
            facts.left_waiting[number],
            node,
            "reply before ending: ",
        ));
    }
    if facts.undone_waiting_at != 0 {
        let node = facts.undone_waiting_at as usize - 1;
        if let Some(last) = last_compensation(exploration, node)
            && last == number
        {
            let remedy = "say what happens when all is undone: `#[compensated(-> reply .. => end)]`, with ";
            return Some(left_waiting(exploration, facts.undone_waiting, node, remedy));
        }
    }
    None
}

/// Checks one `reply`: somebody may be waiting for it.
pub(in crate::soundness) const fn find_effect(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    effect: usize,
) -> Option<Text> {
    let written = exploration.model.clause(clause);
    let effects = written.branches[branch].effects;
    let number = exploration.model.branch_number(clause, branch);
    let after_end = includes(written.places, Place::End);
    if exploration.excess.is_some() || !(exploration.facts.ran[number] || after_end) {
        return None;
    }
    let Meaning::Answers(Answered::Asker(asker)) = exploration.model.meaning(clause, branch, effect) else {
        return None;
    };
    let asker = asker as usize;
    let twice = answers(exploration, clause, branch, asker, effect);
    // After the end nothing is explored: whoever asks then may be waiting.
    if !twice && (after_end || exploration.facts.asked[number] & (1 << asker) != 0) {
        return None;
    }
    let mut text = open(exploration, "S105");
    text.quoted(effects[effect].message.name);
    text.push(" answers nobody: whoever sent ");
    text.quoted(exploration.model.message(exploration.model.askers[asker]).name);
    text.push(if twice {
        " has just been answered by the same handler"
    } else {
        " has been answered before, or cannot have asked yet, whichever way it comes to this"
    });
    text.push("\nremedy: remove this `reply`, or the earlier one");
    Some(text)
}

/// Checks one item of a trigger: a command that comes after the end is answered.
pub(in crate::soundness) const fn find_trigger(
    exploration: &Exploration,
    clause: usize,
    item: usize,
) -> Option<Text> {
    let written = exploration.model.clause(clause);
    if exploration.excess.is_some() || !includes(written.places, Place::End) {
        return None;
    }
    let messages = items(&written.trigger)[item].messages;
    let mut message = 0;
    while message < messages.len() {
        if let Some(asker) = exploration.model.asker(messages[message])
            && !every_branch_answers(exploration, clause, asker)
        {
            return Some(unanswered_in_end(exploration, messages[message]));
        }
        message += 1;
    }
    None
}

/// Checks an exception: a command that declares replies is not ignored.
pub(in crate::soundness) const fn find_exception(
    exploration: &Exploration,
    exception: usize,
) -> Option<Text> {
    let written = &exploration.model.definition.exceptions[exception];
    let mut message = 0;
    while matches!(written.how, Treatment::Ignore) && message < written.item.messages.len() {
        let command = written.item.messages[message];
        if matches!(command.kind, MessageKind::Command) && command.wants_reply() {
            let mut text = open(exploration, "S105");
            text.push("whoever sends ");
            text.quoted(command.name);
            text.push(" waits for an answer, and ignoring it gives none\nremedy: answer it there, `#[on(");
            text.push(command.name);
            text.push(" in .. -> reply ..)]` with ");
            choice(command, &mut text);
            return Some(text);
        }
        message += 1;
    }
    None
}

const fn left_waiting(exploration: &Exploration, waiting: u64, node: usize, remedy: &str) -> Text {
    let mut text = open(exploration, "S105");
    text.push("`end` is reached while whoever sent ");
    let mut left = waiting;
    while left != 0 {
        text.separate(left == waiting, " or ");
        text.quoted(
            exploration
                .model
                .message(exploration.model.askers[left.trailing_zeros() as usize])
                .name,
        );
        left &= left - 1;
    }
    text.push(" still waits for an answer");
    text.way(exploration, node, None);
    text.push("\nremedy: ");
    text.push(remedy);
    left = waiting;
    while left != 0 {
        text.separate(left == waiting, ", and ");
        choice(
            exploration
                .model
                .message(exploration.model.askers[left.trailing_zeros() as usize]),
            &mut text,
        );
        left &= left - 1;
    }
    text
}

/// `` `reply OrderConfirmed` or `reply OrderRejected` ``
const fn choice(command: &MessageInfo, text: &mut Text) {
    let mut at = 0;
    while at < command.replies.len() {
        text.separate(at == 0, " or ");
        text.push("`reply ");
        text.push(command.replies[at].message.name);
        text.push("`");
        at += 1;
    }
}

const fn unanswered_in_end(exploration: &Exploration, command: &MessageInfo) -> Text {
    let mut text = open(exploration, "S105");
    text.quoted(command.name);
    text.push(
        " may come after the end, and its sender is not answered\nremedy: answer in every outcome, with ",
    );
    choice(command, &mut text);
    text
}

const fn every_branch_answers(exploration: &Exploration, clause: usize, asker: usize) -> bool {
    let branches = exploration.model.clause(clause).branches;
    let mut branch = 0;
    while branch < branches.len() {
        if !answers(exploration, clause, branch, asker, branches[branch].effects.len()) {
            return false;
        }
        branch += 1;
    }
    true
}

/// Whether an effect before the given one certainly answers an asker.
const fn answers(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    asker: usize,
    before: usize,
) -> bool {
    let effects = exploration.model.clause(clause).branches[branch].effects;
    let mut at = 0;
    while at < before {
        if matches!(effects[at].arity, Arity::One)
            && let Meaning::Answers(Answered::Asker(answered)) = exploration.model.meaning(clause, branch, at)
            && answered as usize == asker
        {
            return true;
        }
        at += 1;
    }
    false
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
