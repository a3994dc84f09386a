//! What S102 says: every reply that is named in vain for one reason, and what comes instead.

use super::{Exploration, Mention, Reason, from, is_entered, is_same, mention, reason};
use crate::{
    definition::{Item, Place},
    soundness::{
        capacity::NONE,
        model::names,
        report::Text,
        rules::{
            follows::{self, Teller, Told},
            open, place_number,
        },
    },
};

pub(super) const fn compose(
    exploration: &Exploration,
    mention: Mention,
    place: usize,
    reason: Reason,
) -> Text {
    let mut text = open(exploration, "S102");
    match reason {
        Reason::NeverSent => never_sent(exploration, mention, &mut text),
        Reason::NeverOpen(_) => never_open(exploration, mention, mention.places[place], reason, &mut text),
        Reason::OfAnUndo(_) => of_an_undo(exploration, mention, reason, &mut text),
    }
    text
}

const fn never_sent(exploration: &Exploration, mention: Mention, text: &mut Text) {
    let named = replies(exploration, mention.item, text);
    text.push(" cannot come: the saga never sends ");
    match mention.item.of {
        Some(command) if named == 1 => text.quoted(command.name),
        _ if named == 1 => text.push("a command that is answered with it"),
        _ => text.push("a command that is answered with them"),
    }
    let told = follows::tell(exploration, Teller::Vain(Reason::NeverSent), text);
    text.push("\nremedy: add the `send` that asks for it, or ");
    text.push(if told.count == 0 {
        "remove the clause"
    } else {
        "take what comes instead"
    });
    text.push("; if older builds did send it, `retired(send ");
    text.push(match mention.item.of {
        Some(command) => command.name,
        None => "..",
    });
    text.push(")`");
}

/// All replies that no command asks for, each once, the one at the token first; how many.
const fn replies(exploration: &Exploration, first: &Item, text: &mut Text) -> usize {
    text.quoted_items(first);
    let mut count = 1;
    let mut next = from(exploration, 0, 0);
    while let Some((clause, at)) = next {
        if let Some(mention) = mention(exploration, clause, at)
            && is_entered(exploration, mention)
            && let Some(Reason::NeverSent) = reason(exploration, mention, 0)
            && !names(first.messages, mention.item.messages[0])
            && !is_named_before(exploration, mention.item, clause, at)
        {
            text.push(", ");
            text.quoted_items(mention.item);
            count += 1;
        }
        next = from(exploration, clause, at + 1);
    }
    count
}

/// Whether an earlier item names the same reply in vain.
const fn is_named_before(exploration: &Exploration, item: &Item, clause: usize, at: usize) -> bool {
    let mut next = from(exploration, 0, 0);
    while let Some((earlier, other)) = next {
        if earlier == clause && other == at {
            return false;
        }
        if let Some(mention) = mention(exploration, earlier, other)
            && names(mention.item.messages, item.messages[0])
        {
            return true;
        }
        next = from(exploration, earlier, other + 1);
    }
    false
}

const fn never_open(
    exploration: &Exploration,
    mention: Mention,
    place: Place,
    reason: Reason,
    text: &mut Text,
) {
    if count(exploration, reason) == 1 {
        text.quoted_items(mention.item);
        text.push(" cannot come in ");
        push_place(exploration, place, text);
        text.push(": whichever way it comes there, ");
        asked_by(exploration, mention.item, text);
    } else {
        text.push("answers are awaited where they cannot come:");
        list(exploration, reason, text);
        text.push("\nwhichever way it comes there, ");
        asked_by(exploration, mention.item, text);
    }
    text.push(" has been answered, or has not been sent");
    let told = follows::tell(exploration, Teller::Vain(reason), text);
    text.push("\nremedy: ");
    remedy(exploration, mention.item, told, text);
    text.coarse(exploration);
}

const fn of_an_undo(exploration: &Exploration, mention: Mention, reason: Reason, text: &mut Text) {
    text.quoted_items(mention.item);
    text.push(" never comes to this handler: in `compensate` it answers an undo, which the runtime awaits by itself. A success goes on ");
    text.push("to the next step, a refusal parks the instance for a person");
    follows::tell(exploration, Teller::Vain(reason), text);
    text.push("\nremedy: remove it; what follows when everything is undone, `#[compensated(..)]` says");
}

/// What was meant, where only one thing can have been meant.
const fn remedy(exploration: &Exploration, item: &Item, told: Told, text: &mut Text) {
    if told.count == 1 {
        let message = exploration.model.inputs[told.input].message;
        let message = exploration.model.message(message);
        text.push("did you mean `");
        if names(item.messages, message) {
            text.push("in ");
            text.push(exploration.model.place_name(told.place));
        } else {
            text.push(message.name);
        }
        text.push("`? Otherwise ");
    }
    text.push("name a state in which it is awaited, or remove it here");
}

/// How often replies are named in vain for one reason.
const fn count(exploration: &Exploration, wanted: Reason) -> usize {
    let mut count = 0;
    let mut next = from(exploration, 0, 0);
    while let Some((clause, at)) = next {
        if let Some(mention) = mention(exploration, clause, at) {
            let mut place = 0;
            while place < mention.places.len() {
                count += is_for(exploration, mention, place, wanted) as usize;
                place += 1;
            }
        }
        next = from(exploration, clause, at + 1);
    }
    count
}

const fn is_for(exploration: &Exploration, mention: Mention, place: usize, wanted: Reason) -> bool {
    match reason(exploration, mention, place) {
        Some(reason) => is_same(reason, wanted),
        None => false,
    }
}

/// State by state, with `_` last.
const fn list(exploration: &Exploration, reason: Reason, text: &mut Text) {
    let rest = exploration.model.end() + 1;
    let mut number = 0;
    while number <= rest {
        let place = if number == rest { None } else { Some(number) };
        let mut any = false;
        let mut next = from(exploration, 0, 0);
        while let Some((clause, at)) = next {
            if let Some(mention) = mention(exploration, clause, at)
                && let Some(named) = named_in(exploration, mention, place, reason)
            {
                text.push(if any { ", " } else { "\n  in " });
                if !any {
                    push_place(exploration, named, text);
                    text.push(": ");
                }
                text.quoted_items(mention.item);
                any = true;
            }
            next = from(exploration, clause, at + 1);
        }
        number += 1;
    }
}

/// The place in which an item is named in vain, if it is the one with this number; `_` has none.
const fn named_in(
    exploration: &Exploration,
    mention: Mention,
    number: Option<usize>,
    wanted: Reason,
) -> Option<Place> {
    let mut at = 0;
    while at < mention.places.len() {
        let here = match (place_number(exploration, mention.places[at]), number) {
            (Some(one), Some(other)) => one == other,
            (None, None) => true,
            _ => false,
        };
        if here && is_for(exploration, mention, at, wanted) {
            return Some(mention.places[at]);
        }
        at += 1;
    }
    None
}

const fn push_place(exploration: &Exploration, place: Place, text: &mut Text) {
    match place_number(exploration, place) {
        Some(number) => text.quoted(exploration.model.place_name(number)),
        None => text.push("any of the states that `_` stands for"),
    }
}

const fn asked_by(exploration: &Exploration, item: &Item, text: &mut Text) {
    let mut link = exploration.model.inputs_of(item.messages[0]);
    let mut first = true;
    while link != 0 {
        let request = exploration.model.inputs[link - 1].request;
        if exploration.model.admits(item, link - 1) && request != NONE {
            text.separate(first, " or ");
            text.quoted(exploration.model.command_of(request as usize).name);
            first = false;
        }
        link = exploration.model.next_input(link);
    }
}
