//! Where a message row stands: the column that one partial index goes by.

use crate::store::Wait;

/// Waits until it is due.
pub(super) const WAITING: &str = "wait";

/// Is to be relayed to a broker.
pub(super) const RELAY: &str = "relay";

/// In SQL: where a row stands that nobody holds and that need not wait any longer.
macro_rules! free_place {
    () => {
        "CASE wait WHEN 4 THEN 'relay' ELSE 'ready' || char(31) || queue || char(31) || consumer END"
    };
}
pub(super) use free_place;

/// Where the ready messages of a queue and consumer stand.
pub(super) fn ready(queue: &str, consumer: Option<&str>) -> String {
    format!("ready\u{1f}{queue}\u{1f}{}", consumer.unwrap_or(""))
}

/// Where a row stands that nobody holds.
pub(super) fn free(wait: Wait, due: Option<i64>, queue: &str, consumer: Option<&str>) -> String {
    match (due, wait) {
        (Some(_), _) => WAITING.to_owned(),
        (None, Wait::Relay) => RELAY.to_owned(),
        (None, _) => ready(queue, consumer),
    }
}
