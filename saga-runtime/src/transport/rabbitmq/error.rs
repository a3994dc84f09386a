//! What the server refuses, in words that name it, the operation and the remedy.

use std::io;

use lapin::ErrorKind as Fault;

use super::options::Server;
use crate::{Error, ErrorKind};

/// The reply codes of AMQP that mean something particular to us.
pub(super) mod code {
    pub(crate) const ACCESS_REFUSED: u16 = 403;
    pub(crate) const NOT_FOUND: u16 = 404;
    pub(crate) const RESOURCE_LOCKED: u16 = 405;
    pub(crate) const PRECONDITION_FAILED: u16 = 406;
    pub(crate) const NOT_ALLOWED: u16 = 530;
}

/// The server's reply code, where it gave one.
pub(super) fn code_of(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        Fault::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}

/// What rustls says of a certificate or of its peer.
fn is_untrusted(error: &lapin::Error) -> bool {
    matches!(error.kind(), Fault::IOError(error) if error.kind() == io::ErrorKind::InvalidData)
}

/// The server's own words.
fn words(error: &lapin::Error) -> String {
    match error.kind() {
        Fault::ProtocolError(error) => error.get_message().to_string(),
        Fault::IOError(error) => error.to_string(),
        _ => error.to_string(),
    }
}

impl Server {
    /// Waits for an operation as long as there is patience for one; a connection may be dead and neither end know it.
    pub(super) async fn answered<T>(
        &self,
        operation: impl Future<Output = Result<T, lapin::Error>>,
    ) -> Result<T, lapin::Error> {
        let answered = tokio::time::timeout(self.patience, operation).await;
        answered.unwrap_or_else(|_| {
            let text = format!("it did not answer within {:?}", self.patience);
            Err(io::Error::new(io::ErrorKind::TimedOut, text).into())
        })
    }

    /// An operation failed: `what` is a phrase such as "to receive from `billing`".
    pub(super) fn failed(&self, what: &str, error: &lapin::Error) -> Error {
        let place = self.place();
        let text = match code_of(error) {
            Some(code::ACCESS_REFUSED) => format!(
                "{place} refused {what}: {}; give the user the rights to configure, write and read",
                words(error)
            ),
            Some(_) => format!("{place} refused {what}: {}", words(error)),
            None => format!("{place} was asked {what} and is out of reach: {}", words(error)),
        };
        let kind = match code_of(error) {
            Some(code::NOT_FOUND) => ErrorKind::NotFound,
            Some(code::RESOURCE_LOCKED) => ErrorKind::Locked,
            Some(code::ACCESS_REFUSED | code::PRECONDITION_FAILED | code::NOT_ALLOWED) => ErrorKind::Setup,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, text)
    }

    /// No connection came about.
    pub(super) fn not_connected(&self, error: &lapin::Error) -> Error {
        let place = self.place();
        match code_of(error) {
            Some(code::ACCESS_REFUSED) => Error::new(
                ErrorKind::Setup,
                format!(
                    "{place} does not know the user or the password; correct the URL, or make the user with `rabbitmqctl \
                     add_user` (`guest` is let in from the same machine only)"
                ),
            ),
            Some(code::NOT_ALLOWED | code::NOT_FOUND) => {
                let vhost = &self.uri.vhost;
                Error::new(
                    ErrorKind::Setup,
                    format!(
                        "{place} does not let the user into the virtual host `{vhost}`: {}; make it with `rabbitmqctl \
                         add_vhost`, allow the user in with `rabbitmqctl set_permissions`, or correct what follows the port \
                         in the URL (`/%2f` is the virtual host `/`)",
                        words(error)
                    ),
                )
            }
            _ if is_untrusted(error) => Error::new(
                ErrorKind::Setup,
                format!(
                    "{place} is not trusted: {}; name its authority's certificate with `RabbitMqOptions::ca_file`, or correct \
                     the host in the URL",
                    words(error)
                ),
            ),
            _ => self.out_of_reach(&words(error)),
        }
    }

    pub(super) fn out_of_reach(&self, why: &str) -> Error {
        let text = format!(
            "{} is out of reach: {why}; start it, or correct host and port in the URL",
            self.place()
        );
        Error::new(ErrorKind::Unavailable, text)
    }

    /// A queue or exchange could not be declared.
    pub(super) fn not_declared(&self, what: &str, name: &str, error: &lapin::Error) -> Error {
        if code_of(error) != Some(code::PRECONDITION_FAILED) {
            return self.failed(&format!("to declare the {what} `{name}`"), error);
        }
        let text = format!(
            "{} refused {what} `{name}`: declared with other arguments ({}); delete it, or set another prefix with \
             `RabbitMqOptions::prefix`",
            self.place(),
            words(error)
        );
        Error::new(ErrorKind::Setup, text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::{super::RabbitMq, *};

    #[test]
    fn a_right_that_is_missing_is_told_with_the_server_the_operation_and_the_remedy() {
        let server = RabbitMq::options("amqp://shop:hunter2@rabbit.example")
            .server()
            .unwrap();
        let words = "access to queue 'billing' in vhost '/' refused for user 'shop'";
        let refused = AMQPError::new(AMQPSoftError::ACCESSREFUSED.into(), words.into());
        let error = server.not_declared("queue", "billing", &Fault::ProtocolError(refused).into());
        assert_eq!(error.kind(), ErrorKind::Setup);
        let text = error.to_string();
        for said in [
            "RabbitMQ at rabbit.example:5672",
            "to declare the queue `billing`",
            words,
            "give the user the rights to configure, write and read",
        ] {
            assert!(text.contains(said), "{said} is missing in {text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
}
