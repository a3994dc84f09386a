//! The database as the writer thread knows it: its connection, and what is remembered beside it.

use std::{path::PathBuf, sync::Arc};

use rusqlite::{Connection, Result};
use tokio::sync::Notify;

use super::{
    claims::Claims,
    error::{explain, is_uncertain, uncertain},
    key_index::KeyIndex,
    log::Log,
    young::Young,
};
use crate::{
    Error,
    clock::{Clock, SystemClock},
    envelope::MessageId,
    limits::Limits,
    store::{Catalog, row::micros},
};

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) claims: Claims,
    pub(super) keys: KeyIndex,
    pub(super) young: Young,
    pub(super) clock: Arc<dyn Clock>,
    /// Who works on the file.
    pub(super) node: Option<MessageId>,
    /// What it knows.
    pub(super) catalog: Catalog,
    /// In microseconds.
    pub(super) retention: i64,
    /// The last message row ever given out.
    pub(super) last_seq: i64,
    /// Messages may be waiting for an instance; false spares each new instance the search for them.
    pub(super) absent: bool,
    /// Messages may be waiting for a build that knows them.
    pub(super) unknown: bool,
    /// Something became ready in this transaction.
    pub(super) wake: bool,
    pub(super) woken: Arc<Notify>,
    pub(super) buffer: Vec<u8>,
    log: Log,
    full_sync: bool,
    set_up_for: Needs,
}

/// Whether a transaction has to survive a loss of power, where that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Sync,
    NoSync,
}

/// Why a transaction did not take effect.
#[derive(Debug)]
pub(super) enum Broken {
    /// While it was under way: nothing was applied.
    Before(rusqlite::Error),
    /// In the commit itself.
    Commit(rusqlite::Error),
}

impl Broken {
    /// As the callers are told.
    pub(super) fn explain(&self, path: &std::path::Path, operation: &str) -> Error {
        match self {
            Self::Commit(error) if is_uncertain(error) => uncertain(path, error),
            Self::Before(error) | Self::Commit(error) => explain(path, operation, error),
        }
    }
}

impl From<rusqlite::Error> for Broken {
    fn from(error: rusqlite::Error) -> Self {
        Self::Before(error)
    }
}

impl Database {
    /// Reads in what is remembered beside the tables.
    pub(super) fn load(
        mut connection: Connection,
        path: PathBuf,
        full_sync: bool,
        woken: Arc<Notify>,
    ) -> Result<Self, Error> {
        let mut read = || {
            let log = Log::of(&mut connection)?;
            let last_seq =
                connection.query_row("SELECT coalesce(max(seq), 0) FROM message", [], |row| row.get(0))?;
            let keys = KeyIndex::load(&connection)?;
            let (young, last_young) = Young::load(&connection, |id| keys.hash_of(id))?;
            Ok((log, keys, young, last_young.max(last_seq)))
        };
        let (log, keys, young, last_seq) = read().map_err(|error| explain(&path, "read it", &error))?;
        let mut database = Self {
            connection,
            path,
            claims: Claims::default(),
            keys,
            young,
            clock: Arc::new(SystemClock),
            node: None,
            catalog: Catalog::default(),
            retention: span(Limits::default().retention),
            last_seq,
            absent: true,
            unknown: true,
            wake: false,
            woken,
            buffer: Vec::new(),
            log,
            full_sync,
            set_up_for: Needs::Sync,
        };
        database.settle()?;
        Ok(database)
    }

    /// The store's time, in microseconds.
    pub(super) fn now(&self) -> i64 {
        micros(self.clock.now())
    }

    /// Runs `work` in a transaction of its own.
    pub(super) fn write<T>(
        &mut self,
        operation: &str,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T, Error> {
        self.transaction(Needs::Sync, work)
            .map_err(|broken| broken.explain(&self.path, operation))
    }

    /// Runs `work` in a transaction: it takes effect, or nothing of it does, in the tables and in memory.
    pub(super) fn transaction<T>(
        &mut self,
        needs: Needs,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T, Broken> {
        self.wake = false;
        self.begin(needs)?;
        let done = match self.trust_the_log(needs).and_then(|()| work(self)) {
            Ok(done) => done,
            Err(error) => {
                self.roll_back(&error);
                return Err(Broken::Before(error));
            }
        };
        if let Err(error) = self.end() {
            self.roll_back(&error);
            return Err(Broken::Commit(error));
        }
        self.claims.keep();
        self.keys.keep();
        self.young.keep();
        if needs == Needs::Sync {
            self.log.shorten(&self.connection);
        }
        if self.wake {
            self.woken.notify_waiters();
            self.woken.notify_one();
        }
        Ok(done)
    }

    fn begin(&mut self, needs: Needs) -> Result<()> {
        if self.full_sync && needs != self.set_up_for {
            let synchronous = if needs == Needs::Sync { "full" } else { "normal" };
            self.connection.pragma_update(None, "synchronous", synchronous)?;
            self.set_up_for = needs;
        }
        // One that may turn out to write nothing takes the lock only when it does.
        let begin = if needs == Needs::Sync {
            "BEGIN IMMEDIATE"
        } else {
            "BEGIN"
        };
        self.connection.prepare_cached(begin)?.execute([])?;
        Ok(())
    }

    fn trust_the_log(&mut self, needs: Needs) -> Result<()> {
        match needs {
            Needs::Sync => self.log.mend(),
            Needs::NoSync => Ok(()),
        }
    }

    fn end(&self) -> Result<()> {
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// Even where it was the commit that failed: SQLite goes on as if the transaction had never been, and the next one is
    /// written over it. Only a process that opens the file before that may find it applied.
    fn roll_back(&mut self, error: &rusqlite::Error) {
        self.log.heed(error);
        self.claims.roll_back();
        self.keys.roll_back();
        self.young.roll_back();
        // What it may have taken for done.
        (self.absent, self.unknown) = (true, true);
        // After some errors SQLite has rolled back by itself.
        if self.connection.is_autocommit() {
            return;
        }
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            tracing::error!(%error, "SQLite: the transaction could not be rolled back");
        }
    }
}

pub(super) fn span(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
