//! What a user says must, or must never, be so.

use super::history::{History, Part};
use crate::{
    message::{Command, Event, Message, Reply},
    saga::Saga,
    store::Found,
};

/// One instance of a saga at one moment: its data, its state, and its messages so far.
///
/// Counts of messages go up to 3; what is more is still 3.
pub struct View<'a, S> {
    data: Option<&'a S>,
    state: &'a str,
    history: &'a History,
}

impl<S: Saga> View<'_, S> {
    /// The saga's data; `None` once it has finished.
    pub fn data(&self) -> Option<&S> {
        self.data
    }

    /// The stored name of the state it is in; `"end"` once it has finished.
    pub fn state(&self) -> &str {
        self.state
    }

    /// Whether it is in this state.
    pub fn is_in(&self, state: &str) -> bool {
        self.state == state
    }

    /// How many commands of this type it has sent.
    pub fn sent<C: Command>(&self) -> usize {
        self.history.count(Part::Emitted, C::INFO.name)
    }

    /// How many events of this type it has published.
    pub fn published<E: Event>(&self) -> usize {
        self.history.count(Part::Emitted, E::INFO.name)
    }

    /// How many senders it has answered with this.
    pub fn replied<R: Reply>(&self) -> usize {
        self.history.count(Part::Emitted, R::INFO.name)
    }

    /// How many messages of this type have come to it.
    pub fn received<M: Message>(&self) -> usize {
        self.history.count(Part::Received, M::INFO.name)
    }
}

/// When a property has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Always,
    Never,
    Eventually,
}

/// Asks an instance, as it is stored, and its messages so far.
type Holds = Box<dyn Fn(&Found, &History) -> bool>;

/// Something that a user says of every instance of a saga.
pub(in crate::testing) struct Property {
    pub(super) name: String,
    pub(super) mode: Mode,
    holds: Holds,
}

impl Property {
    pub(super) fn new<S: Saga>(
        name: impl Into<String>,
        mode: Mode,
        holds: impl Fn(&View<'_, S>) -> bool + 'static,
    ) -> Self {
        let holds = move |found: &Found, history: &History| {
            let data: Option<S> = match found {
                Found::Live(row) => row.content_type.decode(S::DEFINITION.name, &row.data).ok(),
                Found::Absent | Found::Finished(_) => None,
            };
            let state = match found {
                Found::Absent => "absent",
                Found::Live(row) => &row.state,
                Found::Finished(_) => "end",
            };
            let data = data.as_ref();
            holds(&View { data, state, history })
        };
        Self {
            name: name.into(),
            mode,
            holds: Box::new(holds),
        }
    }

    pub(super) fn holds(&self, found: &Found, history: &History) -> bool {
        (self.holds)(found, history)
    }

    /// Whether it is broken here and now.
    pub(super) fn is_broken(&self, holds: bool) -> bool {
        match self.mode {
            Mode::Always => !holds,
            Mode::Never => holds,
            Mode::Eventually => false,
        }
    }

    /// In words.
    pub(super) fn said(&self) -> String {
        let mode = match self.mode {
            Mode::Always => "always",
            Mode::Never => "never",
            Mode::Eventually => "eventually",
        };
        format!("{mode} \"{}\"", self.name)
    }
}
