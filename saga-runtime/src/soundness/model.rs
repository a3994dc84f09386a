//! A definition by numbers: its requests, its askers, and every way a message may come in.

use crate::{
    definition::{Clause, Definition, Effect, Item, Place, Target, Trigger, Verb},
    message::{MessageInfo, MessageKind},
};

use super::{
    capacity::{ASKERS, BRANCHES, CLAUSES, EFFECTS, INPUTS, MESSAGES, NONE, REQUESTS, STATES},
    messages::{Messages, declares, same},
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
    /// Commands with replies that are sent, by message.
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
    /// Some outcome leads to `compensate`.
    pub(super) compensates: bool,
    /// What there is too much of, if anything.
    pub(super) excess: Option<&'static str>,
}

impl Model {
    pub(super) const fn new(definition: &'static Definition) -> Self {
        let mut model = Self::blank(definition);
        model.excess = too_large(definition);
        if model.excess.is_none() {
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

    /// Whether the `of` of an item admits this input.
    pub(super) const fn admits(&self, item: &Item, input: usize) -> bool {
        match item.of {
            None => true,
            Some(command) => {
                let request = self.inputs[input].request;
                request != NONE && same(self.command_of(request as usize).name, command.name)
            }
        }
    }

    pub(super) const fn meaning(&self, clause: usize, branch: usize, effect: usize) -> Meaning {
        self.meanings[self.effect_number(clause, branch, effect)]
    }

    const fn find_meanings(&mut self) {
        let (mut clause, mut number) = (0, 0);
        while clause < self.definition.clauses.len() {
            let branches = self.clause(clause).branches;
            let mut branch = 0;
            while branch < branches.len() {
                let mut at = 0;
                while at < branches[branch].effects.len() {
                    self.meanings[number] = self.find_meaning(clause, &branches[branch].effects[at]);
                    number += 1;
                    at += 1;
                }
                branch += 1;
            }
            clause += 1;
        }
    }

    const fn find_meaning(&self, clause: usize, effect: &Effect) -> Meaning {
        match effect.verb {
            Verb::Publish => Meaning::Nothing,
            Verb::Reply => Meaning::Answers(self.answered(clause, effect)),
            Verb::Send => match self.messages.find(effect.message) {
                Some(number) if self.request_of[number] != NONE => Meaning::Opens(self.request_of[number]),
                _ => Meaning::Nothing,
            },
        }
    }

    /// Whose senders `reply` answers: the trigger's, else those of the only command that declares the reply.
    const fn answered(&self, clause: usize, effect: &Effect) -> Answered {
        if let Some(command) = effect.to {
            return match self.asker(command) {
                Some(asker) if declares(command, effect.message) => Answered::Asker(asker as u8),
                _ => Answered::Nobody,
            };
        }
        if let Some(asker) = self.asking_trigger(clause)
            && declares(self.message(self.askers[asker]), effect.message)
        {
            return Answered::Asker(asker as u8);
        }
        self.only_asker_for(effect.message)
    }

    const fn only_asker_for(&self, reply: &MessageInfo) -> Answered {
        let mut found = Answered::Nobody;
        let mut asker = 0;
        while asker < self.asker_count {
            if declares(self.message(self.askers[asker]), reply) {
                if let Answered::Asker(first) = found {
                    return Answered::Several(first, asker as u8);
                }
                found = Answered::Asker(asker as u8);
            }
            asker += 1;
        }
        found
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

    const fn find_undos(&mut self) {
        let mut clause = self.definition.clauses.len();
        while clause > 0 {
            clause -= 1;
            if let Trigger::Compensate(item) = &self.clause(clause).trigger {
                let mut message = 0;
                while message < item.messages.len() {
                    let mut link = self.inputs_of(item.messages[message]);
                    while link != 0 {
                        if self.admits(item, link - 1) {
                            self.undo[link - 1] = clause as u16 + 1;
                        }
                        link = self.next_input(link);
                    }
                    message += 1;
                }
            }
        }
    }

    /// Whether a clause that names this very state takes a reply.
    pub(super) const fn awaits_reply(&self, place: usize) -> bool {
        let mut clause = 0;
        while clause < self.definition.clauses.len() {
            let items = items(&self.clause(clause).trigger);
            let mut item = 0;
            while includes(self.clause(clause).places, Place::State(place as u16)) && item < items.len() {
                if !items[item].messages.is_empty()
                    && matches!(items[item].messages[0].kind, MessageKind::Reply)
                {
                    return true;
                }
                item += 1;
            }
            clause += 1;
        }
        false
    }

    const fn number_outcomes(&mut self) {
        let mut clause = 0;
        let (mut branches, mut effects) = (0, 0);
        while clause < self.definition.clauses.len() {
            self.branches_from[clause] = branches as u16;
            let list = self.clause(clause).branches;
            let mut branch = 0;
            while branch < list.len() {
                self.effects_from[branches] = effects as u16;
                effects += list[branch].effects.len();
                branches += 1;
                if matches!(list[branch].target, Some(Target::Compensate)) {
                    self.compensates = true;
                }
                branch += 1;
            }
            clause += 1;
        }
        self.branches_from[clause] = branches as u16;
        self.effects_from[branches] = effects as u16;
    }

    const fn number_requests_and_askers(&mut self) {
        let mut clause = 0;
        while clause < self.definition.clauses.len() {
            let list = self.clause(clause).branches;
            let undo = matches!(self.clause(clause).trigger, Trigger::Compensate(_));
            let mut branch = 0;
            while branch < list.len() {
                self.number_sends(list[branch].effects, undo);
                branch += 1;
            }
            let items = items(&self.clause(clause).trigger);
            let mut item = 0;
            while item < items.len() {
                self.number_askers(&items[item]);
                item += 1;
            }
            clause += 1;
        }
        if self.messages.full {
            self.excess = Some("messages");
        }
    }

    const fn number_sends(&mut self, effects: &'static [Effect], undo: bool) {
        let mut at = 0;
        while at < effects.len() {
            let effect = &effects[at];
            if matches!(effect.verb, Verb::Send) && effect.message.wants_reply() {
                let request = self.number_request(effect.message);
                if undo {
                    self.undoing |= 1 << request;
                }
            }
            at += 1;
        }
    }

    const fn number_request(&mut self, command: &'static MessageInfo) -> usize {
        let number = self.messages.intern(command);
        if self.request_of[number] == NONE {
            if self.request_count == REQUESTS {
                self.excess = Some("commands with replies sent");
                return 0;
            }
            self.request_of[number] = self.request_count as u8;
            self.requests[self.request_count] = number as u16;
            self.request_count += 1;
        }
        self.request_of[number] as usize
    }

    const fn number_askers(&mut self, item: &Item) {
        let mut at = 0;
        while at < item.messages.len() {
            let message = item.messages[at];
            if matches!(message.kind, MessageKind::Command) && message.wants_reply() {
                let number = self.messages.intern(message);
                if self.asker_of[number] == NONE {
                    if self.asker_count == ASKERS {
                        self.excess = Some("commands with replies taken");
                        return;
                    }
                    self.asker_of[number] = self.asker_count as u8;
                    self.askers[self.asker_count] = number as u16;
                    self.asker_count += 1;
                }
            }
            at += 1;
        }
    }

    const fn number_inputs(&mut self) {
        let mut request = 0;
        while request < self.request_count {
            self.replies_from[request] = self.input_count as u16;
            let replies = self.command_of(request).replies;
            let mut at = 0;
            while at < replies.len() {
                self.add_input(replies[at].message, request as u8, replies[at].refusal);
                at += 1;
            }
            request += 1;
        }
        self.replies_from[request] = self.input_count as u16;
        let mut clause = 0;
        while clause < self.definition.clauses.len() {
            let items = items(&self.clause(clause).trigger);
            let mut item = 0;
            while item < items.len() {
                self.add_free_inputs(&items[item]);
                item += 1;
            }
            clause += 1;
        }
        let mut exception = 0;
        while exception < self.definition.exceptions.len() {
            self.add_free_inputs(&self.definition.exceptions[exception].item);
            exception += 1;
        }
        if self.messages.full {
            self.excess = Some("messages");
        }
    }

    /// Commands and events come of their own accord.
    const fn add_free_inputs(&mut self, item: &Item) {
        let mut at = 0;
        while at < item.messages.len() {
            let message = item.messages[at];
            if !matches!(message.kind, MessageKind::Reply) && self.inputs_of(message) == 0 {
                self.add_input(message, NONE, false);
            }
            at += 1;
        }
    }

    const fn add_input(&mut self, message: &'static MessageInfo, request: u8, refusal: bool) {
        let number = self.messages.intern(message);
        if self.input_count == INPUTS {
            self.excess = Some("ways a message may come in");
            return;
        }
        self.inputs[self.input_count] = Input {
            message: number as u16,
            request,
            refusal,
            asker: self.asker_of[number],
        };
        self.next_input[self.input_count] = self.first_input[number];
        self.input_count += 1;
        self.first_input[number] = self.input_count as u16;
    }

    /// Compensation itself is not undone, so that a command some undo sends never counts.
    const fn find_lasting_steps(&mut self) {
        let mut input = 0;
        while self.compensates && input < self.replies_from[self.request_count] as usize {
            let Input { request, refusal, .. } = self.inputs[input];
            if !refusal
                && self.undoing & (1 << request) == 0
                && self.undo[input] == 0
                && !self.needs_no_undo(input)
            {
                self.stays[input] = true;
                self.lasting |= 1 << request;
            }
            input += 1;
        }
    }

    const fn find_starts(&mut self) {
        let (mut clause, mut starts) = (0, 0);
        while clause < self.definition.clauses.len() {
            if let Trigger::Start(item) = &self.clause(clause).trigger {
                starts += item.messages.len();
                if let Some(asker) = self.asking_trigger(clause) {
                    self.starts_again |= 1 << asker;
                }
            }
            clause += 1;
        }
        if starts < 2 {
            self.starts_again = 0;
        }
    }

    const fn needs_no_undo(&self, input: usize) -> bool {
        let reply = self.message(self.inputs[input].message);
        let command = self.command_of(self.inputs[input].request as usize);
        let lists = self.definition.no_undo;
        let mut at = 0;
        while at < lists.len() {
            if names(lists[at], reply) || names(lists[at], command) {
                return true;
            }
            at += 1;
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

const fn too_large(definition: &Definition) -> Option<&'static str> {
    let (mut clause, mut branches, mut effects) = (0, 0, 0);
    while clause < definition.clauses.len() {
        let list = definition.clauses[clause].branches;
        branches += list.len();
        let mut branch = 0;
        while branch < list.len() {
            effects += list[branch].effects.len();
            branch += 1;
        }
        clause += 1;
    }
    match () {
        _ if definition.states.len() > STATES => Some("states"),
        _ if clause > CLAUSES => Some("handlers"),
        _ if branches > BRANCHES => Some("outcomes"),
        _ if effects > EFFECTS => Some("effects"),
        _ => None,
    }
}
