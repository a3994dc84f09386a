//! S102: a reply named where its command is never open.

use super::{Exploration, open, place_number};
use crate::{
    definition::{Item, Place, Trigger},
    message::MessageKind,
    soundness::{
        messages::same,
        model::{items, names},
        report::Text,
        routes::Route,
    },
};

/// Where a reply is named.
struct Mention {
    item: &'static Item,
    places: &'static [Place],
    /// The clause; their count for an exception, as if those stood behind all clauses.
    clause: usize,
    /// The item of the clause, or the exception.
    at: usize,
}

/// Checks one item of an `on` or `all` clause in one of its places.
pub(in crate::soundness) const fn find(
    exploration: &Exploration,
    clause: usize,
    item: usize,
    place: usize,
) -> Option<Text> {
    let written = exploration.model.clause(clause);
    if matches!(written.trigger, Trigger::Start(_)) {
        return None;
    }
    let routed = Route::Clause(clause);
    let mention = Mention {
        item: &items(&written.trigger)[item],
        places: written.places,
        clause,
        at: item,
    };
    find_item(exploration, &mention, place, routed)
}

/// Checks an `ignore`, `defer` or `unexpected` in one of its places.
pub(in crate::soundness) const fn find_exception(
    exploration: &Exploration,
    exception: usize,
    place: usize,
) -> Option<Text> {
    let written = &exploration.model.definition.exceptions[exception];
    let mention = Mention {
        item: &written.item,
        places: written.places,
        clause: exploration.model.definition.clauses.len(),
        at: exception,
    };
    find_item(exploration, &mention, place, Route::Unnamed)
}

const fn find_item(
    exploration: &Exploration,
    mention: &Mention,
    place: usize,
    routed: Route,
) -> Option<Text> {
    let Mention { item, places, .. } = *mention;
    if exploration.excess.is_some() || !is_reply(item) {
        return None;
    }
    if is_never_sent(exploration, item) {
        return find_never_sent(exploration, mention, place);
    }
    match place_number(exploration, places[place]) {
        Some(number) if exploration.is_reached(number) && !exploration.is_forgotten(number) => {
            if !exploration.never_comes(item, number) {
                return None;
            }
        }
        None => {
            if !never_comes_anywhere(exploration, item, routed) {
                return None;
            }
        }
        _ => return None,
    }
    Some(never_open(exploration, item, places[place]))
}

/// Whether the same reply is named before: that a command is never sent is one mistake, however often its reply is named.
const fn is_told_before(exploration: &Exploration, mention: &Mention) -> bool {
    let Mention { item, clause, at, .. } = *mention;
    let definition = exploration.model.definition;
    let mut earlier = 0;
    while earlier < definition.clauses.len() && earlier <= clause {
        let written = exploration.model.clause(earlier);
        let items = items(&written.trigger);
        let mut other = 0;
        while other < items.len() && (earlier < clause || other < at) {
            if is_told_at(exploration, item, &items[other], written.places) {
                return true;
            }
            other += 1;
        }
        earlier += 1;
    }
    let mut exception = 0;
    while clause == definition.clauses.len() && exception < at {
        let written = &definition.exceptions[exception];
        if is_told_at(exploration, item, &written.item, written.places) {
            return true;
        }
        exception += 1;
    }
    false
}

/// Whether that the reply never comes is told where another item names it: not of a state that nothing enters.
const fn is_told_at(exploration: &Exploration, item: &Item, other: &Item, places: &[Place]) -> bool {
    let same_asker = match (item.of, other.of) {
        (None, None) => true,
        (Some(one), Some(other)) => same(one.name, other.name),
        _ => false,
    };
    let entered = match places {
        [] => false,
        [first, ..] => match place_number(exploration, *first) {
            Some(number) => exploration.is_reached(number),
            None => true,
        },
    };
    same_asker && entered && is_reply(other) && names(other.messages, item.messages[0])
}

/// Told once, at the first place, and not at all where the states say it better.
const fn find_never_sent(exploration: &Exploration, mention: &Mention, place: usize) -> Option<Text> {
    let Mention { item, places, .. } = *mention;
    if place > 0
        || any_forgotten(exploration, places)
        || is_awaited_in_vain(exploration, item)
        || is_told_before(exploration, mention)
    {
        return None;
    }
    let mut text = open(exploration, "S102");
    text.quoted_items(item);
    text.push(" cannot come: the saga never sends ");
    match item.of {
        Some(command) => text.quoted(command.name),
        None => text.push("a command that is answered with it"),
    }
    text.push("\nremedy: add the `send` that asks for it, or remove the clause; if older builds did send it, `retired(send ");
    text.push(match item.of {
        Some(command) => command.name,
        None => "..",
    });
    text.push(")`");
    Some(text)
}

const fn any_forgotten(exploration: &Exploration, places: &[Place]) -> bool {
    let mut at = 0;
    while at < places.len() {
        if let Some(number) = place_number(exploration, places[at])
            && exploration.is_forgotten(number)
        {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether a state that waits in vain is told to wait for this very reply: the forgotten `send` is the one mistake.
const fn is_awaited_in_vain(exploration: &Exploration, item: &Item) -> bool {
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        let written = exploration.model.clause(clause);
        let awaited = items(&written.trigger);
        let mut at = 0;
        while at < awaited.len() {
            let mut message = 0;
            while message < item.messages.len() {
                if names(awaited[at].messages, item.messages[message])
                    && any_forgotten(exploration, written.places)
                {
                    return true;
                }
                message += 1;
            }
            at += 1;
        }
        clause += 1;
    }
    false
}

const fn never_open(exploration: &Exploration, item: &Item, place: Place) -> Text {
    let mut text = open(exploration, "S102");
    text.quoted_items(item);
    text.push(" cannot come in ");
    match place_number(exploration, place) {
        Some(number) => text.quoted(exploration.model.place_name(number)),
        None => text.push("any of the states that `_` stands for"),
    }
    text.push(": whichever way it comes there, ");
    asked_by(exploration, item, &mut text);
    text.push(" has been answered, or has not been sent\nremedy: name a state in which it is awaited, or remove it here");
    text.coarse(exploration);
    text
}

const fn asked_by(exploration: &Exploration, item: &Item, text: &mut Text) {
    let mut link = exploration.model.inputs_of(item.messages[0]);
    let mut first = true;
    while link != 0 {
        if exploration.model.admits(item, link - 1) {
            text.separate(first, " or ");
            text.quoted(
                exploration
                    .model
                    .command_of(exploration.model.inputs[link - 1].request as usize)
                    .name,
            );
            first = false;
        }
        link = exploration.model.next_input(link);
    }
}

const fn is_reply(item: &Item) -> bool {
    !item.messages.is_empty() && matches!(item.messages[0].kind, MessageKind::Reply)
}

const fn is_never_sent(exploration: &Exploration, item: &Item) -> bool {
    let mut message = 0;
    while message < item.messages.len() {
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

/// `_`: in no state that is reached and left to it. Where it is left none, other rules speak.
const fn never_comes_anywhere(exploration: &Exploration, item: &Item, routed: Route) -> bool {
    let mut any = false;
    let mut state = 0;
    while state < exploration.model.compensate() {
        if exploration.is_reached(state) && is_left_to(exploration, item, state, routed) {
            any = true;
            if !exploration.never_comes(item, state) {
                return false;
            }
        }
        state += 1;
    }
    any
}

/// Whether the state is one that this `_` stands for.
const fn is_left_to(exploration: &Exploration, item: &Item, state: usize, routed: Route) -> bool {
    let mut link = exploration.model.inputs_of(item.messages[0]);
    while link != 0 {
        let input = link - 1;
        if exploration.model.admits(item, input) && !exploration.routes.is_explicit(state, input) {
            return match (routed, exploration.routes.route(state, input)) {
                (Route::Clause(clause), Route::Clause(taken)) => clause == taken,
                (Route::Clause(_), _) => false,
                _ => true,
            };
        }
        link = exploration.model.next_input(link);
    }
    false
}
