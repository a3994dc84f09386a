//! Messages by number: names are compared once, here, and never again.

use crate::message::MessageInfo;

use super::capacity::MESSAGES;

const BUCKETS: usize = MESSAGES * 4;

/// Every message a definition mentions, numbered in the order met.
pub(super) struct Messages {
    infos: [Option<&'static MessageInfo>; MESSAGES],
    hashes: [u64; MESSAGES],
    /// Open addressing; the number plus one, 0 where empty.
    buckets: [u16; BUCKETS],
    count: usize,
    /// More than [`MESSAGES`] were met.
    pub(super) full: bool,
}

impl Messages {
    pub(super) const fn new() -> Self {
        Self {
            infos: [None; MESSAGES],
            hashes: [0; MESSAGES],
            buckets: [0; BUCKETS],
            count: 0,
            full: false,
        }
    }

    /// The number of a message, given out where it is new.
    pub(super) const fn intern(&mut self, info: &'static MessageInfo) -> usize {
        let hash = hash(info.name);
        let bucket = self.bucket(info.name, hash);
        if self.buckets[bucket] != 0 {
            return self.buckets[bucket] as usize - 1;
        }
        if self.count == MESSAGES {
            self.full = true;
            return 0;
        }
        self.infos[self.count] = Some(info);
        self.hashes[self.count] = hash;
        self.count += 1;
        self.buckets[bucket] = self.count as u16;
        self.count - 1
    }

    /// The number of a message that may never have been met.
    pub(super) const fn find(&self, info: &MessageInfo) -> Option<usize> {
        match self.buckets[self.bucket(info.name, hash(info.name))] {
            0 => None,
            number => Some(number as usize - 1),
        }
    }

    pub(super) const fn info(&self, number: usize) -> &'static MessageInfo {
        match self.infos[number] {
            Some(info) => info,
            None => unreachable!(),
        }
    }

    /// Where a name is kept, or would be.
    const fn bucket(&self, name: &str, hash: u64) -> usize {
        let mut bucket = hash as usize % BUCKETS;
        while self.buckets[bucket] != 0 {
            let number = self.buckets[bucket] as usize - 1;
            if self.hashes[number] == hash && same(self.info(number).name, name) {
                break;
            }
            bucket = (bucket + 1) % BUCKETS;
        }
        bucket
    }
}

/// A number for a name, of its length and its last eight bytes. Const evaluation pays for each step and dearly for a
/// call, so that no function of the standard library is quicker.
pub(super) const fn hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut at = bytes.len();
    let mut hash = at as u64;
    let from = at.saturating_sub(8);
    while at > from {
        at -= 1;
        hash = (hash & MASK) * SPREAD + bytes[at] as u64;
    }
    hash % PRIME
}

/// What is kept of a hash before it is multiplied, so that nothing overflows.
const MASK: u64 = (1 << 48) - 1;
const SPREAD: u64 = 257 * 13;
/// The buckets take the lowest bits, which the last byte alone must not decide.
const PRIME: u64 = 4_294_967_291;

/// Equality of names; `==` is not const.
pub(super) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = a.len();
    if at != b.len() {
        return false;
    }
    while at > 0 {
        at -= 1;
        if a[at] != b[at] {
            return false;
        }
    }
    true
}

/// Whether a command declares this reply.
pub(super) const fn declares(command: &MessageInfo, reply: &MessageInfo) -> bool {
    let mut at = 0;
    while at < command.replies.len() {
        if same(command.replies[at].message.name, reply.name) {
            return true;
        }
        at += 1;
    }
    false
}
