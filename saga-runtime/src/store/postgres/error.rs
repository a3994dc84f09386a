//! PostgreSQL's errors in our words: which server, which operation, what to do.

use tokio_postgres::error::{DbError, Error as PgError, SqlState};

use super::address::Address;
use crate::{Error, ErrorKind, store::row::RowError};

/// What a statement came to grief by.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The client or the server says so.
    #[error("{0}")]
    Server(#[from] PgError),
    /// A row does not read, or cannot be written.
    #[error("{0}")]
    Row(#[from] RowError),
    /// Nothing was applied, and what stood in the way is gone.
    #[error("the connection broke, or this process was taken for dead, before it took effect")]
    Undone,
    /// The node is not registered, or no longer.
    #[error("this process was taken for dead")]
    Unregistered,
    /// Already in words.
    #[error("{0}")]
    Told(#[from] Error),
}

/// What the client's words for a server without TLS begin with; the kind of its errors is not public.
const TLS: &str = "error performing TLS handshake";

/// What is to be done about a flight that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing was applied and nothing stands in the way: again.
    Again,
    /// A gate broke after something was written: again, looking at all gates first.
    Carefully,
    /// The node or its lane is gone: register anew.
    Register,
    /// The content of some unit is refused.
    Isolate,
    /// The connection broke: whether it took effect is to be found out.
    Resolve,
    /// Nothing was applied; tell the caller.
    Tell,
}

impl Fault {
    fn database(&self) -> Option<&DbError> {
        match self {
            Self::Server(error) => error.as_db_error(),
            _ => None,
        }
    }

    fn state(&self) -> Option<&SqlState> {
        self.database().map(DbError::code)
    }

    /// Whether the session is of no use any more.
    pub(super) fn ends_session(&self) -> bool {
        match self {
            Self::Server(error) => match error.as_db_error() {
                // A server that only reads is one that was demoted; a plan that does not fit was made for other tables.
                Some(said) => {
                    is_fatal(said)
                        || matches!(
                            *said.code(),
                            SqlState::READ_ONLY_SQL_TRANSACTION | SqlState::FEATURE_NOT_SUPPORTED
                        )
                }
                None => true,
            },
            _ => false,
        }
    }

    /// What a failed flight needs.
    pub(super) fn remedy(&self) -> Remedy {
        let said = match self {
            Self::Server(error) => match error.as_db_error() {
                Some(said) if !is_fatal(said) => said,
                _ => return Remedy::Resolve,
            },
            Self::Row(_) => return Remedy::Isolate,
            Self::Undone => return Remedy::Again,
            Self::Unregistered => return Remedy::Register,
            Self::Told(_) => return Remedy::Tell,
        };
        match said.code().code() {
            "SG001" => Remedy::Register,
            "SG002" => Remedy::Carefully,
            "40001" | "40P01" | "55P03" => Remedy::Again,
            code if matches!(code.get(..2), Some("22" | "23" | "54")) => Remedy::Isolate,
            _ => Remedy::Tell,
        }
    }

    /// Whether the same may succeed later without anything being changed.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Told(error) => error.is_retryable(),
            _ => true,
        }
    }

    /// Whether the node has to register anew.
    pub(super) fn is_unregistered(&self) -> bool {
        self.remedy() == Remedy::Register
    }

    /// What the server says, without which row it says it of.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Server(error) => match error.as_db_error() {
                Some(said) => said.message().to_owned(),
                None => with_causes(error),
            },
            other => other.to_string(),
        }
    }

    /// The crate's error for `operation`.
    pub(super) fn explain(self, address: &Address, operation: &str) -> Error {
        if let Self::Told(error) = self {
            return error;
        }
        let (kind, remedy) = self.kind_and_remedy();
        let text = format!(
            "PostgreSQL at {address}: could not {operation}: {}. {remedy}",
            self.words()
        );
        Error::new(kind, text)
    }

    fn kind_and_remedy(&self) -> (ErrorKind, &'static str) {
        match self {
            Self::Row(_) => (
                ErrorKind::Corrupt,
                "A row does not read as it was written: restore the schema from a backup, or use another one",
            ),
            Self::Server(error) if is_of_tls(error) => (
                ErrorKind::Setup,
                "Name the authority that vouches for the server as `sslrootcert`, and the server as its certificate does; \
                 or ask for less with `sslmode`, if the server has no TLS",
            ),
            _ => match self.state() {
                Some(state) => of_state(state),
                None => (
                    ErrorKind::Unavailable,
                    "Check that the server runs, and that host, port and network let this process through; \
                     work goes on by itself once it is there",
                ),
            },
        }
    }
}

fn of_state(state: &SqlState) -> (ErrorKind, &'static str) {
    let code = state.code();
    match code {
        "28000" | "28P01" => (
            ErrorKind::Setup,
            "Check user and password in the URL, and the server's pg_hba.conf",
        ),
        "3D000" => (
            ErrorKind::Setup,
            "Create the database (`createdb`), or name another one in the URL",
        ),
        "42501" => (
            ErrorKind::Setup,
            "Grant this user the schema: GRANT USAGE, CREATE ON SCHEMA, and all on its tables, sequences and functions",
        ),
        "42P01" | "42883" | "3F000" => (
            ErrorKind::Setup,
            "The tables of this build are not there: let `Postgres` apply its migrations at start, or call `migrate`",
        ),
        "53300" => (
            ErrorKind::Unavailable,
            "Raise the server's max_connections, or open fewer connections here",
        ),
        "25006" => (
            ErrorKind::Unavailable,
            "This server only reads, as a replica does: let the URL lead to the primary",
        ),
        "SG001" => (
            ErrorKind::Unavailable,
            "This process did not renew its lease in time; it registers anew by itself",
        ),
        _ => match code.get(..2) {
            Some("53") => (
                ErrorKind::Full,
                "Free some space on the server's disk; work then goes on by itself",
            ),
            Some("08" | "57" | "40" | "55" | "58") => (
                ErrorKind::Unavailable,
                "Work goes on by itself once the server lets it",
            ),
            Some("22" | "23" | "54") => (ErrorKind::Limit, "The content is refused and would be again"),
            Some("XX") => (
                ErrorKind::Corrupt,
                "Check the server's log, and restore from a backup",
            ),
            _ => (
                ErrorKind::Setup,
                "The schema is not as this build left it: compare the versions in its table `migration`",
            ),
        },
    }
}

fn is_fatal(said: &DbError) -> bool {
    use tokio_postgres::error::Severity;
    match said.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => said.severity() != "ERROR",
    }
}

/// Whether it was refused for who the server is or what it speaks, and not because nobody answered.
fn is_of_tls(error: &PgError) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(broken) = error.downcast_ref::<std::io::Error>() {
            // A connection that broke on the way says nothing of who is at its end.
            return broken.get_ref().is_some_and(|error| error.is::<rustls::Error>());
        }
        if error.is::<rustls::Error>() {
            return true;
        }
        cause = error.source();
    }
    error.to_string().starts_with(TLS)
}

fn with_causes(error: &PgError) -> String {
    use std::error::Error as _;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = error.source();
    }
    text
}
