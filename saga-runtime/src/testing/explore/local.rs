//! The states an instance was found in, each kept once.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    canonical::{Shape, hash_of},
    history::History,
    ledger::Ledger,
};
use crate::{
    Error,
    engine::book::Book,
    envelope::MessageId,
    hash::HashMap,
    store::{Found, InstanceId},
};

/// Which state an instance is in: an index into [`Locals`].
pub(super) type LocalId = u32;
/// Which instance: an index into [`Locals`] too.
pub(in crate::testing) type InstanceIndex = u16;

/// An instance at one point of its process, with what must be remembered of how it came there.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) instance: InstanceIndex,
    pub(super) found: Found,
    /// The time it is there: time passes for an instance when it is told of it, by a timer or by a message.
    pub(super) clock: Timestamp,
    pub(super) history: Arc<History>,
    pub(super) ledger: Ledger,
    /// Which `eventually` properties have held.
    pub(super) held: u64,
    /// How often a person had its compensation go on.
    pub(super) retried: u8,
}

impl PartialEq for Local {
    fn eq(&self, other: &Self) -> bool {
        (self.instance, self.clock, self.held, self.retried)
            == (other.instance, other.clock, other.held, other.retried)
            && self.found == other.found
            && self.history == other.history
            && self.ledger == other.ledger
    }
}

impl Eq for Local {}

impl Hash for Local {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (
            self.instance,
            self.clock.as_microsecond(),
            self.held,
            self.retried,
        )
            .hash(state);
        self.history.hash(state);
        match &self.found {
            Found::Absent => 0_u8.hash(state),
            Found::Live(row) => (1_u8, &row.state, &row.data, &row.book, row.version).hash(state),
            Found::Finished(tombstone) => (2_u8, &tombstone.book).hash(state),
        }
    }
}

/// How an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Absent,
    Live,
    Parked,
    Finished,
}

/// A state of an instance, with all that is asked of it again and again.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) local: Arc<Local>,
    pub(super) standing: Standing,
    /// Without its ids and its place in time.
    pub(super) shape: u64,
    pub(super) ids: Vec<MessageId>,
    /// When its next timer is due.
    pub(super) due: Option<Timestamp>,
}

/// Every state of every instance that was found.
#[derive(Default)]
pub(super) struct Locals {
    pub(super) instances: Vec<InstanceId>,
    absent: Vec<LocalId>,
    known: Vec<Known>,
    numbers: HashMap<Arc<Local>, LocalId>,
}

impl Locals {
    pub(super) fn get(&self, id: LocalId) -> &Known {
        &self.known[id as usize]
    }

    /// The number of an instance, whether it was known or not.
    pub(super) fn instance(&mut self, id: &InstanceId, beginning: Timestamp) -> InstanceIndex {
        if let Some(known) = self.instances.iter().position(|known| known == id) {
            return u16::try_from(known).unwrap_or(u16::MAX);
        }
        let index = u16::try_from(self.instances.len()).unwrap_or(u16::MAX);
        self.instances.push(id.clone());
        let absent = Local {
            instance: index,
            found: Found::Absent,
            clock: beginning,
            history: Arc::default(),
            ledger: Ledger::default(),
            held: 0,
            retried: 0,
        };
        let absent = self.add(absent, &Book::default());
        self.absent.push(absent);
        index
    }

    /// An instance that nothing was heard of.
    pub(super) fn absent(&self, instance: InstanceIndex) -> LocalId {
        self.absent[usize::from(instance)]
    }

    /// The number of a state, whether it was known or not.
    pub(super) fn intern(&mut self, local: Local) -> Result<LocalId, Error> {
        if let Some(&known) = self.numbers.get(&local) {
            return Ok(known);
        }
        let book = match &local.found {
            Found::Absent => Book::default(),
            Found::Live(row) => Book::read(&row.book)?,
            Found::Finished(tombstone) => Book::read(&tombstone.book)?,
        };
        Ok(self.add(local, &book))
    }

    fn add(&mut self, local: Local, book: &Book) -> LocalId {
        let id = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let (standing, due) = match &local.found {
            Found::Absent => (Standing::Absent, None),
            Found::Live(row) if row.parked.is_some() => (Standing::Parked, row.due),
            Found::Live(row) => (Standing::Live, row.due),
            Found::Finished(_) => (Standing::Finished, None),
        };
        let Shape { hash, ids } = Shape::of(&local, book);
        let local = Arc::new(local);
        self.numbers.insert(Arc::clone(&local), id);
        self.known.push(Known {
            local,
            standing,
            shape: hash_of(hash),
            ids,
            due,
        });
        id
    }
}
