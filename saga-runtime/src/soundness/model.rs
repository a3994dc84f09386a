//! A definition by numbers: its requests, its askers, and every way a message may come in.

mod meanings;
mod numbering;

use crate::{
    definition::{Clause, Definition, Item, Place, Retired, Trigger},
    message::{MessageInfo, MessageKind},
};

use self::numbering::too_large;
use super::{
    capacity::{ASKERS, BRANCHES, CLAUSES, EFFECTS, Excess, INPUTS, MESSAGES, NONE, REQUESTS},
    messages::{Messages, same},
};

/// A way a message may come in: as the reply to one command, or of its own accord.
#[derive(Clone, Copy)]
pub(super) struct Input {
    pub(super) message: u16,
    /// The request it answers, or [`NONE`].
    pub(super) request: u8,
    /// It says that the thing was not done.
    pub(super) refusal: bool,
    /// Its number among the askers if it is a command with replies, or [`NONE`].
    pub(super) asker: u8,
}

/// The numbers. Branches and effects are numbered through the whole saga, in the order written.
pub(super) struct Model {
    pub(super) definition: &'static Definition,
    pub(super) messages: Messages,
    /// Commands with replies that are sent, or were by older builds, by message.
    pub(super) requests: [u16; REQUESTS],
    pub(super) request_count: usize,
    request_of: [u8; MESSAGES],
    /// Commands with replies that are taken, by message.
    pub(super) askers: [u16; ASKERS],
    pub(super) asker_count: usize,
    asker_of: [u8; MESSAGES],
    pub(super) inputs: [Input; INPUTS],
    pub(super) input_count: usize,
    /// The inputs of a request stand together, from here up to the next request's.
    pub(super) replies_from: [u16; REQUESTS + 1],
    /// Chains of the inputs that bring the same message; numbers plus one.
    first_input: [u16; MESSAGES],
    next_input: [u16; INPUTS],
    pub(super) branches_from: [u16; CLAUSES + 1],
    effects_from: [u16; BRANCHES + 1],
    /// What each effect sends or answers, by its number.
    meanings: [Meaning; EFFECTS],
    /// The `compensate(..)` clause of each reply; the number plus one.
    undo: [u16; INPUTS],
    /// The reply's step stays: it is a success that nothing undoes and nobody said needs no undo.
    stays: [bool; INPUTS],
    /// Requests whose commands some `compensate(..)` clause sends.
    pub(super) undoing: u64,
    /// Requests whose success must not be lost sight of: no undo, no `no_undo`.
    pub(super) lasting: u64,
    /// Starting commands that may come to an instance that another message started: bits over the askers.
    pub(super) starts_again: u64,
    /// States that only instances of older builds are in: bits over the states.
    pub(super) retired: u128,
    /// Some outcome leads to `compensate`.
    pub(super) compensates: bool,
    /// What there is too much of, if anything.
    pub(super) excess: Option<Excess>,
}

impl Model {
    pub(super) const fn new(definition: &'static Definition) -> Self {
        let mut model = Self::blank(definition);
        model.excess = too_large(definition);
        if model.excess.is_none() {
            model.find_retired();
            model.number_outcomes();
            model.number_requests_and_askers();
            model.number_inputs();
            model.find_meanings();
            model.find_undos();
            model.find_lasting_steps();
            model.find_starts();
        }
        model
    }

    const fn blank(definition: &'static Definition) -> Self {
        Self {
            definition,
            messages: Messages::new(),
            requests: [0; REQUESTS],
            request_count: 0,
            request_of: [NONE; MESSAGES],
            askers: [0; ASKERS],
            asker_count: 0,
            asker_of: [NONE; MESSAGES],
            inputs: [Input {
                message: 0,
                request: NONE,
                refusal: false,
                asker: NONE,
            }; INPUTS],
            input_count: 0,
            replies_from: [0; REQUESTS + 1],
            first_input: [0; MESSAGES],
            next_input: [0; INPUTS],
            branches_from: [0; CLAUSES + 1],
            effects_from: [0; BRANCHES + 1],
            meanings: [Meaning::Nothing; EFFECTS],
            undo: [0; INPUTS],
            stays: [false; INPUTS],
            undoing: 0,
            lasting: 0,
            starts_again: 0,
            retired: 0,
            compensates: false,
            excess: None,
        }
    }

    pub(super) const fn clause(&self, clause: usize) -> &'static Clause {
        &self.definition.clauses[clause]
    }

    pub(super) const fn branch_number(&self, clause: usize, branch: usize) -> usize {
        self.branches_from[clause] as usize + branch
    }

    pub(super) const fn effect_number(&self, clause: usize, branch: usize, effect: usize) -> usize {
        self.effects_from[self.branch_number(clause, branch)] as usize + effect
    }

    pub(super) const fn branch_count(&self) -> usize {
        self.branches_from[self.definition.clauses.len()] as usize
    }

    /// The clause and the branch within it.
    pub(super) const fn branch_at(&self, number: usize) -> (usize, usize) {
        let mut clause = 0;
        while self.branches_from[clause + 1] as usize <= number {
            clause += 1;
        }
        (clause, number - self.branches_from[clause] as usize)
    }

    /// `compensate` as a place; declared states come first.
    pub(super) const fn compensate(&self) -> usize {
        self.definition.states.len()
    }

    /// `end` as a place.
    pub(super) const fn end(&self) -> usize {
        self.definition.states.len() + 1
    }

    pub(super) const fn place_name(&self, place: usize) -> &'static str {
        if place < self.definition.states.len() {
            self.definition.states[place]
        } else if place == self.compensate() {
            "compensate"
        } else {
            "end"
        }
    }

    pub(super) const fn message(&self, number: u16) -> &'static MessageInfo {
        self.messages.info(number as usize)
    }

    pub(super) const fn command_of(&self, request: usize) -> &'static MessageInfo {
        self.message(self.requests[request])
    }

    /// The request that an older build may have left open in a place, by the number of the `retired(..)` that says so.
    pub(super) const fn left_open(&self, retired: usize, place: usize) -> Option<usize> {
        let Retired::Send { command, places } = self.definition.retired[retired] else {
            return None;
        };
        let named = place < self.compensate()
            && (includes(places, Place::State(place as u16)) || includes(places, Place::Rest));
        if named { self.request(command) } else { None }
    }

    /// Whether all that an item takes in a place answers what only older builds sent there.
    const fn is_for_older_builds(&self, item: &Item, place: usize) -> bool {
        let mut any = false;
        let mut message = 0;
        while message < item.messages.len() {
            let mut link = self.inputs_of(item.messages[message]);
            while link != 0 {
                if self.admits(item, link - 1) {
                    if !self.is_left_open(self.inputs[link - 1].request, place) {
                        return false;
                    }
                    any = true;
                }
                link = self.next_input(link);
            }
            message += 1;
        }
        any
    }

    /// Whether a `retired(send ..)` says that a request may be open in a place.
    pub(super) const fn is_left_open(&self, request: u8, place: usize) -> bool {
        let mut at = 0;
        while at < self.definition.retired.len() {
            if let Some(left) = self.left_open(at, place)
                && left == request as usize
            {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Whether only instances of older builds are in a place.
    pub(super) const fn is_retired(&self, place: usize) -> bool {
        place < self.compensate() && self.retired & (1 << place) != 0
    }

    /// The number of a command among the requests.
    pub(super) const fn request(&self, command: &MessageInfo) -> Option<usize> {
        match self.messages.find(command) {
            Some(number) if self.request_of[number] != NONE => Some(self.request_of[number] as usize),
            _ => None,
        }
    }

    /// The number of a command among those that leave their sender waiting.
    pub(super) const fn asker(&self, command: &MessageInfo) -> Option<usize> {
        match self.messages.find(command) {
            Some(number) if self.asker_of[number] != NONE => Some(self.asker_of[number] as usize),
            _ => None,
        }
    }

    /// The chain of inputs that bring a message: a number plus one, 0 where none does.
    pub(super) const fn inputs_of(&self, message: &MessageInfo) -> usize {
        match self.messages.find(message) {
            Some(number) => self.first_input[number] as usize,
            None => 0,
        }
    }

    pub(super) const fn next_input(&self, link: usize) -> usize {
        self.next_input[link - 1] as usize
    }

    /// Whether the `of` of an item admits this input. What only older builds sent may be anything.
    pub(super) const fn admits(&self, item: &Item, input: usize) -> bool {
        match item.of {
            None => true,
            Some(command) => {
                let request = self.inputs[input].request;
                request == NONE || same(self.command_of(request as usize).name, command.name)
            }
        }
    }

    pub(super) const fn meaning(&self, clause: usize, branch: usize, effect: usize) -> Meaning {
        self.meanings[self.effect_number(clause, branch, effect)]
    }

    /// The asker that sets this clause off, where it is a single command.
    pub(super) const fn asking_trigger(&self, clause: usize) -> Option<usize> {
        match self.clause(clause).trigger {
            Trigger::Start(item) | Trigger::On(item) if item.messages.len() == 1 => {
                self.asker(item.messages[0])
            }
            _ => None,
        }
    }

    /// The `compensate(..)` clause that undoes a reply.
    pub(super) const fn undo_of(&self, input: usize) -> Option<usize> {
        match self.undo[input] {
            0 => None,
            clause => Some(clause as usize - 1),
        }
    }

    /// Whether the step that a reply completes is one that nothing undoes, though it may have to be.
    pub(super) const fn is_lasting(&self, input: usize) -> bool {
        self.stays[input]
    }

    /// Whether a clause that names this very state takes a reply, other than to what older builds sent.
    pub(super) const fn awaits_reply(&self, place: usize) -> bool {
        if self.is_retired(place) {
            return false;
        }
        let mut clause = 0;
        while clause < self.definition.clauses.len() {
            let items = items(&self.clause(clause).trigger);
            let mut item = 0;
            while includes(self.clause(clause).places, Place::State(place as u16)) && item < items.len() {
                if !items[item].messages.is_empty()
                    && matches!(items[item].messages[0].kind, MessageKind::Reply)
                    && !self.is_for_older_builds(&items[item], place)
                {
                    return true;
                }
                item += 1;
            }
            clause += 1;
        }
        false
    }
}

/// What an effect comes to.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// Nothing that the rules follow.
    Nothing,
    /// It opens a request.
    Opens(u8),
    Answers(Answered),
}

/// Whom a `reply` answers.
#[derive(Clone, Copy)]
pub(super) enum Answered {
    Nobody,
    Asker(u8),
    /// Two commands (or more) declare the reply, and the clause does not say which.
    Several(u8, u8),
}

/// The items of a trigger that comes as messages; an undo and a timer have none.
pub(super) const fn items(trigger: &'static Trigger) -> &'static [Item] {
    match trigger {
        Trigger::Start(item) | Trigger::On(item) => std::slice::from_ref(item),
        Trigger::All(items) => items,
        _ => &[],
    }
}

/// Whether a list names a message.
pub(super) const fn names(messages: &[&'static MessageInfo], message: &MessageInfo) -> bool {
    let mut at = 0;
    while at < messages.len() {
        if same(messages[at].name, message.name) {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether a list holds a place.
pub(super) const fn includes(places: &[Place], place: Place) -> bool {
    let mut at = 0;
    while at < places.len() {
        let here = match (places[at], place) {
            (Place::State(a), Place::State(b)) => a == b,
            (Place::Rest, Place::Rest)
            | (Place::Compensate, Place::Compensate)
            | (Place::End, Place::End) => true,
            _ => false,
        };
        if here {
            return true;
        }
        at += 1;
    }
    false
}
