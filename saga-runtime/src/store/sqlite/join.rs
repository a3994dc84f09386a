//! Work of the user's own, in the transaction that applies a unit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::{Connection, Error as SqliteError, Result, ffi};

use super::{Sqlite, database::Database};
use crate::{
    Error,
    store::{Join, JoinError, Outcome, Unit},
    telemetry::panic_text,
};

const NAME: &str = "sqlite";

type Statements = dyn Fn(&Connection) -> Result<(), JoinError> + Send + Sync;

/// What a [`Join`] for this store wraps.
struct Work(Box<Statements>);

impl Sqlite {
    /// Work on this store's file for [`Context::join`](crate::Context::join) and the `join` of
    /// [`Bus::send`](crate::Bus::send).
    ///
    /// It runs on the one thread that writes, in the transaction that applies the unit, and everything that is committed
    /// meanwhile waits for it: do all I/O before, and only write here. It must not end the transaction. Tables are made
    /// beforehand, by [`execute_batch`](Self::execute_batch); their names must differ from the library's.
    ///
    /// ```
    /// use saga_runtime::store::{Sqlite, rusqlite::params};
    ///
    /// let (order, cents) = ("A1".to_owned(), 1_200);
    /// let join = Sqlite::join(move |transaction| {
    ///     transaction.execute("INSERT INTO charge VALUES (?, ?)", params![order, cents])
    /// });
    /// # let _ = join;
    /// ```
    pub fn join<T, E: Into<JoinError>>(
        work: impl Fn(&Connection) -> Result<T, E> + Send + Sync + 'static,
    ) -> Join {
        let work = move |connection: &Connection| work(connection).map(drop).map_err(Into::into);
        Join::new(NAME, Work(Box::new(work)))
    }

    /// Runs statements in a transaction of their own: for the tables that [`join`](Self::join) writes to.
    pub async fn execute_batch(&self, sql: impl Into<String>) -> Result<(), Error> {
        let sql = sql.into();
        self.write("run statements of the program's own", move |db| {
            db.connection.execute_batch(&sql)
        })
        .await
    }
}

impl Database {
    /// Does the work that a unit joins to it; what becomes of the unit, if that fails.
    pub(super) fn join(&mut self, unit: &Unit) -> Result<Option<Outcome>> {
        if unit.join.is_empty() {
            return Ok(None);
        }
        if unit.instance.is_some() {
            let why = "work is joined to a step of a saga, whose handlers only say what is to be done";
            return Ok(Some(Outcome::Rejected(why.into())));
        }
        self.connection.execute_batch("SAVEPOINT joined")?;
        let failed = unit.join.iter().find_map(|join| self.work(join).err());
        if self.connection.is_autocommit() {
            let misuse = ffi::Error::new(ffi::SQLITE_MISUSE);
            let text = "joined work has ended the store's transaction, which it must not";
            return Err(SqliteError::SqliteFailure(misuse, Some(text.into())));
        }
        let end = match failed {
            Some(_) => "ROLLBACK TO joined; RELEASE joined",
            None => "RELEASE joined",
        };
        self.connection.execute_batch(end)?;
        Ok(failed)
    }

    fn work(&self, join: &Join) -> Result<(), Outcome> {
        let Some(Work(work)) = join.work() else {
            return Err(Outcome::Rejected(join.not_for(NAME)));
        };
        match catch_unwind(AssertUnwindSafe(|| work(&self.connection))) {
            Ok(done) => done.map_err(|error| Outcome::JoinFailed(error.to_string())),
            Err(panic) => {
                let text = format!("the joined work panicked: {}", panic_text(&*panic));
                Err(Outcome::JoinFailed(text))
            }
        }
    }
}
