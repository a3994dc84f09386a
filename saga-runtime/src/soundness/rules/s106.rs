//! S106: a command or event named somewhere, and unforeseen somewhere else.

use super::{Exploration, follows, open, s104};
use crate::{
    definition::{Item, Place, Trigger},
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
            && is_told_here(exploration, link - 1)
            && !is_named_before(exploration, info, clause, at, exception)
        {
            return Some(report(exploration, link - 1));
        }
        message += 1;
    }
    None
}

/// Whether a message is unforeseen, and neither told with another mistake nor with another message that is unforeseen in
/// the same states.
const fn is_told_here(exploration: &Exploration, input: usize) -> bool {
    if !is_unforeseen(exploration, input) || is_silent(exploration, input) {
        return false;
    }
    let mut earlier = 0;
    while earlier < input && !exploration.apart {
        if is_told_with(exploration, earlier, input) {
            return false;
        }
        earlier += 1;
    }
    true
}

/// Whether two messages are unforeseen in the same states: one thing is forgotten about those states.
const fn is_told_with(exploration: &Exploration, one: usize, other: usize) -> bool {
    is_unforeseen(exploration, one)
        && is_unforeseen(exploration, other)
        && missing(exploration, one) == missing(exploration, other)
        && !is_silent(exploration, one)
        && !is_silent(exploration, other)
}

/// Whether a message that comes of its own accord is named nowhere in some state that is reached.
const fn is_unforeseen(exploration: &Exploration, input: usize) -> bool {
    let message = exploration.model.message(exploration.model.inputs[input].message);
    !matches!(message.kind, MessageKind::Reply)
        && next_missing(exploration, input, 0).is_some()
        && !is_exempt(exploration, message)
        && !is_only_for_older_builds(exploration, message)
}

/// Whether a message that is unforeseen is told with other mistakes, wherever it is.
pub(super) const fn is_silent(exploration: &Exploration, input: usize) -> bool {
    if !is_unforeseen(exploration, input) {
        return false;
    }
    let mut next = next_missing(exploration, input, 0);
    while let Some(place) = next {
        if !follows::is_told(exploration, input, place) {
            return false;
        }
        next = next_missing(exploration, input, place + 1);
    }
    true
}

/// The places that are reached and do not name the message, as bits.
const fn missing(exploration: &Exploration, input: usize) -> u128 {
    let mut places = 0;
    let mut next = next_missing(exploration, input, 0);
    while let Some(place) = next {
        places |= 1 << place;
        next = next_missing(exploration, input, place + 1);
    }
    places
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

/// Whether nothing but retired states names the message: no instance of this build waits for it.
const fn is_only_for_older_builds(exploration: &Exploration, message: &MessageInfo) -> bool {
    let definition = exploration.model.definition;
    let mut clause = 0;
    while clause < definition.clauses.len() {
        let items = items(&definition.clauses[clause].trigger);
        let mut item = 0;
        while item < items.len() {
            if names(items[item].messages, message)
                && !are_retired(exploration, definition.clauses[clause].places)
            {
                return false;
            }
            item += 1;
        }
        clause += 1;
    }
    let mut exception = 0;
    while exception < definition.exceptions.len() {
        let written = &definition.exceptions[exception];
        if names(written.item.messages, message) && !are_retired(exploration, written.places) {
            return false;
        }
        exception += 1;
    }
    true
}

const fn are_retired(exploration: &Exploration, places: &[Place]) -> bool {
    let mut at = 0;
    while at < places.len() {
        match places[at] {
            Place::State(state) if exploration.model.is_retired(state as usize) => {}
            _ => return false,
        }
        at += 1;
    }
    !places.is_empty()
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

const fn report(exploration: &Exploration, input: usize) -> Text {
    let first = missing(exploration, input).trailing_zeros() as usize;
    let message = exploration.model.message(exploration.model.inputs[input].message);
    let mut text = open(exploration, "S106");
    let several = messages(exploration, input, true, true, &mut text) > 1;
    text.push(" may come at any time, and nothing is said about ");
    text.push(if several { "them in " } else { "it in " });
    places(exploration, input, first, ", ", true, &mut text);
    text.way(
        exploration,
        exploration.facts.reached[first] as usize - 1,
        Some(message.name),
    );
    text.push("\nremedy: ");
    text.push(match (several, message.wants_reply()) {
        (true, _) => "answer or handle each there, `#[on(",
        (false, true) => "answer it there, `#[on(",
        (false, false) => "handle it there, `#[on(",
    });
    text.push(message.name);
    text.push(" in ");
    places(exploration, input, first, " | ", false, &mut text);
    text.push(if message.wants_reply() {
        " -> reply ..)]`"
    } else {
        " ..)]`"
    });
    ignorable(exploration, input, first, &mut text);
    text
}

/// What could be said instead of what needs no answer.
const fn ignorable(exploration: &Exploration, input: usize, first: usize, text: &mut Text) {
    let mut none = Text::new();
    if messages(exploration, input, false, false, &mut none) == 0 {
        return;
    }
    text.push(", or say what becomes of it beside `states(..)`: `ignore(");
    messages(exploration, input, false, false, text);
    text.push(" in ");
    places(exploration, input, first, " | ", false, text);
    text.push(")`");
}

/// The messages that are told together; those that want a reply only on demand.
const fn messages(
    exploration: &Exploration,
    input: usize,
    asking: bool,
    quoted: bool,
    text: &mut Text,
) -> usize {
    let mut count = 0;
    let mut other = input;
    while other < exploration.model.input_count {
        let message = exploration.model.message(exploration.model.inputs[other].message);
        let together = other == input || (!exploration.apart && is_told_with(exploration, input, other));
        if together && (asking || !message.wants_reply()) {
            text.separate(count == 0, ", ");
            text.push(if quoted { "`" } else { "" });
            text.push(message.name);
            text.push(if quoted { "`" } else { "" });
            count += 1;
        }
        other += 1;
    }
    count
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
