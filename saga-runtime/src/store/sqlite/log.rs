//! The write-ahead log: written back into the file once it is long, and written again after a sync that failed.
//!
//! When a sync fails, the operating system calls the pages written all the same, and the next sync says that all is
//! well. Pages of transactions that did not wait for the disk may then never get there, and whoever comes
//! to read the log after a loss of power stops at the first gap: all that was acknowledged behind it is gone. So nothing is
//! committed for good before the log was written once more, from what is in memory, and synced.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

use rusqlite::{Connection, Error as SqliteError, Result, ffi};

use super::error::is_failed_sync;

/// In pages. Those that are changed again and again, the right edges of all tables, are copied once in many commits.
const LONG: i32 = 16_000;

/// So much is written again at a time.
const CHUNK: usize = 1 << 20;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// At the last commit.
    pages: Arc<AtomicI32>,
    /// A sync has failed since it was last written again.
    torn: bool,
    /// It could not be written back; told once.
    stuck: bool,
}

impl Log {
    /// The log of a connection, which from now on leaves its length to this.
    pub(super) fn of(connection: &mut Connection) -> Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let counter = Arc::clone(&pages);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, length| {
            counter.store(length, Ordering::Relaxed);
            Ok(())
        }))?;
        // Its name as SQLite made it, past all links.
        let path = format!("{}-wal", connection.path().unwrap_or_default()).into();
        Ok(Self {
            path,
            pages,
            torn: false,
            stuck: false,
        })
    }

    /// Notes what an error says about it.
    pub(super) fn heed(&mut self, error: &SqliteError) {
        self.torn |= is_failed_sync(error);
    }

    /// Makes sure, in a transaction that nobody else writes beside, that what the next sync says is true.
    pub(super) fn mend(&mut self) -> Result<()> {
        if self.torn {
            write_again(&self.path).map_err(|error| {
                let failed = ffi::Error::new(ffi::SQLITE_IOERR_FSYNC);
                SqliteError::SqliteFailure(
                    failed,
                    Some(format!("the log could not be written again: {error}")),
                )
            })?;
            self.torn = false;
        }
        Ok(())
    }

    /// Moves it into the database file once it is long. All of it must be on the disk: half-way through, it alone is whole.
    pub(super) fn shorten(&mut self, connection: &Connection) {
        if self.pages.load(Ordering::Relaxed) < LONG {
            return;
        }
        match connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            Ok(()) => self.stuck = false,
            Err(error) => {
                self.heed(&error);
                if !self.stuck {
                    tracing::warn!(%error, "SQLite: the log could not be written back and grows; check the disk");
                }
                self.stuck = true;
            }
        }
    }
}

fn write_again(path: &Path) -> io::Result<()> {
    let mut log = File::options().read(true).write(true).open(path)?;
    let mut chunk = vec![0; CHUNK];
    let mut at = 0;
    loop {
        let read = log.read(&mut chunk)?;
        if read == 0 {
            return log.sync_data();
        }
        log.seek(SeekFrom::Start(at))?;
        log.write_all(&chunk[..read])?;
        at += read as u64;
    }
}
