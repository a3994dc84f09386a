//! What was written a moment ago, most of which is gone a moment later: messages born claimed, and instances from
//! their start until they end or stay.
//!
//! ```text
//! commit ──records──▶ one row of `journal`, and the same in memory
//!                        │ the next commits: consumed, advanced, finished ──▶ records again, no row is looked for
//!                        └ what stays ──settle──▶ a row of its own in `message` or `instance`; the journal is emptied
//! ```
//!
//! So a message that is handled at once costs no row, and an instance none until it ends. Memory and tables never hold
//! the same thing: what has settled is changed in its table from then on. Settling is done when the journal has grown
//! long, when somebody looks at the tables, and at the start for what a dead process left.

use std::{collections::BTreeSet, sync::Arc};

use rusqlite::{Connection, Result};

use super::journal::{Record, Records};
use crate::{
    hash::HashMap,
    store::{
        InstanceId, InstanceRow, NewMessage, Seq, Wait,
        row::{micros, micros_up, time},
    },
};

/// A journal of so many bytes is settled before it grows.
#[cfg(not(test))]
const LONG: usize = 2 << 20;
#[cfg(test)]
const LONG: usize = 16 << 10;

/// Records are written out when they reach this, so that no row is longer by more than one record.
const ROW: usize = 4 << 20;

/// See the [module](self). Changes can be taken back until they are kept.
#[derive(Debug, Default)]
pub(super) struct Young {
    held: Holding,
    /// In the file's journal.
    journaled: usize,
    /// Of the transaction under way, not yet in the journal.
    records: Records,
    /// Of the transaction under way, in the journal.
    written: usize,
    undo: Vec<Undo>,
    /// What was held, and how long the journal was, before the transaction under way settled it.
    settled: Option<(Arc<Holding>, usize)>,
}

/// All that is young.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    messages: HashMap<Seq, YoungMessage>,
    instances: HashMap<InstanceId, YoungInstance>,
    timers: BTreeSet<(i64, InstanceId)>,
    started: u64,
}

#[derive(Clone, Debug)]
pub(super) struct YoungMessage {
    pub(super) message: NewMessage,
    pub(super) accepted_at: i64,
}

#[derive(Clone, Debug)]
pub(super) struct YoungInstance {
    pub(super) row: InstanceRow,
    /// Of its key, in the key index.
    pub(super) hash: i64,
    /// Counts those that started since the journal was last settled.
    order: u64,
}

#[derive(Debug)]
enum Undo {
    Message(Seq, Option<YoungMessage>),
    Instance(InstanceId, Option<YoungInstance>),
}

impl Young {
    /// Reads back what the journal of a dead process holds, and the highest message number in it.
    pub(super) fn load(connection: &Connection, hash: impl Fn(&InstanceId) -> i64) -> Result<(Self, Seq)> {
        let mut young = Self::default();
        let mut last = 0;
        let mut rows = connection.prepare("SELECT records FROM journal ORDER BY n")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let mut records = row.get_ref(0)?.as_blob()?;
            young.journaled += records.len();
            while !records.is_empty() {
                match Record::read(&mut records)? {
                    Record::Born(born) => {
                        last = last.max(born.seq);
                        young.held.messages.insert(born.seq, born.into_young()?);
                    }
                    Record::Gone(seq) => drop(young.held.messages.remove(&seq)),
                    Record::Put(put) => {
                        let row = put.into_row();
                        let order = young.held.order_of(&row.id);
                        let hash = hash(&row.id);
                        young
                            .held
                            .put(row.id.clone(), Some(YoungInstance { row, hash, order }));
                    }
                    Record::Ended(id) => drop(young.held.put(id, None)),
                }
            }
        }
        Ok((young, last))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.journaled == 0
    }

    /// Whether it should be settled before more is added.
    pub(super) fn is_long(&self) -> bool {
        self.journaled >= LONG
    }

    /// Whether a new message may expect to be gone in a moment.
    pub(super) fn suits(message: &NewMessage) -> bool {
        message.claimed
            && message.due.is_none()
            && message.instance.is_none()
            && matches!(message.wait, Wait::Ready | Wait::Relay)
    }

    /// Takes in a message that this process holds.
    pub(super) fn bear(&mut self, seq: Seq, message: &NewMessage, accepted_at: i64) -> Result<()> {
        let young = YoungMessage {
            message: message.clone(),
            accepted_at,
        };
        self.records.born(seq, &young)?;
        self.set_message(seq, Some(young));
        Ok(())
    }

    /// Lets a message go, if it is young.
    pub(super) fn release(&mut self, seq: Seq) -> Result<Option<YoungMessage>> {
        let Some(young) = self.held.messages.get(&seq).cloned() else {
            return Ok(None);
        };
        self.records.gone(seq)?;
        self.set_message(seq, None);
        Ok(Some(young))
    }

    pub(super) fn instance(&self, id: &InstanceId) -> Option<&InstanceRow> {
        self.held.instances.get(id).map(|young| &young.row)
    }

    /// Takes in an instance that starts.
    pub(super) fn start(&mut self, hash: i64, row: &InstanceRow) -> Result<()> {
        let order = self.held.order_of(&row.id);
        self.put(hash, order, row)
    }

    /// Takes in what becomes of an instance that is young.
    pub(super) fn advance(&mut self, row: &InstanceRow) -> Result<()> {
        match self.held.instances.get(&row.id) {
            Some(&YoungInstance { hash, order, .. }) => self.put(hash, order, row),
            None => Ok(()),
        }
    }

    /// Forgets an instance that has ended; the hash of its key, if it was young.
    pub(super) fn end(&mut self, id: &InstanceId) -> Result<Option<i64>> {
        let Some(hash) = self.held.instances.get(id).map(|young| young.hash) else {
            return Ok(None);
        };
        self.records.ended(id)?;
        self.set_instance(id.clone(), None);
        Ok(Some(hash))
    }

    fn put(&mut self, hash: i64, order: u64, row: &InstanceRow) -> Result<()> {
        self.records.put(row)?;
        let row = InstanceRow {
            due: row.due.map(|due| time(micros_up(due))),
            created_at: time(micros(row.created_at)),
            updated_at: time(micros(row.updated_at)),
            ..row.clone()
        };
        self.set_instance(row.id.clone(), Some(YoungInstance { row, hash, order }));
        Ok(())
    }

    /// The young instances with a timer, the one due first before the others.
    pub(super) fn timers(&self) -> impl Iterator<Item = &InstanceRow> {
        let timers = self.held.timers.iter();
        timers.filter_map(|(_, id)| self.instance(id))
    }

    /// Records that are to be written into the journal now: all there are, or only when they fill a row.
    pub(super) fn records(&self, all: bool) -> Option<&[u8]> {
        let bytes = self.records.bytes();
        let ready = bytes.len() >= ROW || (all && !bytes.is_empty());
        ready.then_some(bytes)
    }

    /// They were.
    pub(super) fn recorded(&mut self) {
        self.journaled += self.records.bytes().len();
        self.written += self.records.bytes().len();
        self.records.clear();
    }

    /// Hands over all that is held, to be written into the tables in this transaction, which empties the journal.
    pub(super) fn settle(&mut self) -> Arc<Holding> {
        let held = Arc::new(std::mem::take(&mut self.held));
        self.settled = Some((Arc::clone(&held), self.journaled));
        self.journaled = 0;
        held
    }

    fn set_message(&mut self, seq: Seq, message: Option<YoungMessage>) {
        let before = match message {
            Some(message) => self.held.messages.insert(seq, message),
            None => self.held.messages.remove(&seq),
        };
        self.undo.push(Undo::Message(seq, before));
    }

    fn set_instance(&mut self, id: InstanceId, instance: Option<YoungInstance>) {
        let before = self.held.put(id.clone(), instance);
        self.undo.push(Undo::Instance(id, before));
    }

    /// The transaction was committed.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
        self.written = 0;
        self.settled = None;
    }

    /// The transaction was rolled back.
    pub(super) fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Message(seq, Some(before)) => drop(self.held.messages.insert(seq, before)),
                Undo::Message(seq, None) => drop(self.held.messages.remove(&seq)),
                Undo::Instance(id, before) => drop(self.held.put(id, before)),
            }
        }
        self.records.clear();
        self.journaled -= self.written;
        self.written = 0;
        if let Some((held, journaled)) = self.settled.take() {
            self.held = Arc::unwrap_or_clone(held);
            self.journaled = journaled;
        }
    }
}

impl Holding {
    fn order_of(&mut self, id: &InstanceId) -> u64 {
        if let Some(young) = self.instances.get(id) {
            return young.order;
        }
        self.started += 1;
        self.started
    }

    /// Puts in or takes out an instance and its timer; what was there.
    fn put(&mut self, id: InstanceId, instance: Option<YoungInstance>) -> Option<YoungInstance> {
        let due = |young: &YoungInstance| young.row.due.map(micros);
        let new = instance.as_ref().and_then(due);
        let before = match instance {
            Some(instance) => self.instances.insert(id.clone(), instance),
            None => self.instances.remove(&id),
        };
        let old = before.as_ref().and_then(due);
        if old != new {
            if let Some(old) = old {
                self.timers.remove(&(old, id.clone()));
            }
            if let Some(new) = new {
                self.timers.insert((new, id));
            }
        }
        before
    }

    /// In the order of their numbers.
    pub(super) fn messages(&self) -> Vec<(Seq, &YoungMessage)> {
        let mut messages: Vec<_> = self.messages.iter().map(|(seq, young)| (*seq, young)).collect();
        messages.sort_unstable_by_key(|(seq, _)| *seq);
        messages
    }

    /// In the order in which they started.
    pub(super) fn instances(&self) -> Vec<&YoungInstance> {
        let mut instances: Vec<_> = self.instances.values().collect();
        instances.sort_unstable_by_key(|young| young.order);
        instances
    }
}
