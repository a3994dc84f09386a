//! A `reply` that nobody asks for, or that more than one may ask for.

use crate::{
    definition::{Effect, Trigger, Verb},
    message::MessageKind,
    soundness::{
        Exploration,
        messages::same,
        model::{Answered, Meaning},
        report::Text,
        rules::{open, s105},
    },
};

/// Checks one `reply`: somebody asks for it, and it is clear who.
pub(in crate::soundness) const fn find(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    effect: usize,
) -> Option<Text> {
    if exploration.excess.is_some() || !is_unasked(exploration, clause, branch, effect) {
        return None;
    }
    let written = &exploration.model.clause(clause).branches[branch].effects[effect];
    if let Meaning::Answers(Answered::Several(first, second)) =
        exploration.model.meaning(clause, branch, effect)
    {
        return Some(unclear(exploration, written, first as usize, second as usize));
    }
    if written.to.is_some() {
        return Some(not_so(exploration, written, clause, branch));
    }
    match next(exploration, 0) {
        Some((first, ..))
            if !exploration.apart && first != exploration.model.effect_number(clause, branch, effect) =>
        {
            None
        }
        _ => Some(nobody_asks(exploration, written)),
    }
}

/// Whether a `reply` answers nobody, or nobody knows whom. Not where nothing but replies starts the saga: that is told there.
pub(in crate::soundness::rules) const fn is_unasked(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    effect: usize,
) -> bool {
    let written = &exploration.model.clause(clause).branches[branch].effects[effect];
    let is_reply = matches!(written.verb, Verb::Reply) && matches!(written.message.kind, MessageKind::Reply);
    match exploration.model.meaning(clause, branch, effect) {
        Meaning::Answers(Answered::Several(..)) => is_reply,
        Meaning::Answers(Answered::Nobody) => {
            is_reply && (exploration.apart || !is_started_by_replies(exploration))
        }
        _ => false,
    }
}

/// Whether nothing but replies starts the saga.
const fn is_started_by_replies(exploration: &Exploration) -> bool {
    let mut any = false;
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        if let Trigger::Start(item) = &exploration.model.clause(clause).trigger {
            if item.messages.is_empty() || !matches!(item.messages[0].kind, MessageKind::Reply) {
                return false;
            }
            any = true;
        }
        clause += 1;
    }
    any
}

/// The first effect from a number on that replies what no command asks for at all: its number, clause, branch and
/// position. All of them together are one mistake: a command that is not taken, or does not declare them.
const fn next(exploration: &Exploration, from: usize) -> Option<(usize, usize, usize, usize)> {
    let (mut clause, mut number) = (0, 0);
    while clause < exploration.model.definition.clauses.len() {
        let branches = exploration.model.clause(clause).branches;
        let mut branch = 0;
        while branch < branches.len() {
            let mut at = 0;
            while at < branches[branch].effects.len() {
                if number >= from
                    && branches[branch].effects[at].to.is_none()
                    && is_unasked(exploration, clause, branch, at)
                    && matches!(
                        exploration.model.meaning(clause, branch, at),
                        Meaning::Answers(Answered::Nobody)
                    )
                {
                    return Some((number, clause, branch, at));
                }
                number += 1;
                at += 1;
            }
            branch += 1;
        }
        clause += 1;
    }
    None
}

const fn nobody_asks(exploration: &Exploration, effect: &Effect) -> Text {
    let mut text = open(exploration, "S104");
    text.push("nobody asks for ");
    text.quoted(effect.message.name);
    let (mut one, mut waiting) = (true, 0);
    let mut found = next(exploration, 0);
    while let Some((number, clause, branch, at)) = found
        && !exploration.apart
    {
        let reply = exploration.model.clause(clause).branches[branch].effects[at]
            .message
            .name;
        if !same(reply, effect.message.name) && !is_named_before(exploration, reply, number) {
            text.push(", ");
            text.quoted(reply);
            one = false;
        }
        waiting |= s105::waiting_at(exploration, clause, branch);
        found = next(exploration, number + 1);
    }
    text.push(": no command that the saga takes is answered with ");
    text.push(if one { "it" } else { "them" });
    s105::tell_waiting(exploration, waiting, &mut text);
    text.push("\nremedy: ");
    s105::answer_instead(exploration, waiting, &mut text);
    text.push(
        "name it in the `replies(..)` or `refusals(..)` of the command it answers, or `publish` an event",
    );
    text
}

const fn is_named_before(exploration: &Exploration, reply: &str, number: usize) -> bool {
    let mut found = next(exploration, 0);
    while let Some((earlier, clause, branch, at)) = found
        && earlier < number
    {
        let named = exploration.model.clause(clause).branches[branch].effects[at]
            .message
            .name;
        if same(named, reply) {
            return true;
        }
        found = next(exploration, earlier + 1);
    }
    false
}

/// It is replied `to` a command that is not answered so.
const fn not_so(exploration: &Exploration, effect: &Effect, clause: usize, branch: usize) -> Text {
    let mut text = open(exploration, "S104");
    text.push("nobody asks for ");
    text.quoted(effect.message.name);
    if let Some(command) = effect.to {
        text.push(": ");
        text.quoted(command.name);
        text.push(" is not answered with it, or is not taken here");
    }
    let waiting = s105::waiting_at(exploration, clause, branch);
    s105::tell_waiting(exploration, waiting, &mut text);
    text.push("\nremedy: ");
    s105::answer_instead(exploration, waiting, &mut text);
    text.push(
        "name it in the `replies(..)` or `refusals(..)` of the command it answers, or `publish` an event",
    );
    text
}

const fn unclear(exploration: &Exploration, effect: &Effect, first: usize, second: usize) -> Text {
    let first = exploration.model.message(exploration.model.askers[first]).name;
    let mut text = open(exploration, "S104");
    text.quoted(effect.message.name);
    text.push(" answers both ");
    text.quoted(first);
    text.push(" and ");
    text.quoted(exploration.model.message(exploration.model.askers[second]).name);
    text.push("\nremedy: say whom it answers: `reply ");
    text.push(effect.message.name);
    text.push(" to ");
    text.push(first);
    text.push("`");
    text
}
