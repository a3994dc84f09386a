//! S101: a reply that may come in a state where nothing is said about it.

use super::{Exploration, Token, follows, is_opener, open, retired_request, s102, s108};
use crate::soundness::report::Text;

/// Checks one `send`: every reply to it, in every state in which it may come.
pub(in crate::soundness) const fn find(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    effect: usize,
) -> Option<Text> {
    if exploration.excess.is_some() {
        return None;
    }
    let Some(request) = exploration.sent(clause, branch, effect) else {
        return None;
    };
    let token = Token::Effect(exploration.model.effect_number(clause, branch, effect));
    find_request(exploration, request, token)
}

/// Checks one `retired(send ..)` in the same way: what older builds have sent may still be answered.
pub(in crate::soundness) const fn find_retired(exploration: &Exploration, retired: usize) -> Option<Text> {
    match retired_request(exploration, retired) {
        Some(request) => find_request(exploration, request, Token::Retired),
        None => None,
    }
}

/// Checks what an older build may have left open in a retired state.
pub(in crate::soundness) const fn find_left(
    exploration: &Exploration,
    state: usize,
    request: usize,
) -> Option<Text> {
    find_request(exploration, request, Token::RetiredState(state))
}

const fn find_request(exploration: &Exploration, request: usize, token: Token) -> Option<Text> {
    if exploration.unhandled & (1 << request) == 0 || out_of_place(exploration, request).is_some() {
        return None;
    }
    let Some(place) = nearest(exploration, request, true) else {
        return None;
    };
    let Some(input) = missing_in(exploration, request, place, true) else {
        return None;
    };
    let node = exploration.facts.open[place][request] as usize - 1;
    if !is_opener(exploration, request, node, token) {
        return None;
    }
    let mut text = open(exploration, "S101");
    text.push("not every answer to ");
    text.quoted(exploration.model.command_of(request).name);
    text.push(" is handled wherever it may come:");
    list(exploration, request, &mut text);
    let reply = exploration
        .model
        .message(exploration.model.inputs[input].message)
        .name;
    text.way(exploration, node, Some(reply));
    remedy(exploration, place, reply, &mut text);
    words(exploration, request, &mut text);
    Some(text)
}

/// The state to which the answers of a command come first, if it is not meant to be sent on the way there: nothing is said
/// about any of them, and what is awaited there cannot come. All that is missing is told with that.
pub(super) const fn out_of_place(exploration: &Exploration, request: usize) -> Option<usize> {
    if exploration.apart {
        return None;
    }
    let Some(place) = nearest(exploration, request, false) else {
        return None;
    };
    let mut input = exploration.model.replies_from[request] as usize;
    while input < exploration.model.replies_from[request + 1] as usize {
        if exploration.routes.is_named(place, input) {
            return None;
        }
        input += 1;
    }
    if s102::is_in(exploration, place) || s108::is_in(exploration, place) {
        Some(place)
    } else {
        None
    }
}

/// The place where a reply is missing that is reached soonest; on demand, only of what is not told elsewhere.
const fn nearest(exploration: &Exploration, request: usize, untold: bool) -> Option<usize> {
    let mut found: Option<usize> = None;
    let mut place = 0;
    while place <= exploration.model.end() {
        if missing_in(exploration, request, place, untold).is_some() {
            let nearer = match found {
                Some(other) => {
                    exploration.facts.open[place][request] < exploration.facts.open[other][request]
                }
                None => true,
            };
            if nearer {
                found = Some(place);
            }
        }
        place += 1;
    }
    found
}

/// The first reply that may come in a place and is not named there. In `compensate` the runtime takes them all.
const fn missing_in(exploration: &Exploration, request: usize, place: usize, untold: bool) -> Option<usize> {
    if place == exploration.model.compensate() || !exploration.is_open(place, request) {
        return None;
    }
    let mut input = exploration.model.replies_from[request] as usize;
    while input < exploration.model.replies_from[request + 1] as usize {
        if !exploration.routes.is_named(place, input)
            && (!untold || !follows::is_told(exploration, input, place))
        {
            return Some(input);
        }
        input += 1;
    }
    None
}

const fn list(exploration: &Exploration, request: usize, text: &mut Text) {
    let mut place = 0;
    while place <= exploration.model.end() {
        if is_told(exploration, request, place) {
            text.push("\n  in ");
            text.quoted(exploration.model.place_name(place));
            text.push(": ");
            replies_missing(exploration, request, place, true, text);
        }
        place += 1;
    }
}

/// The replies that are missing in a place, each as it is or in quotes.
const fn replies_missing(
    exploration: &Exploration,
    request: usize,
    place: usize,
    quoted: bool,
    text: &mut Text,
) {
    let mut input = exploration.model.replies_from[request] as usize;
    let mut first = true;
    while input < exploration.model.replies_from[request + 1] as usize {
        if is_missing(exploration, place, input) {
            let name = exploration
                .model
                .message(exploration.model.inputs[input].message)
                .name;
            text.separate(first, ", ");
            text.push(if quoted { "`" } else { "" });
            text.push(name);
            text.push(if quoted { "`" } else { "" });
            first = false;
        }
        input += 1;
    }
}

/// Whether all that is missing in a place are refusals, which may be ignored without losing anything done.
const fn only_refusals(exploration: &Exploration, request: usize, place: usize) -> bool {
    let mut input = exploration.model.replies_from[request] as usize;
    while input < exploration.model.replies_from[request + 1] as usize {
        if is_missing(exploration, place, input) && !exploration.model.inputs[input].refusal {
            return false;
        }
        input += 1;
    }
    true
}

const fn remedy(exploration: &Exploration, place: usize, reply: &str, text: &mut Text) {
    text.push("\nremedy: ");
    if place == exploration.model.end() {
        text.push("await it before ending");
    } else {
        text.push("handle it, `#[on(");
        text.push(reply);
        text.push(" in ");
        text.push(exploration.model.place_name(place));
        text.push(" ..)]`");
    }
    text.push(", or say beside `states(..)` what becomes of it: ");
}

/// What could be said instead: one word for the states in which the same replies are missing, one for `end`.
const fn words(exploration: &Exploration, request: usize, text: &mut Text) {
    let (mut place, mut first) = (0, true);
    while place <= exploration.model.end() {
        if is_told(exploration, request, place) && !is_said_before(exploration, request, place) {
            text.separate(first, ", ");
            first = false;
            // A success that comes after the end is for a person: nobody else could undo it.
            let ignorable = place != exploration.model.end() || only_refusals(exploration, request, place);
            text.push(if ignorable { "`ignore(" } else { "`unexpected(" });
            replies_missing(exploration, request, place, false, text);
            text.push(" in ");
            alike(exploration, request, place, text);
            text.push(")`");
        }
        place += 1;
    }
}

/// A place and those after it in which the same is missing.
const fn alike(exploration: &Exploration, request: usize, place: usize, text: &mut Text) {
    text.push(exploration.model.place_name(place));
    let mut other = place + 1;
    while other <= exploration.model.end() {
        if is_told(exploration, request, other) && are_alike(exploration, request, place, other) {
            text.push(" | ");
            text.push(exploration.model.place_name(other));
        }
        other += 1;
    }
}

const fn is_said_before(exploration: &Exploration, request: usize, place: usize) -> bool {
    let mut other = 0;
    while other < place {
        if is_told(exploration, request, other) && are_alike(exploration, request, other, place) {
            return true;
        }
        other += 1;
    }
    false
}

/// Whether the same replies are missing in two states. `end` has a word of its own.
const fn are_alike(exploration: &Exploration, request: usize, one: usize, other: usize) -> bool {
    let mut input = exploration.model.replies_from[request] as usize;
    while input < exploration.model.replies_from[request + 1] as usize {
        if is_missing(exploration, one, input) != is_missing(exploration, other, input) {
            return false;
        }
        input += 1;
    }
    one != exploration.model.end() && other != exploration.model.end()
}

/// Whether the report tells what is missing in a place.
const fn is_told(exploration: &Exploration, request: usize, place: usize) -> bool {
    missing_in(exploration, request, place, true).is_some()
}

/// Whether nothing is said about a reply, of those that may come, and no other report tells that.
const fn is_missing(exploration: &Exploration, place: usize, input: usize) -> bool {
    !exploration.routes.is_named(place, input) && !follows::is_told(exploration, input, place)
}
