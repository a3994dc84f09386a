//! Everything in one SQLite file: one thread writes, and all that waits for it shares a transaction and a sync.
//!
//! One process serves a file; a second one is told so. See [`schema`] for the tables, [`worker`] for the threads,
//! [`young`] for what has no row of its own yet, [`key_index`] for how instances are found.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::Notify;

use self::{
    database::Database,
    lock::FileLock,
    worker::{Reader, Writer},
};
use super::{Beat, Catalog, Durability, Inspect, Node, Opened, Outcome, Store, StoreCaps, Taken, Unit, Want};
use crate::{Error, ErrorKind, service::BoxFuture};

mod claims;
mod commit;
mod database;
mod dead_letter;
mod error;
mod inspect;
mod instance;
mod join;
mod journal;
mod key_index;
mod lock;
mod log;
mod message;
mod node;
mod place;
mod schema;
mod take;
#[cfg(test)]
mod tests;
mod worker;
mod young;

/// A store in one SQLite file (and its `-wal`, `-shm` and `.lock` beside it).
///
/// ```no_run
/// # async fn open() -> Result<(), saga_runtime::Error> {
/// use saga_runtime::store::{Sqlite, Synchronous};
///
/// let safe = Sqlite::open("shop.db").await?;
/// let quick = Sqlite::options("cache.db").synchronous(Synchronous::Normal).open().await?;
/// # Ok(())
/// # }
/// ```
///
/// Times are kept in whole microseconds. Dropping it ends the process's hold on the file as a crash would, so that
/// what was claimed is suspect at the next start; [`Store::close`] gives everything back.
pub struct Sqlite {
    path: PathBuf,
    synchronous: Synchronous,
    writer: Writer,
    reader: Reader,
    woken: Arc<Notify>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Loss of power: each commit waits for the disk.
    #[default]
    Full,
    /// The death of the process. The last commits before a loss of power may be gone; the file stays sound.
    Normal,
}

impl Synchronous {
    fn pragma(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Normal => "normal",
        }
    }
}

/// How to open a [`Sqlite`] store.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    path: PathBuf,
    synchronous: Synchronous,
}

impl SqliteOptions {
    /// What a commit survives; [`Synchronous::Full`] unless said otherwise.
    #[must_use]
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Locks, opens or creates the file, and brings its tables up to date.
    pub async fn open(self) -> Result<Sqlite, Error> {
        if matches!(self.path.to_str(), Some("" | ":memory:")) {
            return Err(no_file());
        }
        let woken = Arc::new(Notify::new());
        let opening = (self.clone(), Arc::clone(&woken));
        let (writer, write_thread) = Writer::start(move || opening.0.load(opening.1)).await?;
        let connection = schema::open_reader(&self.path)?;
        let (reader, read_thread) = Reader::start(connection)?;
        Ok(Sqlite {
            path: self.path,
            synchronous: self.synchronous,
            writer,
            reader,
            woken,
            threads: Mutex::new(vec![read_thread, write_thread]),
        })
    }

    fn load(self, woken: Arc<Notify>) -> Result<(FileLock, Database), Error> {
        let lock = FileLock::take(&self.path)?;
        let connection = schema::open_writer(&self.path, self.synchronous)?;
        let full_sync = self.synchronous == Synchronous::Full;
        let database = Database::load(connection, self.path, full_sync, woken)?;
        Ok((lock, database))
    }
}

impl Sqlite {
    /// Opens or creates the store at `path`, with full sync. Its directory must exist.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::options(path).open().await
    }

    /// Opens it otherwise than [`open`](Self::open) does.
    pub fn options(path: impl Into<PathBuf>) -> SqliteOptions {
        SqliteOptions {
            path: path.into(),
            synchronous: Synchronous::default(),
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Database) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.writer.run(move |db| db.write(operation, work)).await
    }

    /// Reads once everything stands in its table.
    async fn read_settled<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.writer.run(Database::settle).await?;
        self.read(operation, work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let path = self.path.clone();
        self.reader
            .run(move |connection| work(connection).map_err(|error| error::explain(&path, operation, &error)))
            .await
    }

    /// Ends both threads, and with them the hold on the file.
    fn end(&self) {
        self.reader.close();
        self.writer.close();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the SQLite store panicked");
            }
        }
    }
}

impl Store for Sqlite {
    fn caps(&self) -> StoreCaps {
        StoreCaps {
            name: "sqlite",
            shared: false,
            durability: match self.synchronous {
                Synchronous::Full => Durability::Power,
                Synchronous::Normal => Durability::Process,
            },
        }
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        let (node, catalog) = (node.clone(), catalog.clone());
        Box::pin(self.writer.run(move |db| {
            let opened = db.write("take it over", |db| db.take_over(&node, &catalog))?;
            db.node = Some(node.id);
            Ok(opened)
        }))
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        Box::pin(self.writer.take(want))
    }

    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        Box::pin(self.writer.commit(units))
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>> {
        Box::pin(self.write("collect garbage", Database::collect))
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.woken.notified())
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let closed = self
                .writer
                .run(|db| {
                    db.write("give back what is claimed", Database::give_back)?;
                    db.checkpoint()
                        .map_err(|error| error::explain(&db.path, "write back its log", &error))
                })
                .await;
            self.end();
            closed
        })
    }

    fn inspect(&self) -> &dyn Inspect {
        self
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.path)
            .field("synchronous", &self.synchronous)
            .finish_non_exhaustive()
    }
}

fn no_file() -> Error {
    Error::new(
        ErrorKind::Setup,
        "a SQLite store needs a file; to keep everything in memory, use `store::Memory`",
    )
}
