//! S108: a state that waits for replies, and none is on its way.

mod in_vain;

use super::{Exploration, open};
use crate::{
    definition::{Place, Target},
    message::MessageKind,
    soundness::{
        messages::declares,
        model::{includes, items},
        moves,
        report::Text,
    },
};

/// Checks where a branch leads: something can still happen there.
pub(in crate::soundness) const fn find(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
) -> Option<Text> {
    if exploration.excess.is_some() {
        return None;
    }
    let number = exploration.model.branch_number(clause, branch);
    if exploration.facts.stuck[number] != 0 {
        return Some(report(exploration, exploration.facts.stuck[number] as usize - 1));
    }
    let written = exploration.model.clause(clause);
    let Some(Target::State(state)) = moves::target(&written.trigger, written.branches[branch].target) else {
        return None;
    };
    let node = if exploration.is_forgotten(state as usize) {
        first_there(exploration, state as usize, number)
    } else if in_vain::enters(exploration, number, state as usize) {
        exploration.trace.first_of_branch(number)
    } else {
        None
    };
    match node {
        Some(node) => Some(report(exploration, node)),
        None => None,
    }
}

/// The first configuration of a state, if this branch led to it.
const fn first_there(exploration: &Exploration, state: usize, number: usize) -> Option<usize> {
    let node = exploration.facts.reached[state] as usize - 1;
    match exploration.trace.last_branch(node) {
        Some(first) if first == number => Some(node),
        _ => None,
    }
}

const fn report(exploration: &Exploration, node: usize) -> Text {
    let place = exploration.trace.place(node);
    let mut text = open(exploration, "S108");
    text.quoted(exploration.model.place_name(place));
    text.push(" waits for ");
    awaited(exploration, place, &mut text);
    text.push(", and none of them is on its way");
    text.way(exploration, node, None);
    text.push("\nremedy: send what they answer on the way there, `-> send ");
    text.push(asking(exploration, place));
    text.push(" => ");
    text.push(exploration.model.place_name(place));
    text.push("`, or lead elsewhere");
    text
}

/// The replies that clauses of this very state take.
const fn awaited(exploration: &Exploration, place: usize, text: &mut Text) {
    let (mut clause, mut first) = (0, true);
    while clause < exploration.model.definition.clauses.len() {
        let written = exploration.model.clause(clause);
        let items = items(&written.trigger);
        let mut item = 0;
        while includes(written.places, Place::State(place as u16)) && item < items.len() {
            let mut message = 0;
            while message < items[item].messages.len() {
                if matches!(items[item].messages[message].kind, MessageKind::Reply) {
                    text.separate(first, ", ");
                    text.quoted(items[item].messages[message].name);
                    first = false;
                }
                message += 1;
            }
            item += 1;
        }
        clause += 1;
    }
}

/// The command that the first awaited reply answers, if the saga sends it anywhere.
const fn asking(exploration: &Exploration, place: usize) -> &'static str {
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        let written = exploration.model.clause(clause);
        let items = items(&written.trigger);
        let mut item = 0;
        while includes(written.places, Place::State(place as u16)) && item < items.len() {
            let mut request = 0;
            while request < exploration.model.request_count {
                let command = exploration.model.command_of(request);
                if declares(command, items[item].messages[0]) {
                    return command.name;
                }
                request += 1;
            }
            item += 1;
        }
        clause += 1;
    }
    ".."
}
