//! The tables, how a connection is set up, and how an older file is brought up to date.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Result};

use super::{Synchronous, error::explain};
use crate::{Error, ErrorKind};

/// What this build writes. A file with a higher number is left alone.
const VERSION: i64 = 2;

/// The step from each version to the next.
const MIGRATIONS: [&str; VERSION as usize] = [FIRST, SECOND];

// `message.place`: null while claimed, else 'wait' until `due`, 'relay', or 'ready' with queue and consumer behind it.
// So one index serves all that ask, and a message that is born claimed and then deleted, the common case, is not in it:
// every index of a table costs each statement a cursor, whether the row is in it or not.
//
// `instance` and `finished` have no index on the key: `key_index` holds hashes of it and is written late, in sorted
// runs, because inserting random keys one by one costs more than all the rest of a step.
const FIRST: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('seed_0', random()), ('seed_1', random()), ('indexed_up_to', 0);

CREATE TABLE message (
    seq INTEGER PRIMARY KEY, place TEXT, due INTEGER, queue TEXT NOT NULL, consumer TEXT NOT NULL,
    wait INTEGER NOT NULL, accepted_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
    crashes INTEGER NOT NULL DEFAULT 0, suspect INTEGER NOT NULL DEFAULT 0,
    history BLOB, head BLOB NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX message_place ON message (place, due) WHERE place IS NOT NULL;

CREATE TABLE absent (seq INTEGER PRIMARY KEY, saga TEXT NOT NULL, key TEXT NOT NULL) STRICT;
CREATE INDEX absent_instance ON absent (saga, key);

CREATE TABLE instance (
    n INTEGER PRIMARY KEY, saga TEXT NOT NULL, key TEXT NOT NULL,
    incarnation INTEGER NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL, saga_version INTEGER NOT NULL,
    content_type INTEGER NOT NULL, due INTEGER, parked TEXT, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, book BLOB NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE INDEX instance_due ON instance (due) WHERE due IS NOT NULL;

CREATE TABLE finished (
    n INTEGER PRIMARY KEY, saga TEXT NOT NULL, key TEXT NOT NULL, incarnation INTEGER NOT NULL,
    created_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, book BLOB NOT NULL
) STRICT;
CREATE INDEX finished_at ON finished (finished_at);

CREATE TABLE key_index (hash INTEGER, n INTEGER, PRIMARY KEY (hash, n)) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
    id BLOB, consumer TEXT, at INTEGER NOT NULL, PRIMARY KEY (id, consumer)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_at ON inbox (at);

CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, queue TEXT NOT NULL, reason TEXT NOT NULL,
    letter BLOB NOT NULL
) STRICT;

CREATE TABLE subscription (event TEXT, queue TEXT, PRIMARY KEY (event, queue)) STRICT, WITHOUT ROWID;
";

// What is young, in few and large rows; see `young`.
const SECOND: &str = "
CREATE TABLE journal (n INTEGER PRIMARY KEY, records BLOB NOT NULL) STRICT;
";

/// Opens the connection that writes, creating or migrating the file.
pub(super) fn open_writer(path: &Path, synchronous: Synchronous) -> Result<Connection, Error> {
    let mut connection = connect(path).map_err(|error| explain(path, "open it", &error))?;
    prepare_writer(&connection, synchronous).map_err(|error| explain(path, "prepare it", &error))?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Opens the connection that only reads; the file exists by now.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let prepare = || {
        let connection = connect(path)?;
        connection.pragma_update(None, "cache_size", -2_000)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    prepare().map_err(|error| explain(path, "open it for reading", &error))
}

fn connect(path: &Path) -> Result<Connection> {
    // Without `SQLITE_OPEN_URI`: a path is a path.
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

fn prepare_writer(connection: &Connection, synchronous: Synchronous) -> Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", synchronous.pragma())?;
    connection.pragma_update(None, "cache_size", -32_000)?;
    connection.pragma_update(None, "temp_store", "memory")
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let failed = |error| explain(path, "bring its tables up to date", &error);
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    let Some(steps) = usize::try_from(found)
        .ok()
        .and_then(|done| MIGRATIONS.get(done..))
    else {
        return Err(newer(path, found));
    };
    if steps.is_empty() {
        return Ok(());
    }
    let mut apply = || {
        let transaction = connection.transaction()?;
        steps
            .iter()
            .try_for_each(|step| transaction.execute_batch(step))?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()
    };
    apply().map_err(failed)
}

fn newer(path: &Path, found: i64) -> Error {
    let path = path.display();
    Error::new(
        ErrorKind::Corrupt,
        format!(
            "SQLite database {path}: its tables have version {found}, this build knows them up to {VERSION}. \
             Start the newer build that wrote it, or use another file"
        ),
    )
}
