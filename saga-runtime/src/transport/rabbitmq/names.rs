//! What queues and exchanges are called on the server.

use lapin::types::ShortString;

use crate::{Error, ErrorKind};

/// The longest name that AMQP carries, in bytes.
const LONGEST: usize = 255;

/// The names of one family of queues, told apart from others' by its prefix.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn with_prefix(prefix: String) -> Self {
        Self { prefix }
    }

    /// A queue.
    pub(super) fn queue(&self, queue: &str) -> Result<ShortString, Error> {
        self.named("queue", queue, "")
    }

    /// Where the server puts what it will not deliver again.
    pub(super) fn dead(&self, queue: &str) -> Result<ShortString, Error> {
        self.named("queue", queue, ".dead")
    }

    /// What only one process can hold.
    pub(super) fn owner(&self, queue: &str) -> Result<ShortString, Error> {
        self.named("queue", queue, ".owner")
    }

    /// The exchange of all events.
    pub(super) fn events(&self) -> Result<ShortString, Error> {
        self.named("exchange", "saga.events", "")
    }

    /// An event at that exchange. `*` and `#` would match other events.
    pub(super) fn event(&self, event: &str) -> Result<ShortString, Error> {
        let mut key = String::with_capacity(event.len());
        for byte in event.bytes() {
            if byte.is_ascii_graphic() && !b"*#%".contains(&byte) {
                key.push(char::from(byte));
            } else {
                key.push_str(&format!("%{byte:02x}"));
            }
        }
        short("event", event, key)
    }

    fn named(&self, what: &str, name: &str, suffix: &str) -> Result<ShortString, Error> {
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Setup, format!("a {what} has no name")));
        }
        let full = format!("{}{name}{suffix}", self.prefix);
        if full.starts_with("amq.") {
            let text = format!(
                "the {what} `{full}` cannot be: RabbitMQ keeps names that begin with `amq.` to itself"
            );
            return Err(Error::new(ErrorKind::Setup, text));
        }
        if full.contains(char::is_control) {
            let text = format!("the {what} {full:?} cannot be: its name has control characters");
            return Err(Error::new(ErrorKind::Setup, text));
        }
        short(what, name, full)
    }
}

fn short(what: &str, name: &str, full: String) -> Result<ShortString, Error> {
    let bytes = full.len();
    ShortString::try_new(full).map_err(|_| {
        let text = format!("the name of the {what} `{name}` has {bytes} bytes with all that is added to it; RabbitMQ takes {LONGEST}");
        Error::new(ErrorKind::Setup, text)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_the_prefix() {
        let names = Names::with_prefix("shop.".into());
        assert_eq!(names.queue("billing").unwrap().as_str(), "shop.billing");
        assert_eq!(names.dead("billing").unwrap().as_str(), "shop.billing.dead");
        assert_eq!(names.events().unwrap().as_str(), "shop.saga.events");
    }

    #[test]
    fn an_event_matches_no_other_whatever_its_name() {
        let names = Names::default();
        assert_eq!(names.event("order.placed").unwrap().as_str(), "order.placed");
        assert_eq!(names.event("order.*").unwrap().as_str(), "order.%2a");
        assert_eq!(names.event("#").unwrap().as_str(), "%23");
        assert_ne!(names.event("%23").unwrap(), names.event("#").unwrap());
    }

    #[test]
    fn what_the_server_would_not_take_is_refused_in_words() {
        let names = Names::default();
        for (bad, why) in [("", "no name"), ("amq.mine", "to itself"), ("a\nb", "control")] {
            let refused = names.queue(bad).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Setup);
            assert!(refused.to_string().contains(why), "{refused}");
        }
        let long = "q".repeat(251);
        assert!(names.queue(&long).is_ok());
        assert!(names.dead(&long).unwrap_err().to_string().contains("256 bytes"));
    }
}
