//! What is pinned, fact by fact, in the order in which it is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::Form;

/// Everything that is pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) subjects: BTreeMap<Title, BTreeSet<Fact>>,
}

/// What facts are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Title {
    pub(super) section: Section,
    pub(super) name: String,
}

/// The three kinds of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Saga,
    Service,
    Message,
}

/// One line. The order of the variants is that of the lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// The endpoint of a saga or service.
    At(String),
    /// The kind of a message, and the endpoint of a command.
    Kind(String),
    Version(u32),
    /// An older version that can be read.
    Reads(u32),
    /// How fields make a body, where it is not plainly an object.
    Form(Shape),
    Field(Field),
    /// The fields that make a saga's correlation key, with their types.
    Key(String),
    /// Where a message has the key, if not in fields of those names.
    KeyPath {
        message: String,
        path: String,
    },
    State(String),
    Renamed {
        old: String,
        new: String,
    },
    Starts(String),
    /// What becomes of a message in a state.
    In {
        place: String,
        item: Item,
        how: String,
    },
    Timer {
        place: String,
        handler: String,
    },
    Undoes(Item),
    /// A service's handler.
    Handles(String),
    /// A command's answer.
    Answer {
        message: String,
        refusal: bool,
    },
}

/// A message, or a message as the answer to one command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) message: String,
    pub(super) of: Option<String>,
}

/// [`Form`], in the order of its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Strict,
    Tuple,
    Unit,
    Custom,
}

/// A field as a body holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Field {
    /// Its position in a tuple struct, so that the tenth comes after the second.
    pub(super) position: Option<u32>,
    pub(super) key: String,
    pub(super) ty: String,
    pub(super) optional: bool,
    pub(super) with: Option<String>,
    pub(super) aliases: Vec<String>,
}

impl Shape {
    pub(super) fn of(form: Form) -> Option<Self> {
        match form {
            Form::Named => None,
            Form::Strict => Some(Self::Strict),
            Form::Tuple => Some(Self::Tuple),
            Form::Unit => Some(Self::Unit),
            Form::Custom => Some(Self::Custom),
        }
    }
}

impl Fact {
    /// Whether only one of the two can be true of one subject.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        let says_the_same_of = match (self, other) {
            (Self::At(_), Self::At(_))
            | (Self::Kind(_), Self::Kind(_))
            | (Self::Version(_), Self::Version(_))
            | (Self::Form(_), Self::Form(_))
            | (Self::Key(_), Self::Key(_)) => true,
            (Self::Field(one), Self::Field(other)) => one.key == other.key,
            (Self::Renamed { old: one, .. }, Self::Renamed { old: other, .. }) => one == other,
            (Self::KeyPath { message: one, .. }, Self::KeyPath { message: other, .. }) => one == other,
            (Self::Answer { message: one, .. }, Self::Answer { message: other, .. }) => one == other,
            _ => false,
        };
        says_the_same_of && self != other
    }
}

impl Lock {
    /// The facts about a subject.
    pub(super) fn facts(&self, section: Section, name: &str) -> Option<&BTreeSet<Fact>> {
        let name = name.to_owned();
        self.subjects.get(&Title { section, name })
    }
}
