//! The errors of the crate: what failed, whether trying again can help, and what to do.

use std::{error::Error as StdError, fmt};

/// What a handler, or the decoding of its input, failed with.
///
/// A saga's handlers are pure, so a failure would only repeat itself: the message becomes a dead letter at once.
#[derive(Debug)]
pub struct HandlerError {
    text: String,
    fault: Fault,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Handler,
    Body,
    Size,
    Version,
}

impl HandlerError {
    /// A failure in words.
    pub fn new(text: impl Into<String>) -> Self {
        Self::of(Fault::Handler, text)
    }

    /// The body could not be read as the message it claims to be.
    pub(crate) fn undecodable(text: impl Into<String>) -> Self {
        Self::of(Fault::Body, text)
    }

    /// Something of it is larger than allowed.
    pub(crate) fn over_limit(text: impl Into<String>) -> Self {
        Self::of(Fault::Size, text)
    }

    /// What was to be read was written by a newer build: it waits for one that knows it.
    pub(crate) fn newer(what: &str, version: u32, known: u32) -> Self {
        let text = format!("`{what}` is of version {version}, and this build knows it up to version {known}");
        Self::of(Fault::Version, text)
    }

    fn of(fault: Fault, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            fault,
            source: None,
        }
    }

    /// Whether the message could not even be read.
    pub fn is_undecodable(&self) -> bool {
        self.fault == Fault::Body
    }

    /// Whether it was written by a newer build.
    pub(crate) fn is_newer(&self) -> bool {
        self.fault == Fault::Version
    }

    /// Whether something of it is larger than allowed.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.fault == Fault::Size
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self {
            text: error.to_string(),
            fault: Fault::Handler,
            source: Some(Box::new(error)),
        }
    }
}

/// What a service's handler failed with.
#[derive(Debug)]
pub struct ServiceError {
    text: String,
    retryable: bool,
    fault: Fault,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ServiceError {
    /// Trying again may help: a timeout, a refused connection. This is what `?` makes of any error.
    pub fn retryable(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            retryable: true,
            fault: Fault::Handler,
            source: None,
        }
    }

    /// Trying again cannot help: the message becomes a dead letter at once.
    pub fn permanent(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            retryable: false,
            fault: Fault::Handler,
            source: None,
        }
    }

    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// Whether the message could not even be read.
    pub(crate) fn is_undecodable(&self) -> bool {
        self.fault == Fault::Body
    }

    /// Whether the message was written by a newer build.
    pub(crate) fn is_newer(&self) -> bool {
        self.fault == Fault::Version
    }
}

/// What a service was given could not be read, or what it returned not be written: trying again cannot help.
impl From<HandlerError> for ServiceError {
    fn from(error: HandlerError) -> Self {
        Self {
            text: error.text,
            retryable: false,
            fault: error.fault,
            source: error.source,
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for ServiceError {
    fn from(error: E) -> Self {
        Self {
            text: error.to_string(),
            retryable: true,
            fault: Fault::Handler,
            source: Some(Box::new(error)),
        }
    }
}

impl HandlerError {
    /// The error behind it, where there is one.
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

impl ServiceError {
    /// The error behind it, where there is one.
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

/// What an operation on the bus, a store or a transport failed with.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The set-up contradicts itself: two services for one command, a saga missing from the bus.
    Setup,
    /// A message breaks a stated limit: body, headers, key.
    Limit,
    /// A message or row could not be written or read.
    Codec,
    /// The store or transport is out of reach for now: busy, disconnected.
    Unavailable,
    /// The disk or the quota is full.
    Full,
    /// The stored data is damaged, or written by a newer version.
    Corrupt,
    /// Another process has it.
    Locked,
    /// No answer came before the deadline. The request goes on; its outcome is kept.
    Deadline,
    /// The bus is shutting down.
    Closed,
    /// There is no such thing.
    NotFound,
    /// The outcome is not known: the connection broke while committing.
    Unknown,
    /// Work joined to the transaction failed: nothing of the transaction has happened.
    JoinFailed,
}

impl Error {
    /// An error of a kind, in words.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            source: None,
        }
    }

    /// With the error behind it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later without anything being changed.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Unavailable | ErrorKind::Full | ErrorKind::Deadline | ErrorKind::Unknown
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
