//! S108: a state that waits for replies, and none is on its way.

mod in_vain;

use super::{
    Exploration,
    follows::{self, Teller},
    open,
};
use crate::{
    definition::{Place, Target},
    message::MessageKind,
    soundness::{
        messages::declares,
        model::{includes, items, names},
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
    match entered_in_vain(exploration, clause, branch) {
        Some(node) => Some(report(exploration, node)),
        None => None,
    }
}

/// Whether some branch is told to lead to this state in vain.
pub(super) const fn is_in(exploration: &Exploration, place: usize) -> bool {
    let mut number = 0;
    while number < exploration.model.branch_count() {
        let (clause, branch) = exploration.model.branch_at(number);
        if let Some(node) = entered_in_vain(exploration, clause, branch)
            && exploration.trace.place(node) == place
        {
            return true;
        }
        number += 1;
    }
    false
}

/// Whether a report tells as well that this reply may come in this place, and that nothing is said about it there: nothing
/// comes that is awaited there, or it is awaited where nothing comes.
pub(super) const fn tells(exploration: &Exploration, input: usize, place: usize) -> bool {
    let mut state = 0;
    while state < exploration.model.compensate() {
        if (state == place || awaits(exploration, state, input)) && is_in(exploration, state) {
            return true;
        }
        state += 1;
    }
    false
}

/// The same, of the report about one state.
pub(super) const fn tells_with(exploration: &Exploration, state: usize, input: usize, place: usize) -> bool {
    state == place || awaits(exploration, state, input)
}

/// Whether a clause of this very state takes a reply.
const fn awaits(exploration: &Exploration, state: usize, input: usize) -> bool {
    let message = exploration.model.inputs[input].message;
    let message = exploration.model.message(message);
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() {
        let written = exploration.model.clause(clause);
        let items = items(&written.trigger);
        let mut item = 0;
        while item < items.len() && includes(written.places, Place::State(state as u16)) {
            if names(items[item].messages, message) {
                return true;
            }
            item += 1;
        }
        clause += 1;
    }
    false
}

/// The first configuration to which a branch leads and where nothing comes that is waited for.
const fn entered_in_vain(exploration: &Exploration, clause: usize, branch: usize) -> Option<usize> {
    let number = exploration.model.branch_number(clause, branch);
    if exploration.facts.stuck[number] != 0 {
        return Some(exploration.facts.stuck[number] as usize - 1);
    }
    let written = exploration.model.clause(clause);
    let Some(Target::State(state)) = moves::target(&written.trigger, written.branches[branch].target) else {
        return None;
    };
    if exploration.is_forgotten(state as usize) {
        first_there(exploration, state as usize, number)
    } else if in_vain::enters(exploration, number, state as usize) {
        exploration.trace.first_of_branch(number)
    } else {
        None
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
    let told = follows::tell(exploration, Teller::Forgotten(place), &mut text);
    text.push("\nremedy: ");
    if told.count == 1 && told.place != place {
        text.push("did you mean `in ");
        text.push(exploration.model.place_name(told.place));
        text.push("`? Otherwise ");
    }
    text.push("send what they answer on the way there, `-> send ");
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
