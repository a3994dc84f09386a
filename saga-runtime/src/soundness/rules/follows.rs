//! What only follows from another mistake is told with it: one mistake, one report.
//!
//! ```text
//! silent                                      where                                                    told with
//! S104  a reply that nobody asks for          a reply starts the saga                                  S104 there
//! S105  a sender left waiting                 the outcome, or one that took the command, answers       S104, S105 at that
//!                                             nobody                                                   `reply`
//! S101  a reply unforeseen in a state         S102 names that reply in vain, or another in this state  S102
//!                                             S108 finds that nothing comes in this state, or the      S108
//!                                             one that awaits the reply
//!                                             it is `end`, and S105 tells of the way there             S105
//! S106  a message unforeseen in some states   S102 or S110 finds each of them to await what            S102, S110
//!                                             cannot come
//! S109  steps that nothing undoes             something else is undone                                 S104 at that undo
//! ```
//!
//! Whatever is silent is told with something further up in the list S104, S108, S102, S110, S105, S101, S106, S109, so that
//! a saga with mistakes is always told one.

use super::{Exploration, s101, s102, s105, s106, s108, s110};
use crate::soundness::{capacity::NONE, report::Text};

/// A report that tells of unforeseen messages as well.
#[derive(Clone, Copy)]
pub(super) enum Teller {
    /// S102, for one reason.
    Vain(s102::Reason),
    /// S105, where an outcome ends the saga: the number of the branch.
    Ends(usize),
    /// S108, of a state.
    Forgotten(usize),
    /// S110, of a clause that never runs in any of the states left to it.
    Shadowed,
}

/// How many messages were told to be unforeseen, each once for each state, and the first of them.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub(super) count: usize,
    pub(super) input: usize,
    pub(super) place: usize,
}

/// Whether what is unforeseen in a place is told with another mistake, and not by itself.
pub(super) const fn is_told(exploration: &Exploration, input: usize, place: usize) -> bool {
    !exploration.apart
        && (s102::tells(exploration, input, place)
            || if exploration.model.inputs[input].request == NONE {
                s110::is_shadowed_in(exploration, place)
            } else if place == exploration.model.end() {
                s105::tells(exploration, exploration.model.inputs[input].request as usize)
            } else {
                s108::tells(exploration, input, place)
            })
}

/// Adds what is unforeseen and follows from the mistake of a report.
pub(super) const fn tell(exploration: &Exploration, teller: Teller, text: &mut Text) -> Told {
    let mut told = Told {
        count: 0,
        input: 0,
        place: 0,
    };
    let mut place = 0;
    while place <= exploration.model.end() && !exploration.apart {
        let mut first = true;
        let mut input = 0;
        while input < exploration.model.input_count {
            if is_silent(exploration, input, place) && is_told_with(exploration, teller, input, place) {
                if told.count == 0 {
                    text.push("\nnothing is said about what may come:");
                    (told.input, told.place) = (input, place);
                }
                if first {
                    text.push("\n  in ");
                    text.quoted(exploration.model.place_name(place));
                    text.push(": ");
                }
                text.separate(first, ", ");
                text.quoted(
                    exploration
                        .model
                        .message(exploration.model.inputs[input].message)
                        .name,
                );
                first = false;
                told.count += 1;
            }
            input += 1;
        }
        place += 1;
    }
    told
}

/// Whether nothing is said about a message in a place in which it may come, and no report of its own says so.
const fn is_silent(exploration: &Exploration, input: usize, place: usize) -> bool {
    if exploration.routes.is_named(place, input) {
        return false;
    }
    match exploration.model.inputs[input].request {
        NONE => s106::is_silent(exploration, input) && exploration.is_reached(place),
        request => place != exploration.model.compensate() && exploration.is_open(place, request as usize),
    }
}

const fn is_told_with(exploration: &Exploration, teller: Teller, input: usize, place: usize) -> bool {
    let request = exploration.model.inputs[input].request;
    if request == NONE {
        return match teller {
            Teller::Vain(reason) => s102::tells_for(exploration, reason, input, place),
            Teller::Shadowed => place < exploration.model.compensate(),
            Teller::Ends(_) | Teller::Forgotten(_) => false,
        };
    }
    let first = match s101::out_of_place(exploration, request as usize) {
        Some(first) => first,
        None => place,
    };
    match teller {
        Teller::Vain(reason) => {
            s102::tells_for(exploration, reason, input, place)
                || s102::tells_for(exploration, reason, input, first)
        }
        Teller::Ends(branch) => {
            place == exploration.model.end() && s105::tells_with(exploration, branch, request as usize)
        }
        Teller::Forgotten(state) => first == state || s108::tells_with(exploration, state, input, place),
        Teller::Shadowed => false,
    }
}
