//! S102: a reply named where its command is never open.

mod report;

use super::{Exploration, place_number};
use crate::{
    definition::{Item, Place},
    message::MessageKind,
    soundness::{
        capacity::NONE,
        model::{items, names},
        report::Text,
        routes::Route,
    },
};

/// Where a message is named.
#[derive(Clone, Copy)]
struct Mention {
    item: &'static Item,
    places: &'static [Place],
    /// Whether a clause takes it, or an exception sets it aside.
    routed: Route,
}

/// What makes a reply impossible. All that is impossible for one reason is one mistake, and has one report.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// The saga never sends a command that is answered with it.
    NeverSent,
    /// Whichever way it comes to the place, this request is answered, or not sent yet.
    NeverOpen(usize),
    /// In `compensate` it answers this request of an undo, and the runtime awaits that by itself.
    OfAnUndo(usize),
}

/// Checks one item of an `on` or `all` clause in one of its places.
pub(in crate::soundness) const fn find(
    exploration: &Exploration,
    clause: usize,
    item: usize,
    place: usize,
) -> Option<Text> {
    if exploration.excess.is_some() {
        return None;
    }
    let Some(mention) = mention(exploration, clause, item) else {
        return None;
    };
    match reason(exploration, mention, place) {
        Some(reason) if exploration.apart || !is_told_before(exploration, clause, item, place, reason) => {
            Some(report::compose(exploration, mention, place, reason))
        }
        _ => None,
    }
}

/// Checks an `ignore`, `defer` or `unexpected` in one of its places.
pub(in crate::soundness) const fn find_exception(
    exploration: &Exploration,
    exception: usize,
    place: usize,
) -> Option<Text> {
    find(
        exploration,
        exploration.model.definition.clauses.len(),
        exception,
        place,
    )
}

/// Whether a report tells as well that this message may come in this place, and that nothing is said about it there: it
/// is named in vain elsewhere, or another is in its place.
pub(super) const fn tells(exploration: &Exploration, input: usize, place: usize) -> bool {
    let mut next = from(exploration, 0, 0);
    while let Some((clause, at)) = next {
        if link(exploration, clause, at, input, place).is_some() {
            return true;
        }
        next = from(exploration, clause, at + 1);
    }
    false
}

/// The same, of what is in vain for one reason.
pub(super) const fn tells_for(exploration: &Exploration, wanted: Reason, input: usize, place: usize) -> bool {
    let mut next = from(exploration, 0, 0);
    while let Some((clause, at)) = next {
        if let Some(reason) = link(exploration, clause, at, input, place)
            && is_same(reason, wanted)
        {
            return true;
        }
        next = from(exploration, clause, at + 1);
    }
    false
}

/// Whether some reply is named in vain in this very place.
pub(super) const fn is_in(exploration: &Exploration, place: usize) -> bool {
    let mut next = from(exploration, 0, 0);
    while let Some((clause, at)) = next {
        if let Some(mention) = mention(exploration, clause, at)
            && reason_in(exploration, mention, Some(place)).is_some()
        {
            return true;
        }
        next = from(exploration, clause, at + 1);
    }
    false
}

/// Why the reply that an item names is in vain, if what comes in a place has to do with it.
const fn link(
    exploration: &Exploration,
    clause: usize,
    at: usize,
    input: usize,
    place: usize,
) -> Option<Reason> {
    let Some(mention) = mention(exploration, clause, at) else {
        return None;
    };
    let message = exploration.model.message(exploration.model.inputs[input].message);
    let elsewhere = names(mention.item.messages, message);
    reason_in(exploration, mention, if elsewhere { None } else { Some(place) })
}

/// Why an item is told to be in vain in a place, or in any of its places.
const fn reason_in(exploration: &Exploration, mention: Mention, place: Option<usize>) -> Option<Reason> {
    let mut at = 0;
    while at < mention.places.len() {
        let here = match (place, place_number(exploration, mention.places[at])) {
            (None, _) => true,
            (Some(place), Some(number)) => place == number,
            (Some(place), None) => place < exploration.model.compensate(),
        };
        if here {
            match reason(exploration, mention, at) {
                Some(Reason::NeverSent) if !is_entered(exploration, mention) => {}
                None => {}
                found => return found,
            }
        }
        at += 1;
    }
    None
}

/// The items of clauses in the order written, then the exceptions, as if those were the items of one more clause.
const fn mention(exploration: &Exploration, clause: usize, at: usize) -> Option<Mention> {
    let definition = exploration.model.definition;
    if clause == definition.clauses.len() {
        if at >= definition.exceptions.len() {
            return None;
        }
        let exception = &definition.exceptions[at];
        return Some(Mention {
            item: &exception.item,
            places: exception.places,
            routed: Route::Unnamed,
        });
    }
    let written = exploration.model.clause(clause);
    let items = items(&written.trigger);
    if at >= items.len() {
        return None;
    }
    Some(Mention {
        item: &items[at],
        places: written.places,
        routed: Route::Clause(clause),
    })
}

/// The first item, or exception, from here on.
const fn from(exploration: &Exploration, mut clause: usize, mut at: usize) -> Option<(usize, usize)> {
    while clause <= exploration.model.definition.clauses.len() {
        if mention(exploration, clause, at).is_some() {
            return Some((clause, at));
        }
        clause += 1;
        at = 0;
    }
    None
}

/// Why a reply cannot come in one of the places in which it is named. Not where the states say it better, nor where only
/// instances of older builds are.
const fn reason(exploration: &Exploration, mention: Mention, place: usize) -> Option<Reason> {
    let Mention { item, places, routed } = mention;
    if !is_reply(item) || is_retired(exploration, places[place]) {
        return None;
    }
    let Some(request) = request(exploration, item) else {
        if any_forgotten(exploration, places) || is_awaited_in_vain(exploration, item) {
            return None;
        }
        return Some(Reason::NeverSent);
    };
    if let (Place::Compensate, Route::Clause(_)) = (places[place], routed)
        && is_for_the_runtime(exploration, item)
    {
        return Some(Reason::OfAnUndo(request));
    }
    let in_vain = match place_number(exploration, places[place]) {
        Some(number) => {
            exploration.is_reached(number)
                && !exploration.is_forgotten(number)
                && exploration.never_comes(item, number)
        }
        None => never_comes_anywhere(exploration, item, routed),
    };
    if in_vain {
        Some(Reason::NeverOpen(request))
    } else {
        None
    }
}

/// Whether the same is told at an earlier token. What is never sent is told where nothing enters only if it has to be.
const fn is_told_before(
    exploration: &Exploration,
    clause: usize,
    item: usize,
    place: usize,
    reason: Reason,
) -> bool {
    let mut next = from(exploration, 0, 0);
    while let Some((earlier, at)) = next {
        let Some(mention) = mention(exploration, earlier, at) else {
            return false;
        };
        let here = earlier == clause && at == item;
        let mut other = 0;
        while other < mention.places.len() && !(here && other == place) {
            if (here || is_entered(exploration, mention))
                && let Some(told) = self::reason(exploration, mention, other)
                && is_same(told, reason)
            {
                return true;
            }
            other += 1;
        }
        if here {
            return false;
        }
        next = from(exploration, earlier, at + 1);
    }
    false
}

const fn is_same(one: Reason, other: Reason) -> bool {
    match (one, other) {
        (Reason::NeverSent, Reason::NeverSent) => true,
        (Reason::NeverOpen(one), Reason::NeverOpen(other))
        | (Reason::OfAnUndo(one), Reason::OfAnUndo(other)) => one == other,
        _ => false,
    }
}

/// Whether the first place is one that is entered.
const fn is_entered(exploration: &Exploration, mention: Mention) -> bool {
    match mention.places {
        [] => false,
        [first, ..] => match place_number(exploration, *first) {
            Some(number) => exploration.is_reached(number),
            None => true,
        },
    }
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

/// Whether a reply comes in `compensate` only as the answer to what an undo asks for.
const fn is_for_the_runtime(exploration: &Exploration, item: &Item) -> bool {
    let mut any = false;
    let mut message = 0;
    while message < item.messages.len() {
        let mut link = exploration.model.inputs_of(item.messages[message]);
        while link != 0 {
            let request = exploration.model.inputs[link - 1].request;
            if exploration.model.admits(item, link - 1) && request != NONE {
                if exploration.is_open(exploration.model.compensate(), request as usize) {
                    return false;
                }
                any |= exploration.undoing & (1 << request) != 0;
            }
            link = exploration.model.next_input(link);
        }
        message += 1;
    }
    any && exploration.is_exact()
}

const fn is_retired(exploration: &Exploration, place: Place) -> bool {
    match place {
        Place::State(state) => exploration.model.is_retired(state as usize),
        _ => false,
    }
}

const fn is_reply(item: &Item) -> bool {
    !item.messages.is_empty() && matches!(item.messages[0].kind, MessageKind::Reply)
}

/// The first request that an item may answer, of those that are ever sent.
const fn request(exploration: &Exploration, item: &Item) -> Option<usize> {
    let mut message = 0;
    while message < item.messages.len() {
        let mut link = exploration.model.inputs_of(item.messages[message]);
        while link != 0 {
            let request = exploration.model.inputs[link - 1].request;
            if exploration.model.admits(item, link - 1) && request != NONE {
                return Some(request as usize);
            }
            link = exploration.model.next_input(link);
        }
        message += 1;
    }
    None
}

/// `_`: in no state that is reached and left to it. Where it is left none, other rules speak; what may come in one that
/// is retired is not known.
const fn never_comes_anywhere(exploration: &Exploration, item: &Item, routed: Route) -> bool {
    let mut any = false;
    let mut state = 0;
    while state < exploration.model.compensate() {
        if exploration.is_reached(state) && is_left_to(exploration, item, state, routed) {
            any = true;
            if exploration.model.is_retired(state) || !exploration.never_comes(item, state) {
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
