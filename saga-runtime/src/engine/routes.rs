//! What becomes of a message in a state, worked out once per saga from its definition.

use crate::{
    definition::{Clause, Definition, Item, Place, Target, Treatment, Trigger, Verb},
    hash::HashMap,
    message::{MessageInfo, MessageKind},
};

/// A declared state by index, or one of the two the runtime knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Spot {
    State(u16),
    Compensate,
    End,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Runs this clause.
    Run(usize),
    /// Is kept for this join.
    Join(usize),
    /// As an exception says.
    Treat(Treatment),
}

#[derive(Clone, Copy, Debug)]
struct Route {
    /// Named in this state, not by `_`.
    explicit: bool,
    of: Option<&'static str>,
    action: Action,
}

/// The routing table of one saga.
#[derive(Debug)]
pub(crate) struct Routes {
    table: HashMap<&'static str, Vec<(Spot, Route)>>,
    starts: HashMap<&'static str, usize>,
    timers: Vec<Vec<usize>>,
    joins: Vec<Vec<usize>>,
    undos: Vec<(Item, usize)>,
    /// What needs no undo, by the saga's own word.
    no_undo: &'static [&'static [&'static MessageInfo]],
    compensated: Option<usize>,
    settled: Vec<bool>,
    /// Commands the saga takes and answers.
    taken: Vec<&'static MessageInfo>,
    /// Commands the saga sends, or sent in older builds, by name.
    sent: HashMap<&'static str, &'static MessageInfo>,
}

impl Routes {
    pub(crate) fn new(definition: &'static Definition) -> Self {
        let states = definition.states.len();
        let mut routes = Self {
            table: HashMap::default(),
            starts: HashMap::default(),
            timers: vec![Vec::new(); states],
            joins: vec![Vec::new(); states],
            undos: Vec::new(),
            no_undo: definition.no_undo,
            compensated: None,
            settled: vec![false; states],
            taken: Vec::new(),
            sent: sent(definition),
        };
        for &state in definition.settled {
            if let Some(settled) = routes.settled.get_mut(usize::from(state)) {
                *settled = true;
            }
        }
        for (index, clause) in definition.clauses.iter().enumerate() {
            routes.add_clause(index, clause, definition);
        }
        for exception in definition.exceptions {
            for (spot, explicit) in spots(exception.places, definition) {
                routes.add(spot, explicit, &exception.item, Action::Treat(exception.how));
            }
        }
        routes
    }

    fn add_clause(&mut self, index: usize, clause: &Clause, definition: &'static Definition) {
        match &clause.trigger {
            Trigger::Start(item) => {
                self.starts
                    .extend(item.messages.iter().map(|message| (message.name, index)));
                self.add_taken(item);
            }
            Trigger::On(item) => {
                self.add_taken(item);
                for (spot, explicit) in spots(clause.places, definition) {
                    self.add(spot, explicit, item, Action::Run(index));
                }
            }
            Trigger::All(items) => self.add_join(index, items, clause.places, definition),
            Trigger::After(_) | Trigger::Every(_) | Trigger::At => {
                for state in states(clause.places, definition) {
                    self.timers[usize::from(state)].push(index);
                }
            }
            Trigger::Compensate(item) => self.undos.push((*item, index)),
            Trigger::Compensated => self.compensated = Some(index),
        }
    }

    fn add_join(&mut self, index: usize, items: &[Item], places: &[Place], definition: &'static Definition) {
        for state in states(places, definition) {
            self.joins[usize::from(state)].push(index);
        }
        for item in items {
            for (spot, explicit) in spots(places, definition) {
                self.add(spot, explicit, item, Action::Join(index));
            }
        }
    }

    fn add_taken(&mut self, item: &Item) {
        self.taken
            .extend(item.messages.iter().filter(|message| message.wants_reply()));
    }

    fn add(&mut self, spot: Spot, explicit: bool, item: &Item, action: Action) {
        let of = item.of.map(|command| command.name);
        for message in item.messages {
            self.table
                .entry(message.name)
                .or_default()
                .push((spot, Route { explicit, of, action }));
        }
    }

    /// What becomes of `message` in `spot`; of a reply, `command` is what it answers.
    ///
    /// Naming a message in a state wins over `_`, naming the command over leaving it open.
    pub(crate) fn action(&self, spot: Spot, message: &str, command: Option<&str>) -> Option<Action> {
        let here = self
            .table
            .get(message)?
            .iter()
            .filter(|(at, _)| *at == spot)
            .map(|(_, route)| route);
        let fits = here.filter(|route| route.of.is_none() || route.of == command);
        fits.max_by_key(|route| (route.explicit, route.of.is_some()))
            .map(|route| route.action)
    }

    /// The clause that `message` starts.
    pub(crate) fn start(&self, message: &str) -> Option<usize> {
        self.starts.get(message).copied()
    }

    pub(crate) fn timers(&self, state: u16) -> &[usize] {
        self.timers.get(usize::from(state)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn joins(&self, state: u16) -> &[usize] {
        self.joins.get(usize::from(state)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn settled(&self, state: u16) -> bool {
        self.settled.get(usize::from(state)).copied().unwrap_or(false)
    }

    /// The undo of the step that `reply` to `command` completed.
    pub(crate) fn undo(&self, reply: &str, command: Option<&str>) -> Option<usize> {
        let fits = self.undos.iter().filter(|(item, _)| {
            item.messages.iter().any(|message| message.name == reply)
                && item.of.is_none_or(|of| Some(of.name) == command)
        });
        fits.max_by_key(|(item, _)| item.of.is_some())
            .map(|&(_, clause)| clause)
    }

    /// Whether the saga says that the step which `reply` to `command` completed needs no undo.
    pub(crate) fn no_undo(&self, reply: &str, command: Option<&str>) -> bool {
        let mut named = self.no_undo.iter().copied().flatten();
        named.any(|message| message.name == reply || Some(message.name) == command)
    }

    pub(crate) fn compensated(&self) -> Option<usize> {
        self.compensated
    }

    /// The command whose senders `reply` answers, where the clause does not say: the trigger, else the only one.
    pub(crate) fn answered(&self, reply: &str, trigger: &str) -> Option<&'static MessageInfo> {
        let declares = |command: &&&'static MessageInfo| command.reply(reply).is_some();
        let by_trigger = self
            .taken
            .iter()
            .find(|command| command.name == trigger && declares(command));
        by_trigger.or_else(|| self.taken.iter().find(declares)).copied()
    }

    /// A command that the saga sends, or sent in older builds.
    pub(crate) fn sent(&self, command: &str) -> Option<&'static MessageInfo> {
        self.sent.get(command).copied()
    }

    /// A command that the saga takes and answers.
    pub(crate) fn taken(&self, command: &str) -> Option<&'static MessageInfo> {
        self.taken.iter().find(|taken| taken.name == command).copied()
    }

    /// Whether some undo sends `command`; of which steps it is then the undo.
    pub(crate) fn undone_by<'a>(
        &'a self,
        command: &'a str,
        definition: &'static Definition,
    ) -> impl Iterator<Item = usize> + 'a {
        let clauses = self.undos.iter().map(|&(_, clause)| clause);
        clauses.filter(move |&clause| {
            let effects = definition.clauses[clause]
                .branches
                .iter()
                .flat_map(|branch| branch.effects);
            effects
                .into_iter()
                .any(|effect| effect.verb == Verb::Send && effect.message.name == command)
        })
    }

    /// Whether `message` starts instances.
    pub(crate) fn is_starting(&self, message: &str) -> bool {
        self.starts.contains_key(message)
    }
}

/// The messages a saga takes at its endpoint's queue (commands and events) and at its reply queue.
pub(crate) fn taken_messages(definition: &'static Definition) -> Vec<&'static MessageInfo> {
    let clauses = definition
        .clauses
        .iter()
        .flat_map(|clause| match &clause.trigger {
            Trigger::Start(item) | Trigger::On(item) => std::slice::from_ref(item),
            Trigger::All(items) => *items,
            _ => &[],
        });
    let exceptions = definition.exceptions.iter().map(|exception| &exception.item);
    let mut messages: Vec<&'static MessageInfo> = clauses
        .chain(exceptions)
        .flat_map(|item| item.messages.iter().copied())
        .collect();
    messages.extend(definition.clauses.iter().flat_map(sent_replies));
    messages.extend(replies_of(definition.retired_commands()));
    messages.sort_by_key(|message| message.name);
    messages.dedup();
    messages
}

fn sent(definition: &'static Definition) -> HashMap<&'static str, &'static MessageInfo> {
    let effects = definition
        .clauses
        .iter()
        .flat_map(|clause| clause.branches)
        .flat_map(|branch| branch.effects);
    let sends = effects.filter(|effect| effect.verb == Verb::Send);
    let commands = sends.map(|effect| effect.message);
    commands
        .chain(definition.retired_commands())
        .map(|command| (command.name, command))
        .collect()
}

/// Replies may come even where no clause names them: they must reach the instance to be judged there.
fn sent_replies(clause: &Clause) -> impl Iterator<Item = &'static MessageInfo> {
    let effects = clause.branches.iter().flat_map(|branch| branch.effects.iter());
    let sends = effects.filter(|effect| effect.verb == Verb::Send);
    replies_of(sends.map(|effect| effect.message))
}

fn replies_of(
    commands: impl Iterator<Item = &'static MessageInfo>,
) -> impl Iterator<Item = &'static MessageInfo> {
    commands
        .flat_map(|command| command.replies)
        .map(|reply| reply.message)
}

/// What is wrong with a definition that the macro did not write, in words.
pub(crate) fn faults(definition: &'static Definition) -> Vec<String> {
    let mut faults = Vec::new();
    let states = definition.states.len();
    let state_exists = |state: u16| usize::from(state) < states;
    if states == 0 {
        faults.push(format!("saga `{}` declares no state", definition.name));
    }
    if !definition
        .clauses
        .iter()
        .any(|clause| matches!(clause.trigger, Trigger::Start(_)))
    {
        faults.push(format!("saga `{}` has no `start` clause", definition.name));
    }
    for clause in definition.clauses {
        let places = clause
            .places
            .iter()
            .all(|place| !matches!(place, Place::State(state) if !state_exists(*state)));
        let targets = clause
            .branches
            .iter()
            .all(|branch| !matches!(branch.target, Some(Target::State(state)) if !state_exists(state)));
        if !places || !targets {
            faults.push(format!(
                "saga `{}`: `{}` names a state that is not declared",
                definition.name, clause.handler
            ));
        }
        if clause.branches.is_empty() {
            faults.push(format!(
                "saga `{}`: `{}` has no outcome",
                definition.name, clause.handler
            ));
        }
        faults.extend(misdirected(definition, clause));
    }
    faults
}

fn misdirected(definition: &Definition, clause: &Clause) -> Option<String> {
    let (Trigger::Start(item) | Trigger::On(item)) = &clause.trigger else {
        return None;
    };
    let elsewhere = item.messages.iter().find(|message| {
        message.kind == MessageKind::Command
            && message
                .endpoint
                .is_some_and(|endpoint| endpoint != definition.endpoint)
    })?;
    Some(format!(
        "saga `{}` lives at `{}` but `{}` takes command `{}`, which is sent to `{}`",
        definition.name,
        definition.endpoint,
        clause.handler,
        elsewhere.name,
        elsewhere.endpoint.unwrap_or_default(),
    ))
}

/// Each place with whether it was named; `_` is every declared state.
fn spots(places: &[Place], definition: &Definition) -> Vec<(Spot, bool)> {
    let count = u16::try_from(definition.states.len()).unwrap_or(u16::MAX);
    let each = places.iter().flat_map(|place| match *place {
        Place::State(state) => vec![(Spot::State(state), true)],
        Place::Rest => (0..count).map(|state| (Spot::State(state), false)).collect(),
        Place::Compensate => vec![(Spot::Compensate, true)],
        Place::End => vec![(Spot::End, true)],
    });
    each.collect()
}

fn states(places: &[Place], definition: &Definition) -> Vec<u16> {
    let mut states: Vec<u16> = spots(places, definition)
        .into_iter()
        .filter_map(|(spot, _)| match spot {
            Spot::State(state) => Some(state),
            _ => None,
        })
        .collect();
    states.sort_unstable();
    states.dedup();
    states
}
