//! What can be read off a scenario: its instance, its timers, its story.

use std::{fmt, time::Duration};

use jiff::Timestamp;

use super::{Scenario, spoken};
use crate::{
    engine::book::Book,
    envelope::{InstanceAddress, MessageId},
    saga::Saga,
    store::Found,
};

/// A timer that is armed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The name of its handler; `"compensate"` for the wait for an undo.
    pub handler: String,
    /// When it fires.
    pub due: Timestamp,
    /// How long that is from now.
    pub within: Duration,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", self.handler, spoken(self.within))
    }
}

impl<S: Saga> Scenario<S> {
    /// The stored name of the state it is in; `"end"` once it has finished, `"absent"` before it has started.
    pub fn state(&self) -> &str {
        match &self.found {
            Found::Absent => "absent",
            Found::Live(row) => &row.state,
            Found::Finished(_) => "end",
        }
    }

    pub(super) fn state_name(&self) -> String {
        self.state().to_owned()
    }

    /// The saga's data, as it is stored.
    ///
    /// # Panics
    /// If there is no live instance, or its data cannot be read again.
    #[track_caller]
    pub fn data(&self) -> S {
        let Found::Live(row) = &self.found else {
            self.fail("the saga's data", "a live instance", self.state());
        };
        match row.content_type.decode(S::DEFINITION.name, &row.data) {
            Ok(data) => data,
            Err(error) => self.fail("the saga's data", "data that can be read", &error.to_string()),
        }
    }

    /// The timers that are armed, the next one first.
    pub fn timers(&self) -> Vec<Timer> {
        let mut armed = self.book().timers;
        armed.retain(|armed| !armed.fired);
        armed.sort_by_key(|armed| (armed.due, armed.number));
        let timers = armed.into_iter().map(|armed| Timer {
            handler: armed.handler.to_string(),
            due: armed.due,
            within: Duration::try_from(armed.due.duration_since(self.now)).unwrap_or_default(),
        });
        timers.collect()
    }

    /// The time it is.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What happened so far, a line each.
    pub fn story(&self) -> String {
        self.chart.text()
    }

    /// What happened so far, as a Mermaid sequence diagram.
    pub fn mermaid(&self) -> String {
        self.chart.mermaid()
    }

    /// What the engine notes on the instance; nothing where there is none.
    pub(super) fn book(&self) -> Book {
        let bytes = match &self.found {
            Found::Absent => return Book::default(),
            Found::Live(row) => &row.book,
            Found::Finished(tombstone) => &tombstone.book,
        };
        Book::read(bytes).unwrap_or_default()
    }

    pub(super) fn open_requests(&self) -> Vec<MessageId> {
        let book = self.book();
        let undoing = book.undoing.into_iter().filter_map(|undoing| undoing.running);
        let undos = undoing.flat_map(|running| running.requests).map(|undo| undo.open);
        book.open.into_iter().chain(undos).map(|open| open.id).collect()
    }

    pub(super) fn address(&self) -> Option<InstanceAddress> {
        let (id, incarnation) = match &self.found {
            Found::Absent => return None,
            Found::Live(row) => (&row.id, row.incarnation),
            Found::Finished(tombstone) => (&tombstone.id, tombstone.incarnation),
        };
        Some(InstanceAddress {
            saga: id.saga.clone(),
            key: id.key.clone(),
            incarnation,
        })
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let timer = self.timers().first().map(|timer| timer.due);
        let waits = self.waiting.iter().map(|(_, until)| *until);
        timer.into_iter().chain(waits).min()
    }
}
