//! S105: somebody who asked and is never answered, or is answered when nobody waits.

mod waiting;

pub(super) use waiting::{answer_instead, tell_waiting, tells, tells_with, waiting_at};

use super::{Exploration, open, s104};
use crate::{
    definition::{Arity, Place, Treatment, Verb},
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
    waiting::find(exploration, exploration.model.branch_number(clause, branch))
}

/// Checks one `reply`: somebody may be waiting for it.
pub(in crate::soundness) const fn find_effect(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    effect: usize,
) -> Option<Text> {
    let effects = exploration.model.clause(clause).branches[branch].effects;
    if exploration.excess.is_some() {
        return None;
    }
    let Some((asker, twice)) = answers_nobody(exploration, clause, branch, effect) else {
        return None;
    };
    let mut text = open(exploration, "S105");
    text.quoted(effects[effect].message.name);
    text.push(" answers nobody: whoever sent ");
    text.quoted(exploration.model.message(exploration.model.askers[asker]).name);
    text.push(if twice {
        " has just been answered by the same handler"
    } else {
        " has been answered before, or cannot have asked yet, whichever way it comes to this"
    });
    let left = waiting_at(exploration, clause, branch);
    tell_waiting(exploration, left, &mut text);
    text.push("\nremedy: ");
    answer_instead(exploration, left, &mut text);
    text.push("remove this `reply`, or the earlier one");
    Some(text)
}

/// The asker that a `reply` is for, though it does not wait, and whether the same outcome has just answered it.
const fn answers_nobody(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    effect: usize,
) -> Option<(usize, bool)> {
    let number = exploration.model.branch_number(clause, branch);
    let after_end = includes(exploration.model.clause(clause).places, Place::End);
    if !(exploration.facts.ran[number] || after_end) {
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
    Some((asker, twice))
}

/// Whether an outcome replies what nobody waits for: whoever does wait is told of there.
const fn is_misdirected(exploration: &Exploration, clause: usize, branch: usize) -> bool {
    let effects = exploration.model.clause(clause).branches[branch].effects;
    let mut at = 0;
    while at < effects.len() {
        if matches!(effects[at].verb, Verb::Reply)
            && (s104::is_unasked(exploration, clause, branch, at)
                || answers_nobody(exploration, clause, branch, at).is_some())
        {
            return true;
        }
        at += 1;
    }
    false
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
            && (exploration.apart || !any_misdirected(exploration, clause))
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

/// Whether some outcome of a clause replies what nobody waits for.
const fn any_misdirected(exploration: &Exploration, clause: usize) -> bool {
    let mut branch = 0;
    while branch < exploration.model.clause(clause).branches.len() {
        if is_misdirected(exploration, clause, branch) {
            return true;
        }
        branch += 1;
    }
    false
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
