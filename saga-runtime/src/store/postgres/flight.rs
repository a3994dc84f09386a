//! Units on their way to the server: as columns, so that a whole batch is one statement.

use tokio_postgres::types::ToSql;

use super::{column::Column, join};
use crate::{
    dead_letter::DeadLetter,
    hash::HashSet,
    store::{
        Change, InboxEntry, InstanceChange, InstanceId, InstanceRow, NewMessage, Outcome, Park, Seq,
        Tombstone, Unit,
        row::{RowError, codec_code, wait_code, write_head, write_history, write_letter},
    },
};

macro_rules! columns {
    ($(#[$about:meta])* $name:ident { $($column:ident)* }) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub(super) struct $name {
            $(pub(super) $column: Column,)*
        }

        impl $name {
            /// In the order of the function's parameters.
            pub(super) fn parameters(&self) -> impl Iterator<Item = &Column> {
                [$(&self.$column,)*].into_iter()
            }
        }
    };
}

columns! {
    /// Instances that begin.
    Starts {
        unit saga key incarnation version due created updated saga_version content state parked book data
    }
}

columns! {
    /// Instances that change.
    Steps {
        unit saga key expect incarnation version due created updated saga_version content state parked book data
    }
}

columns! {
    /// Instances that finish.
    Ends { unit saga key expect incarnation created at book }
}

columns! {
    /// Instances that are only looked at.
    Looks { unit saga key expect }
}

columns! {
    /// Ids to record.
    Inbox { unit id consumer }
}

columns! {
    /// Message rows that are finished.
    Gone { unit seq }
}

columns! {
    /// Message rows that go back to waiting.
    Parks { unit seq wait due attempts crashes history saga key keep }
}

columns! {
    /// New message rows.
    Out { unit seq claimed wait due attempts queue consumer name version reader saga key history head body }
}

columns! {
    /// Dead letters.
    Dead { unit name queue reason letters }
}

/// A batch of units as the columns of `commit_1`.
#[derive(Debug, Default)]
pub(super) struct Flight {
    pub(super) starts: Starts,
    pub(super) steps: Steps,
    pub(super) ends: Ends,
    pub(super) looks: Looks,
    pub(super) inbox: Inbox,
    pub(super) gone: Gone,
    pub(super) parks: Parks,
    pub(super) out: Out,
    pub(super) dead: Dead,
    scratch: Vec<u8>,
}

impl Flight {
    /// All columns, in the order of the function's parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &(dyn ToSql + Sync)> {
        let each = self.starts.parameters().chain(self.steps.parameters());
        let each = each.chain(self.ends.parameters()).chain(self.looks.parameters());
        let each = each.chain(self.inbox.parameters()).chain(self.gone.parameters());
        let each = each.chain(self.parks.parameters()).chain(self.out.parameters());
        each.chain(self.dead.parameters())
            .map(|column| column as &(dyn ToSql + Sync))
    }

    /// Gathers units, each with the number of its first new row.
    pub(super) fn of(units: &[(&Unit, Seq)]) -> Result<Self, RowError> {
        let mut flight = Self::default();
        // Rows are locked in one order by all, so that two flights never wait for each other in a circle.
        let mut by_instance: Vec<(i32, &InstanceChange)> = Vec::new();
        let mut by_id: Vec<(i32, &InboxEntry)> = Vec::new();
        let mut by_seq: Vec<(i32, Seq)> = Vec::new();
        let mut parks: Vec<(i32, &Park)> = Vec::new();
        for (n, (unit, first)) in (0..).zip(units) {
            by_instance.extend(unit.instance.iter().map(|change| (n, change)));
            by_id.extend(unit.inbox.iter().map(|entry| (n, entry)));
            by_seq.extend(unit.consumed.iter().map(|seq| (n, *seq)));
            parks.extend(unit.park.iter().map(|park| (n, park)));
            for (seq, message) in (*first..).zip(&unit.out) {
                flight.add_message(n, seq, message)?;
            }
            for letter in &unit.dead {
                flight.add_letter(n, letter)?;
            }
        }
        by_instance.sort_unstable_by_key(|(_, change)| (&change.id.saga, &change.id.key));
        by_id.sort_unstable_by_key(|(_, entry)| (entry.id, &entry.consumer));
        by_id.dedup_by_key(|(n, entry)| (*n, *entry));
        by_seq.sort_unstable_by_key(|(_, seq)| *seq);
        by_seq.dedup();
        parks.sort_unstable_by_key(|(_, park)| park.seq);
        for (n, change) in by_instance {
            flight.add_change(n, change);
        }
        for (n, entry) in by_id {
            flight.inbox.unit.int(n);
            flight.inbox.id.uuid(entry.id.0);
            flight.inbox.consumer.text(&entry.consumer);
        }
        for (n, seq) in by_seq {
            flight.gone.unit.int(n);
            flight.gone.seq.long(seq);
        }
        for (n, park) in parks {
            flight.add_park(n, park)?;
        }
        Ok(flight)
    }

    fn add_change(&mut self, n: i32, change: &InstanceChange) {
        match (change.expect, &change.change) {
            (None, Change::Put(row)) => self.add_start(n, &change.id, row),
            (None, Change::Finish(tombstone)) => {
                // Begun and ended in one step: the row that begins it is the gate, and is gone again at once.
                self.add_start(n, &change.id, &stub(tombstone));
                self.add_end(n, &change.id, 0, tombstone);
            }
            (Some(expect), Change::Put(row)) => self.add_step(n, &change.id, expect, row),
            (Some(expect), Change::Finish(tombstone)) => self.add_end(n, &change.id, expect, tombstone),
            (expect, Change::Keep) => {
                let looks = &mut self.looks;
                looks.unit.int(n);
                looks.saga.text(&change.id.saga);
                looks.key.text(&change.id.key);
                looks
                    .expect
                    .option(expect, |column, version| column.long(version.cast_signed()));
            }
        }
    }

    fn add_start(&mut self, n: i32, id: &InstanceId, row: &InstanceRow) {
        let starts = &mut self.starts;
        starts.unit.int(n);
        starts.saga.text(&id.saga);
        starts.key.text(&id.key);
        starts.incarnation.long(row.incarnation.cast_signed());
        starts.version.long(row.version.cast_signed());
        starts.due.due(row.due);
        starts.created.time(row.created_at);
        starts.updated.time(row.updated_at);
        starts.saga_version.int(row.saga_version.cast_signed());
        starts.content.short(codec_number(row));
        starts.state.text(&row.state);
        starts.parked.option(row.parked.as_deref(), Column::text);
        starts.book.bytes(&row.book);
        starts.data.bytes(&row.data);
    }

    fn add_step(&mut self, n: i32, id: &InstanceId, expect: u64, row: &InstanceRow) {
        let steps = &mut self.steps;
        steps.unit.int(n);
        steps.saga.text(&id.saga);
        steps.key.text(&id.key);
        steps.expect.long(expect.cast_signed());
        steps.incarnation.long(row.incarnation.cast_signed());
        steps.version.long(row.version.cast_signed());
        steps.due.due(row.due);
        steps.created.time(row.created_at);
        steps.updated.time(row.updated_at);
        steps.saga_version.int(row.saga_version.cast_signed());
        steps.content.short(codec_number(row));
        steps.state.text(&row.state);
        steps.parked.option(row.parked.as_deref(), Column::text);
        steps.book.bytes(&row.book);
        steps.data.bytes(&row.data);
    }

    fn add_end(&mut self, n: i32, id: &InstanceId, expect: u64, tombstone: &Tombstone) {
        let ends = &mut self.ends;
        ends.unit.int(n);
        ends.saga.text(&id.saga);
        ends.key.text(&id.key);
        ends.expect.long(expect.cast_signed());
        ends.incarnation.long(tombstone.incarnation.cast_signed());
        ends.created.time(tombstone.created_at);
        ends.at.time(tombstone.finished_at);
        ends.book.bytes(&tombstone.book);
    }

    fn add_park(&mut self, n: i32, park: &Park) -> Result<(), RowError> {
        let parks = &mut self.parks;
        let history = write_history(&park.history)?;
        let awaited = park.instance.as_ref().filter(|_| park.due.is_some());
        parks.unit.int(n);
        parks.seq.long(park.seq);
        parks.wait.short(wait_number(park.wait));
        parks.due.due(park.due);
        parks.attempts.int(park.attempts.cast_signed());
        parks.crashes.int(park.crashes.cast_signed());
        parks.history.option(history.as_deref(), Column::bytes);
        parks.saga.option(awaited, |column, id| column.text(&id.saga));
        parks.key.option(awaited, |column, id| column.text(&id.key));
        parks.keep.bool(park.keep);
        Ok(())
    }

    fn add_message(&mut self, n: i32, seq: Seq, message: &NewMessage) -> Result<(), RowError> {
        write_head(&message.envelope, &mut self.scratch)?;
        let out = &mut self.out;
        let history = write_history(&message.history)?;
        let reader = message
            .envelope
            .to
            .as_ref()
            .filter(|_| message.consumer.is_none());
        let awaited = message.instance.as_ref().filter(|_| message.due.is_some());
        out.unit.int(n);
        out.seq.long(seq);
        out.claimed.bool(message.claimed);
        out.wait.short(wait_number(message.wait));
        out.due.due(message.due);
        out.attempts.int(message.attempts.cast_signed());
        out.queue.text(&message.queue);
        out.consumer.text(message.consumer.as_deref().unwrap_or(""));
        out.name.text(&message.envelope.name);
        out.version.int(message.envelope.version.cast_signed());
        out.reader.option(reader, |column, to| column.text(&to.saga));
        out.saga.option(awaited, |column, id| column.text(&id.saga));
        out.key.option(awaited, |column, id| column.text(&id.key));
        out.history.option(history.as_deref(), Column::bytes);
        out.head.bytes(&self.scratch);
        out.body.bytes(&message.envelope.body);
        Ok(())
    }

    fn add_letter(&mut self, n: i32, letter: &DeadLetter) -> Result<(), RowError> {
        let dead = &mut self.dead;
        dead.unit.int(n);
        // What is searched by may not hold NUL; the letter itself is kept as it is.
        dead.name.option(letter.message.name(), |column, name| {
            column.text(&name.replace('\0', "\u{fffd}"));
        });
        dead.queue.text(&letter.queue.replace('\0', "\u{fffd}"));
        dead.reason.text(&letter.reason.to_string());
        dead.letters.bytes(&write_letter(letter)?);
        Ok(())
    }
}

fn wait_number(wait: crate::store::Wait) -> i16 {
    // One of five.
    i16::try_from(wait_code(wait)).unwrap_or_default()
}

fn codec_number(row: &InstanceRow) -> i16 {
    // One of two.
    i16::try_from(codec_code(row.content_type)).unwrap_or_default()
}

/// An instance that is there for the length of one transaction.
fn stub(tombstone: &Tombstone) -> InstanceRow {
    InstanceRow {
        id: tombstone.id.clone(),
        incarnation: tombstone.incarnation,
        version: 0,
        state: "".into(),
        saga_version: 0,
        content_type: crate::codec::Codec::Json,
        data: bytes::Bytes::new(),
        book: bytes::Bytes::new(),
        due: None,
        parked: None,
        created_at: tombstone.created_at,
        updated_at: tombstone.finished_at,
    }
}

/// Why the server would refuse a unit, if it would: its texts may hold any character but NUL.
pub(super) fn refusal(unit: &Unit) -> Option<Outcome> {
    if let Some(refused) = join::refusal(unit) {
        return Some(refused);
    }
    let instance = unit.instance.iter().flat_map(|change| {
        let row = match &change.change {
            Change::Put(row) => Some(row),
            _ => None,
        };
        let parked = row.and_then(|row| row.parked.as_deref());
        [
            ("the saga", Some(&*change.id.saga)),
            ("the state", row.map(|row| &*row.state)),
            ("the reason for being parked", parked),
        ]
    });
    let out = unit.out.iter().flat_map(|message| {
        [
            ("the queue", Some(&*message.queue)),
            ("the consumer", message.consumer.as_deref()),
            ("the message's name", Some(&*message.envelope.name)),
            (
                "the saga it is for",
                message.envelope.to.as_ref().map(|to| &*to.saga),
            ),
        ]
    });
    let awaited = unit
        .park
        .iter()
        .filter_map(|park| park.instance.as_ref())
        .chain(unit.out.iter().filter_map(|message| message.instance.as_ref()))
        .map(|id| ("the saga waited for", Some(&*id.saga)));
    let inbox = unit
        .inbox
        .iter()
        .map(|entry| ("the consumer", Some(&*entry.consumer)));
    instance
        .chain(out)
        .chain(awaited)
        .chain(inbox)
        .find(|(_, text)| text.is_some_and(|text| text.as_bytes().contains(&0)))
        .map(|(what, text)| {
            Outcome::Rejected(format!(
                "PostgreSQL keeps no text with a NUL character, and {what} {:?} has one",
                text.unwrap_or_default()
            ))
        })
}

/// What the units of one flight rest on. No two may touch the same: the second rests on what the first did.
#[derive(Debug, Default)]
pub(super) struct Touched<'u> {
    instances: HashSet<&'u InstanceId>,
    ids: HashSet<&'u InboxEntry>,
    seqs: HashSet<Seq>,
}

impl<'u> Touched<'u> {
    /// Whether a unit touches nothing that another one does; from now on it is one of those.
    pub(super) fn admits(&mut self, unit: &'u Unit) -> bool {
        let seqs = || {
            unit.consumed
                .iter()
                .copied()
                .chain(unit.park.iter().map(|park| park.seq))
        };
        let free = unit
            .instance
            .as_ref()
            .is_none_or(|change| !self.instances.contains(&change.id))
            && unit.inbox.iter().all(|entry| !self.ids.contains(entry))
            && seqs().all(|seq| !self.seqs.contains(&seq));
        // One that has to wait makes those wait that touch the same.
        self.instances
            .extend(unit.instance.iter().map(|change| &change.id));
        self.ids.extend(&unit.inbox);
        self.seqs.extend(seqs());
        free
    }
}
