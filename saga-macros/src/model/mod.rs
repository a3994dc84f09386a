//! What the clauses mean: states by number, `_` spelled out, in the order written.

mod delay;
mod graph;
mod shape;

pub(crate) use delay::{Wait, wait};
pub(crate) use graph::{Graph, Node};
pub(crate) use shape::{Expected, Param, Receiver, Shape, last_name, plain};

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Ident, Path};

use crate::parse::{self, Handler, Handlers, Item, Retired, Treatment, Trigger, Word};

/// A saga.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    pub(crate) written: &'a Handlers,
    /// The declared states; the implied `Active` where none are.
    pub(crate) states: Vec<Ident>,
    /// The clauses that could be read to their end, in the order written.
    pub(crate) clauses: Vec<Clause<'a>>,
    pub(crate) exceptions: Vec<Exception<'a>>,
    pub(crate) no_timeout: Vec<usize>,
    pub(crate) settled: Vec<usize>,
    /// States that only instances of older builds are in: nothing here leads to them.
    pub(crate) retired: Vec<usize>,
    /// Handlers of timers that only older builds have armed.
    pub(crate) retired_timers: Vec<&'a Ident>,
    /// Commands that only older builds have sent.
    pub(crate) retired_sends: Vec<RetiredSend<'a>>,
    /// Names of states that were not declared, in the order written.
    pub(crate) undeclared: Vec<Ident>,
}

/// A handler with its clause.
#[derive(Debug)]
pub(crate) struct Clause<'a> {
    pub(crate) handler: &'a Handler,
    pub(crate) trigger: &'a Trigger,
    /// Empty for `start`, `compensate` and `compensated`.
    pub(crate) places: Vec<Place>,
    pub(crate) branches: Vec<Branch<'a>>,
    pub(crate) shape: Shape<'a>,
}

/// One possible outcome.
#[derive(Debug)]
pub(crate) struct Branch<'a> {
    pub(crate) written: &'a parse::Branch,
    pub(crate) target: Option<Node>,
}

/// Where a clause or an exception holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    State(usize),
    Rest,
    Compensate,
    End,
}

/// `retired(send Command in State)`.
#[derive(Debug)]
pub(crate) struct RetiredSend<'a> {
    pub(crate) command: &'a Path,
    pub(crate) places: Vec<Place>,
}

/// `ignore`, `defer` or `unexpected` of one message.
#[derive(Debug)]
pub(crate) struct Exception<'a> {
    pub(crate) how: Treatment,
    pub(crate) item: &'a Item,
    pub(crate) places: Vec<Place>,
}

impl<'a> Model<'a> {
    /// What was written, understood.
    pub(crate) fn of(written: &'a Handlers) -> Self {
        let mut names = Names::declared(&written.words.states);
        let clauses = written
            .handlers()
            .filter_map(|handler| names.clause(handler))
            .collect();
        let exceptions = written
            .words
            .exceptions
            .iter()
            .map(|exception| names.exception(exception))
            .collect();
        let no_timeout = names.states(&written.words.no_timeout);
        let settled = names.states(&written.words.settled);
        let (mut retired, mut retired_timers, mut retired_sends) = (Vec::new(), Vec::new(), Vec::new());
        for word in &written.words.retired {
            match word {
                Retired::Name(name) if is_timer(written, name) => retired_timers.push(name),
                Retired::Name(name) => retired.extend(names.state(name)),
                Retired::Send { command, places } => retired_sends.push(RetiredSend {
                    command,
                    places: names.places(places.as_deref(), &[Place::Rest]),
                }),
            }
        }
        let Names { states, undeclared } = names;
        Self {
            written,
            states,
            clauses,
            exceptions,
            no_timeout,
            settled,
            retired,
            retired_timers,
            retired_sends,
            undeclared,
        }
    }

    /// The saga's name, as its type is called.
    pub(crate) fn name(&self) -> String {
        self.written
            .saga
            .segments
            .last()
            .map_or_else(String::new, |name| name.ident.to_string())
    }

    /// The declared states in which a clause may run, `_` spelled out.
    pub(crate) fn live_states(&self, clause: &Clause<'_>) -> Vec<usize> {
        let all = 0..self.states.len();
        let holds = |state: &usize| {
            let explicit = clause.places.contains(&Place::State(*state));
            explicit || (clause.places.contains(&Place::Rest) && !self.named_otherwise(clause, *state))
        };
        all.filter(holds).collect()
    }

    /// Whether a clause or an exception holds for instances of older builds alone.
    pub(crate) fn is_retired_place(&self, place: &Place) -> bool {
        matches!(place, Place::State(state) if self.retired.contains(state))
    }

    /// A retired state where it is said to be.
    pub(crate) fn retired_as(&self, state: usize) -> &Ident {
        let mut words = self.written.words.retired.iter();
        let name = words.find_map(|word| match word {
            Retired::Name(name) => Some(name).filter(|name| **name == self.states[state]),
            Retired::Send { .. } => None,
        });
        name.unwrap_or(&self.states[state])
    }

    /// Whether a handler has this name.
    pub(crate) fn has_handler(&self, name: &Ident) -> bool {
        self.clauses.iter().any(|clause| clause.name() == name)
    }

    /// Whether a clause is a timer that is not armed any more.
    pub(crate) fn is_retired_timer(&self, clause: &Clause<'_>) -> bool {
        self.retired_timers.contains(&clause.name())
    }

    /// Whether another clause or an exception names one of the clause's messages in this very state.
    fn named_otherwise(&self, clause: &Clause<'_>, state: usize) -> bool {
        let here = Place::State(state);
        let items = clause.trigger.items();
        let named = |item: &Item| items.iter().any(|mine| overlap(mine, item));
        let clauses = self.clauses.iter().filter(|other| other.places.contains(&here));
        let exceptions = self
            .exceptions
            .iter()
            .filter(|other| other.places.contains(&here));
        clauses.flat_map(|other| other.trigger.items()).any(named)
            || exceptions.map(|other| other.item).any(named)
    }
}

fn is_timer(written: &Handlers, name: &Ident) -> bool {
    let mut handlers = written.handlers();
    handlers.any(|handler| {
        handler.signature.ident == *name
            && matches!(handler.clause.word, Word::After | Word::Every | Word::At)
    })
}

/// Whether two items can mean the same arrival: the same message, not as the answer to different commands.
pub(crate) fn overlap(one: &Item, other: &Item) -> bool {
    let apart = matches!((&one.of, &other.of), (Some(one), Some(other)) if one != other);
    one.message == other.message && !apart
}

impl Clause<'_> {
    /// The attribute that made it a handler.
    pub(crate) fn word(&self) -> Word {
        self.handler.clause.word
    }

    /// The method's name.
    pub(crate) fn name(&self) -> &Ident {
        &self.handler.signature.ident
    }

    /// Whether the handler decides between labelled outcomes.
    pub(crate) fn is_labelled(&self) -> bool {
        self.branches.iter().any(|branch| branch.written.label.is_some())
    }

    /// Whether it answers where there is no instance.
    pub(crate) fn is_ended(&self) -> bool {
        self.places == [Place::End]
    }
}

/// The states, and what was taken for one.
struct Names {
    states: Vec<Ident>,
    undeclared: Vec<Ident>,
}

impl Names {
    fn declared(states: &[Ident]) -> Self {
        let states = match states {
            [] => vec![Ident::new("Active", Span::call_site())],
            _ => states.to_vec(),
        };
        Self {
            states,
            undeclared: Vec::new(),
        }
    }

    fn state(&mut self, name: &Ident) -> Option<usize> {
        let found = self.states.iter().position(|state| state == name);
        if found.is_none() {
            self.undeclared.push(name.clone());
        }
        found
    }

    fn states(&mut self, names: &[Ident]) -> Vec<usize> {
        names.iter().filter_map(|name| self.state(name)).collect()
    }

    fn places(&mut self, places: Option<&[parse::Place]>, default: &[Place]) -> Vec<Place> {
        let Some(places) = places else {
            return default.to_vec();
        };
        let place = |place: &parse::Place| match place {
            parse::Place::State(name) => self.state(name).map(Place::State),
            parse::Place::Rest(_) => Some(Place::Rest),
            parse::Place::Compensate(_) => Some(Place::Compensate),
            parse::Place::End(_) => Some(Place::End),
        };
        places.iter().filter_map(place).collect()
    }

    fn clause<'a>(&mut self, handler: &'a Handler) -> Option<Clause<'a>> {
        let written = Some(&handler.clause).filter(|clause| clause.complete)?;
        let default: &[Place] = match written.word {
            Word::Start | Word::Compensate | Word::Compensated => &[],
            Word::On | Word::All | Word::After | Word::Every | Word::At => &[Place::Rest],
        };
        Some(Clause {
            handler,
            trigger: written.trigger.as_ref()?,
            places: self.places(written.places.as_deref(), default),
            branches: written
                .branches
                .iter()
                .map(|branch| self.branch(branch, written.word))
                .collect(),
            shape: Shape::of(&handler.signature),
        })
    }

    fn branch<'a>(&mut self, written: &'a parse::Branch, word: Word) -> Branch<'a> {
        let target = match &written.target {
            Some(parse::Target::State(name)) => self.state(name).map(Node::State),
            Some(parse::Target::Compensate(_)) => Some(Node::Compensate),
            Some(parse::Target::End(_)) => Some(Node::End),
            // With a single state there is no choice to write down; compensation is the end unless it says otherwise.
            None if word == Word::Start && self.states.len() == 1 => Some(Node::State(0)),
            None if word == Word::Compensated => Some(Node::End),
            None => None,
        };
        Branch { written, target }
    }

    fn exception<'a>(&mut self, written: &'a parse::Exception) -> Exception<'a> {
        let places = self.places(written.places.as_deref(), &[Place::Rest]);
        Exception {
            how: written.how,
            item: &written.item,
            places,
        }
    }
}

/// A path as a person writes it: without the spaces that tokens are printed with.
pub(crate) fn shown(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
    ] {
        text = text.replace(spaced, tight);
    }
    text
}

/// The distinct messages a saga can be sent, in the order first named.
pub(crate) fn messages<'a>(model: &Model<'a>) -> Vec<&'a Path> {
    let clauses = model.clauses.iter().flat_map(|clause| clause.trigger.items());
    let exceptions = model.exceptions.iter().map(|exception| exception.item);
    let mut messages: Vec<&Path> = Vec::new();
    for item in clauses.chain(exceptions) {
        if !messages.contains(&&item.message) {
            messages.push(&item.message);
        }
    }
    messages
}
