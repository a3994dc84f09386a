//! What is told to the outside while running: trace context and the names of fields.
//!
//! Spans and events carry `message.name`, `message.id`, `saga.name`, `saga.key`, `saga.state`,
//! `service.name`, `attempt`, and `traceparent` as the message carries it, if it does.

use std::{any::Any, sync::Arc};

use crate::envelope::MessageId;

/// The trace context of a message with this id, caused by one with `parent`: same trace, a span of its own.
pub(crate) fn child_of(parent: Option<&str>, id: MessageId) -> Option<Arc<str>> {
    let parent = parent?;
    let mut parts = parent.split('-');
    let (version, trace, _span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (_, low) = id.0.as_u64_pair();
    Some(format!("{version}-{trace}-{low:016x}-{flags}").into())
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_stays_in_its_trace_with_a_span_of_its_own() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let child = child_of(Some(parent), MessageId::random());
        let child = child.as_deref().unwrap_or_default();
        assert!(child.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && child.ends_with("-01"));
        assert_ne!(child, parent);
    }

    #[test]
    fn what_is_no_trace_context_is_not_carried_on() {
        assert_eq!(child_of(Some("garbage"), MessageId::random()), None);
    }
}
