//! What things are called on the server: one stream per queue, one per event.
//!
//! | | stream | subject | durable consumer |
//! |---|---|---|---|
//! | queue `sales.replies` | `saga-queue-sales+replies` | `saga.queue.sales+replies` | `sales+replies` |
//! | event `OrderBilled` | `saga-event-OrderBilled` | `saga.event.OrderBilled` | the name of each queue bound to it |

/// The longest name of a queue or event on the server, in bytes: file systems end at 255.
const LONGEST: usize = 128;

/// The names within one namespace.
#[derive(Clone, Debug)]
pub(super) struct Names {
    namespace: String,
}

impl Names {
    /// `Err` says what a namespace may be.
    pub(super) fn within(namespace: &str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if namespace.is_empty() || namespace.len() > 32 || !namespace.bytes().all(plain) {
            return Err(format!(
                "the namespace {namespace:?} cannot be used; take 1 to 32 letters, digits and `_`"
            ));
        }
        Ok(Self {
            namespace: namespace.to_owned(),
        })
    }

    pub(super) fn queue_stream(&self, queue: &str) -> String {
        format!("{}-queue-{}", self.namespace, token(queue))
    }

    pub(super) fn queue_subject(&self, queue: &str) -> String {
        format!("{}.queue.{}", self.namespace, token(queue))
    }

    pub(super) fn event_stream(&self, event: &str) -> String {
        format!("{}{}", self.event_streams(), token(event))
    }

    /// What the names of all events' streams begin with.
    pub(super) fn event_streams(&self) -> String {
        format!("{}-event-", self.namespace)
    }

    pub(super) fn event_subject(&self, event: &str) -> String {
        format!("{}.event.{}", self.namespace, token(event))
    }

    /// The consumer that receives for a queue.
    pub(super) fn consumer(&self, queue: &str) -> String {
        token(queue)
    }

    /// Keeps who owns which queue.
    pub(super) fn owners_stream(&self) -> String {
        format!("{}-owners", self.namespace)
    }

    pub(super) fn owner_subject(&self, queue: &str) -> String {
        format!("{}.owner.{}", self.namespace, token(queue))
    }

    /// All of them.
    pub(super) fn owner_subjects(&self) -> String {
        format!("{}.owner.*", self.namespace)
    }

    /// Where a process answers as long as it is connected.
    pub(super) fn process_subject(&self, process: &str) -> String {
        format!("{}.process.{process}", self.namespace)
    }

    /// Who answers for a queue that lives in a process.
    pub(super) fn in_process(&self) -> String {
        format!("{}-in-process", self.namespace)
    }
}

/// Whether a name is short enough, or why not.
pub(super) fn check_length(what: &str, name: &str) -> Result<(), String> {
    let bytes = token(name).len();
    if name.is_empty() || bytes > LONGEST {
        return Err(format!(
            "the name of the {what} `{name}` takes {bytes} bytes on the server; it may take 1 to {LONGEST}"
        ));
    }
    Ok(())
}

/// A name as one token of a subject, different for different names: `.` as `+`, whatever else is special as `=` and its
/// code.
fn token(name: &str) -> String {
    let mut token = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'.' => token.push('+'),
            b'-' | b'_' => token.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => token.push(char::from(byte)),
            _ => token.push_str(&format!("={byte:02x}")),
        }
    }
    token
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn names_are_tokens_and_stay_apart() {
        let names = ["a.b", "a+b", "a b", "a=b", "a*", "a>", "a/b", "a-b", "a_b", "ü"];
        let tokens: std::collections::BTreeSet<String> = names.iter().map(|name| token(name)).collect();
        assert_eq!(tokens.len(), names.len());
        for token in &tokens {
            assert!(!token.contains(['.', '*', '>', ' ', '/', '\\']), "{token}");
        }
        assert_eq!(token("sales.replies"), "sales+replies");
    }

    #[test]
    fn a_namespace_is_a_word() {
        for wrong in ["", "a.b", "a-b", "a b", &"a".repeat(33)] {
            assert!(Names::within(wrong).is_err(), "{wrong}");
        }
        let names = Names::within("shop_1").unwrap();
        assert_eq!(names.queue_stream("billing"), "shop_1-queue-billing");
        assert_eq!(names.event_subject("OrderBilled"), "shop_1.event.OrderBilled");
    }

    #[test]
    fn names_have_a_longest() {
        assert!(check_length("queue", "").is_err());
        assert!(check_length("queue", &"q".repeat(LONGEST)).is_ok());
        assert!(check_length("queue", &"ü".repeat(LONGEST / 4)).is_err());
    }
}
