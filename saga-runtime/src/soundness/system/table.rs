//! Who sends and who takes each message of a system, gathered once and read by every rule.

use super::crowd::Crowd;
use crate::{
    message::{Form, MessageInfo, MessageKind},
    soundness::messages::{hash, same},
    system::{Part, System},
};

/// The most sagas and services of one system.
pub const PARTS: usize = 128;
/// The most distinct messages of one system, replies included.
pub const MESSAGES: usize = 4096;

const BUCKETS: usize = MESSAGES * 2;

/// Everything the rules ask of one system.
pub struct Table {
    pub(super) name: &'static str,
    pub(super) parts: &'static [Part],
    pub(super) accepts: &'static [&'static MessageInfo],
    remote: &'static [&'static str],
    pub(super) rows: [Row; MESSAGES],
    pub(super) count: usize,
    /// Open addressing by name; the row plus one, 0 where empty.
    buckets: [u16; BUCKETS],
    /// A part has mistakes of its own, so that what it sends and takes is not known.
    pub(super) incomplete: bool,
    /// What the system has too much of; then the rules are silent, and `limits` says so.
    pub(super) excess: Option<&'static str>,
}

/// One message.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) message: &'static MessageInfo,
    /// The parts that send or publish it.
    pub(super) senders: Crowd,
    /// The parts that take it.
    pub(super) takers: Crowd,
    /// It comes from outside.
    pub(super) accepted: bool,
    /// More than one saga may send it.
    pub(super) shared: bool,
    /// Another type of the same name, and who named it first.
    pub(super) other: Option<(&'static MessageInfo, Place)>,
}

/// Where a message is named.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// In a part, by number.
    Part(usize),
    /// In `accepts(..)`, by number.
    Accepted(usize),
    /// In `shared(..)`.
    Shared,
}

const NO_MESSAGE: &MessageInfo = &MessageInfo {
    name: "",
    declared: "",
    version: 0,
    kind: MessageKind::Event,
    endpoint: None,
    replies: &[],
    external: false,
    outsiders: false,
    fields: &[],
    form: Form::Unit,
    upgrades: &[],
};

impl Row {
    const fn new(message: &'static MessageInfo) -> Self {
        Self {
            message,
            senders: Crowd::NOBODY,
            takers: Crowd::NOBODY,
            accepted: false,
            shared: false,
            other: None,
        }
    }

    pub(super) const fn is(&self, kind: MessageKind) -> bool {
        self.message.kind as u8 == kind as u8
    }
}

impl Table {
    /// Gathers what the parts of a system say.
    pub const fn of<S: System>() -> Self {
        let mut table = Self::empty::<S>();
        if S::PARTS.len() > PARTS {
            table.excess = Some("sagas and services");
            return table;
        }
        let mut part = 0;
        while part < S::PARTS.len() {
            table.add_part(part);
            part += 1;
        }
        let mut accepted = 0;
        while accepted < S::ACCEPTS.len() {
            let row = table.meet(S::ACCEPTS[accepted], Place::Accepted(accepted));
            table.rows[row].accepted = true;
            accepted += 1;
        }
        let mut shared = 0;
        while shared < S::SHARED.len() {
            let row = table.meet(S::SHARED[shared], Place::Shared);
            table.rows[row].shared = true;
            shared += 1;
        }
        table
    }

    const fn empty<S: System>() -> Self {
        Self {
            name: S::NAME,
            parts: S::PARTS,
            accepts: S::ACCEPTS,
            remote: S::REMOTE,
            rows: [Row::new(NO_MESSAGE); MESSAGES],
            count: 0,
            buckets: [0; BUCKETS],
            incomplete: false,
            excess: None,
        }
    }

    /// The row of a message, given out where it is new, together with those of its replies.
    pub(super) const fn meet(&mut self, message: &'static MessageInfo, place: Place) -> usize {
        let bucket = self.bucket(message.name);
        if self.buckets[bucket] != 0 {
            let row = self.buckets[bucket] as usize - 1;
            if self.rows[row].other.is_none() && !is_one_type(self.rows[row].message, message) {
                self.rows[row].other = Some((message, place));
            }
            return row;
        }
        if self.count == MESSAGES {
            self.excess = Some("messages");
            return 0;
        }
        let row = self.count;
        self.rows[row] = Row::new(message);
        self.count += 1;
        self.buckets[bucket] = self.count as u16;
        let mut reply = 0;
        while reply < message.replies.len() {
            self.meet(message.replies[reply].message, place);
            reply += 1;
        }
        row
    }

    pub(super) const fn row(&self, message: &MessageInfo) -> &Row {
        &self.rows[match self.buckets[self.bucket(message.name)] {
            0 => 0,
            row => row as usize - 1,
        }]
    }

    /// Where a name is kept, or would be.
    const fn bucket(&self, name: &str) -> usize {
        let mut bucket = hash(name) as usize % BUCKETS;
        while self.buckets[bucket] != 0 {
            let row = self.buckets[bucket] as usize - 1;
            if same(self.rows[row].message.name, name) {
                break;
            }
            bucket = (bucket + 1) % BUCKETS;
        }
        bucket
    }

    /// Whether somebody serves the endpoint elsewhere.
    pub(super) const fn is_remote(&self, endpoint: &str) -> bool {
        let mut at = 0;
        while at < self.remote.len() {
            if same(self.remote[at], endpoint) {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// Whether two descriptions are of one type: a crate linked in two versions makes two types of one path.
const fn is_one_type(one: &MessageInfo, other: &MessageInfo) -> bool {
    same(one.declared, other.declared)
        && one.version == other.version
        && one.kind as u8 == other.kind as u8
        && have_same_fields(one, other)
}

pub(super) const fn have_same_fields(one: &MessageInfo, other: &MessageInfo) -> bool {
    if one.fields.len() != other.fields.len() {
        return false;
    }
    let mut field = 0;
    while field < one.fields.len() {
        let (a, b) = (&one.fields[field], &other.fields[field]);
        if !same(a.name, b.name) || !same(a.ty, b.ty) {
            return false;
        }
        field += 1;
    }
    true
}
