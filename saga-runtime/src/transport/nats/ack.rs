//! The subject at which a delivery is acknowledged, which says where it comes from.

/// `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<consumer sequence>.<time>.<pending>`; newer servers put domain and
/// account before the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AckSubject<'a> {
    pub(super) stream: &'a str,
    pub(super) consumer: &'a str,
    /// How often it was delivered, this time included.
    pub(super) delivered: u32,
    pub(super) sequence: u64,
}

impl<'a> AckSubject<'a> {
    pub(super) fn read(subject: &'a str) -> Option<Self> {
        let tokens: Vec<&str> = subject.strip_prefix("$JS.ACK.")?.split('.').collect();
        let tokens = match tokens.len() {
            7 => &tokens[..],
            9.. => &tokens[2..],
            _ => return None,
        };
        Some(Self {
            stream: tokens[0],
            consumer: tokens[1],
            delivered: tokens[2].parse().ok()?,
            sequence: tokens[3].parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let expected = AckSubject {
            stream: "s",
            consumer: "c",
            delivered: 2,
            sequence: 30,
        };
        assert_eq!(
            AckSubject::read("$JS.ACK.s.c.2.30.31.1700.5").as_ref(),
            Some(&expected)
        );
        assert_eq!(
            AckSubject::read("$JS.ACK._.hash.s.c.2.30.31.1700.5.x").as_ref(),
            Some(&expected)
        );
    }

    #[test]
    fn anything_else_is_not() {
        for wrong in [
            "",
            "$JS.ACK.s.c",
            "$JS.ACK.s.c.x.30.31.1700.5",
            "_INBOX.s.c.2.30.31.1700.5",
        ] {
            assert_eq!(AckSubject::read(wrong), None, "{wrong}");
        }
    }
}
