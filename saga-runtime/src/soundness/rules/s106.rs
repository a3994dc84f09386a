//! S106: a command or event named somewhere, and unforeseen somewhere else.

use super::{Exploration, open, s104};
use crate::{
    definition::{Item, Trigger},
    message::{MessageInfo, MessageKind},
    soundness::{
        model::{items, names},
        report::Text,
    },
};

/// Checks one item of a trigger, at the first token that names the message.
pub(in crate::soundness) const fn find(
    exploration: &Exploration,
    clause: usize,
    item: usize,
) -> Option<Text> {
    let items = items(&exploration.model.clause(clause).trigger);
    if exploration.excess.is_some() || item >= items.len() {
        return None;
    }
    find_message(exploration, &items[item], clause, item, usize::MAX)
}

/// Checks an exception whose message no clause names.
pub(in crate::soundness) const fn find_exception(
    exploration: &Exploration,
    exception: usize,
) -> Option<Text> {
    if exploration.excess.is_some() {
        return None;
    }
    let item = &exploration.model.definition.exceptions[exception].item;
    find_message(
        exploration,
        item,
        exploration.model.definition.clauses.len(),
        0,
        exception,
    )
}

const fn find_message(
    exploration: &Exploration,
    item: &Item,
    clause: usize,
    at: usize,
    exception: usize,
) -> Option<Text> {
    let mut message = 0;
    while message < item.messages.len() {
        let info = item.messages[message];
        if !matches!(info.kind, MessageKind::Reply)
            && let link = exploration.model.inputs_of(info)
            && link != 0
            && next_missing(exploration, link - 1, 0).is_some()
            && !is_exempt(exploration, info)
            && !is_named_before(exploration, info, clause, at, exception)
            && let Some(place) = next_missing(exploration, link - 1, 0)
        {
            return Some(report(exploration, info, link - 1, place));
        }
        message += 1;
    }
    None
}

/// A starting command that comes again joins those who wait; one addressed elsewhere never comes, which S104 says.
const fn is_exempt(exploration: &Exploration, message: &MessageInfo) -> bool {
    if !matches!(message.kind, MessageKind::Command) {
        return false;
    }
    if s104::elsewhere(exploration, message).is_some() {
        return true;
    }
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        if let Trigger::Start(item) = &exploration.model.clause(clause).trigger
            && names(item.messages, message)
        {
            return true;
        }
        clause += 1;
    }
    false
}

/// Whether an earlier token names the message, so that it has been told there.
const fn is_named_before(
    exploration: &Exploration,
    message: &MessageInfo,
    clause: usize,
    at: usize,
    exception: usize,
) -> bool {
    let mut earlier = 0;
    while earlier <= clause && earlier < exploration.model.definition.clauses.len() {
        let items = items(&exploration.model.clause(earlier).trigger);
        let mut item = 0;
        while item < items.len() && !(earlier == clause && item == at) {
            if names(items[item].messages, message) {
                return true;
            }
            item += 1;
        }
        earlier += 1;
    }
    let exceptions = exploration.model.definition.exceptions;
    let mut earlier = 0;
    while exception != usize::MAX && earlier < exception {
        if names(exceptions[earlier].item.messages, message) {
            return true;
        }
        earlier += 1;
    }
    false
}

/// The next place that is reached and does not name the message.
const fn next_missing(exploration: &Exploration, input: usize, mut place: usize) -> Option<usize> {
    while place <= exploration.model.end() {
        if exploration.is_reached(place) && !exploration.routes.is_named(place, input) {
            return Some(place);
        }
        place += 1;
    }
    None
}

const fn report(exploration: &Exploration, message: &MessageInfo, input: usize, first: usize) -> Text {
    let mut text = open(exploration, "S106");
    text.quoted(message.name);
    text.push(" may come at any time, and nothing is said about it in ");
    places(exploration, input, first, ", ", true, &mut text);
    text.way(
        exploration,
        exploration.facts.reached[first] as usize - 1,
        Some(message.name),
    );
    text.push("\nremedy: ");
    let asks = message.wants_reply();
    text.push(if asks {
        "answer it there, `#[on("
    } else {
        "handle it there, `#[on("
    });
    text.push(message.name);
    text.push(" in ");
    places(exploration, input, first, " | ", false, &mut text);
    text.push(if asks {
        " -> reply ..)]`"
    } else {
        " ..)]`, or say what becomes of it beside `states(..)`: `ignore("
    });
    if !asks {
        text.push(message.name);
        text.push(" in ");
        places(exploration, input, first, " | ", false, &mut text);
        text.push(")`");
    }
    text
}

const fn places(
    exploration: &Exploration,
    input: usize,
    first: usize,
    separator: &str,
    quoted: bool,
    text: &mut Text,
) {
    let mut next = Some(first);
    while let Some(place) = next {
        text.separate(place == first, separator);
        let name = exploration.model.place_name(place);
        if quoted {
            text.quoted(name);
        } else {
            text.push(name);
        }
        next = next_missing(exploration, input, place + 1);
    }
}
