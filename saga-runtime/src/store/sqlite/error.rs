//! SQLite's errors in our words: what failed, on which file, and what to do about it.

use std::path::Path;

use rusqlite::{Error as SqliteError, ErrorCode, ffi};

use crate::{Error, ErrorKind, store::row::RowError};

/// Says what `error` means for `operation` on the database at `path`.
pub(super) fn explain(path: &Path, operation: &str, error: &SqliteError) -> Error {
    let (kind, remedy) = kind_and_remedy(error);
    let path = path.display();
    Error::new(
        kind,
        format!("SQLite database {path}: could not {operation}: {error}. {remedy}"),
    )
}

/// The commit itself broke: its pages may or may not come back after a crash.
pub(super) fn uncertain(path: &Path, error: &SqliteError) -> Error {
    let path = path.display();
    Error::new(
        ErrorKind::Unknown,
        format!(
            "SQLite database {path}: the commit failed half-way: {error}. Check the disk it is on. Whether the commit took effect shows when it is \
             read again; what was sent may be sent again under the same id"
        ),
    )
}

/// The content was refused, so that the same unit fails every time while others go through.
pub(super) fn is_refusal(error: &SqliteError) -> bool {
    match error {
        SqliteError::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch
        ),
        SqliteError::ToSqlConversionFailure(_) | SqliteError::NulError(_) => true,
        _ => false,
    }
}

/// Whether a commit that ended like this may show once the file is read again: unless it was refused, or its last
/// page was not even written.
pub(super) fn is_uncertain(error: &SqliteError) -> bool {
    let certain = [
        ErrorCode::DiskFull,
        ErrorCode::DatabaseBusy,
        ErrorCode::DatabaseLocked,
    ];
    !is_refusal(error)
        && error
            .sqlite_error_code()
            .is_none_or(|code| !certain.contains(&code))
}

/// Pages may be called written that are not on the disk.
pub(super) fn is_failed_sync(error: &SqliteError) -> bool {
    matches!(error, SqliteError::SqliteFailure(failure, _) if failure.extended_code == ffi::SQLITE_IOERR_FSYNC)
}

fn kind_and_remedy(error: &SqliteError) -> (ErrorKind, &'static str) {
    let Some(code) = error.sqlite_error_code() else {
        return (
            ErrorKind::Corrupt,
            "A row does not read as it was written: restore the file from a backup",
        );
    };
    match code {
        ErrorCode::DiskFull => (
            ErrorKind::Full,
            "Free some space on the disk or raise its quota; work then goes on by itself",
        ),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => (
            ErrorKind::Unavailable,
            "Another program is writing to the file: end it, or its transaction",
        ),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => (
            ErrorKind::Corrupt,
            "Restore the file from a backup, or salvage it with the `.recover` command of the sqlite3 shell",
        ),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => (
            ErrorKind::Setup,
            "Make the file and its directory writable for this user",
        ),
        ErrorCode::CannotOpen => (
            ErrorKind::Setup,
            "Check that its directory exists and that this user may create files there",
        ),
        ErrorCode::SystemIoFailure => (ErrorKind::Unavailable, "Check the disk it is on"),
        ErrorCode::OutOfMemory => (ErrorKind::Unavailable, "Give the process more memory"),
        _ if is_refusal(error) => (ErrorKind::Limit, "The content is refused and would be again"),
        _ => (
            ErrorKind::Corrupt,
            "The file is not as this build left it: restore it from a backup, or use another file",
        ),
    }
}

/// What a row does not say as it should is damage to the file; what cannot be written is refused.
impl From<RowError> for SqliteError {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Unreadable { .. } => {
                Self::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(error.to_string()))
            }
            RowError::Unwritable(error) => Self::ToSqlConversionFailure(Box::new(error)),
        }
    }
}
