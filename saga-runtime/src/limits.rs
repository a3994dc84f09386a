//! The bound of everything that can grow.

use std::time::Duration;

/// The bounds a bus keeps. The defaults suit a service of moderate size.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest message body, in bytes: 4 MiB.
    pub body_bytes: usize,
    /// The largest sum of header names and values, in bytes: 64 KiB.
    pub header_bytes: usize,
    /// The most messages a node holds claimed in memory: 4,096.
    pub prefetch: usize,
    /// The most body bytes a node holds claimed in memory: 64 MiB.
    pub prefetch_bytes: usize,
    /// The most messages in one batch: 256.
    pub batch: usize,
    /// The most messages one instance handles in one unit: 64.
    pub chain: usize,
    /// The most messages an instance defers: 64.
    pub deferred: usize,
    /// The most senders that wait for one answer of an instance: 64.
    pub waiting: usize,
    /// The most completed steps whose reply an instance keeps for its undo: 256.
    pub steps: usize,
    /// How long duplicates are recognised, tombstones and answers kept: 24 h.
    pub retention: Duration,
    /// How long a message waits for its instance to come to be: 60 s.
    pub absent_wait: Duration,
    /// How long a message waits for a build that knows its type: 10 min.
    pub unknown_wait: Duration,
    /// How long a compensation awaits the answer to one step before it parks: 1 h.
    pub compensation_wait: Duration,
    /// How many crashes within the first quarter of a second with the same message alone in hand make it a dead letter:
    /// 10, so that somebody who kills the process again and again blames no innocent message. Timers count as messages.
    pub crashes: u32,
    /// The most finished instances, and the most inbox entries, the in-memory store remembers: 65,536 (databases keep
    /// all within the retention).
    pub memory_tombstones: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 4 << 20,
            header_bytes: 64 << 10,
            prefetch: 4_096,
            prefetch_bytes: 64 << 20,
            batch: 256,
            chain: 64,
            deferred: 64,
            waiting: 64,
            steps: 256,
            retention: Duration::from_secs(24 * 3_600),
            absent_wait: Duration::from_secs(60),
            unknown_wait: Duration::from_secs(600),
            compensation_wait: Duration::from_secs(3_600),
            crashes: 10,
            memory_tombstones: 65_536,
        }
    }
}
