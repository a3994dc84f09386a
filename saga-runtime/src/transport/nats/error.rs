//! What the server or the client complains of, said once: which server, what was tried, what to do.

use std::fmt::{self, Display};

use async_nats::jetstream;

use crate::{Error, ErrorKind};

/// The server that is talked to, as people may see it: without credentials.
#[derive(Clone, Debug)]
pub(super) struct Server(pub(super) String);

impl Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NATS at {}", self.0)
    }
}

impl Server {
    /// An error of an operation on this server.
    pub(super) fn error(&self, kind: ErrorKind, operation: &str, why: impl Display) -> Error {
        Error::new(kind, format!("{self}: {operation}: {why}"))
    }

    /// What an operation on a stream or consumer failed with.
    pub(super) fn failed(&self, operation: &str, why: &Failure) -> Error {
        self.error(why.kind(), operation, why)
    }
}

/// What a request to JetStream failed with.
#[derive(Debug)]
pub(super) enum Failure {
    /// JetStream refuses, with its own code.
    Refused(jetstream::Error),
    /// No answer, or none that can be read.
    Unreachable(String),
}

impl Failure {
    pub(super) fn is_code(&self, code: jetstream::ErrorCode) -> bool {
        matches!(self, Self::Refused(error) if error.error_code() == code)
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(error) if is_shortage(error.error_code()) => ErrorKind::Full,
            Self::Refused(error) if error.code() == 503 => ErrorKind::Unavailable,
            Self::Refused(_) => ErrorKind::Setup,
            Self::Unreachable(_) => ErrorKind::Unavailable,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => {
                write!(f, "refused: {error}")?;
                remedy(error.error_code()).map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
            }
            Self::Unreachable(why) => write!(
                f,
                "{why}; is the server up, and JetStream enabled (`nats-server -js`)?"
            ),
        }
    }
}

/// The store of the server, or the account's part of it, is used up.
pub(super) fn is_shortage(code: jetstream::ErrorCode) -> bool {
    use jetstream::ErrorCode as Code;
    [
        Code::ACCOUNT_RESOURCES_EXCEEDED,
        Code::INSUFFICIENT_RESOURCES,
        Code::STORAGE_RESOURCES_EXCEEDED,
        Code::MEMORY_RESOURCES_EXCEEDED,
        Code::MAXIMUM_STREAMS_LIMIT,
        Code::MAXIMUM_CONSUMERS_LIMIT,
        Code::STREAM_STORE_FAILED,
    ]
    .contains(&code)
}

/// What a person can do about it.
fn remedy(code: jetstream::ErrorCode) -> Option<&'static str> {
    use jetstream::ErrorCode as Code;
    Some(match code {
        Code::JETSTREAM_NOT_ENABLED | Code::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            "start the server with `-js`, and enable JetStream for the account"
        }
        Code::STREAM_SUBJECT_OVERLAP => {
            "another stream takes these subjects; narrow its subjects, or choose another namespace"
        }
        Code::MAXIMUM_STREAMS_LIMIT => {
            "raise `max_streams` of the account: each queue and each event is a stream"
        }
        Code::MAXIMUM_CONSUMERS_LIMIT => {
            "raise `max_consumers` of the account: each queue has one, and one for each event bound to it"
        }
        Code::STREAM_STORE_FAILED => {
            "the stream is full: raise its `max_bytes`, or see why nobody receives from it"
        }
        _ if is_shortage(code) => "raise `max_file_store` of the server, or the account's part of it",
        _ => return None,
    })
}
