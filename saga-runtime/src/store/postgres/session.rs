//! One connection, set up, with the statements it has prepared; and the place where it is kept and replaced.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::poll_fn;
use tokio::task::AbortHandle;
use tokio_postgres::{
    AsyncMessage, Client, Connection, Row, Socket, Statement, tls::TlsStream, types::ToSql,
};

use super::{address::Address, error::Fault};
use crate::{Error, hash::HashMap};

/// What every session is set to. Plans are pinned: all statements find their rows by index, whatever the statistics of
/// tables that are full at one moment and empty at the next may say.
const PINNED: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
    SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;";

/// What every session promises and how long it may hold others up.
const PROMISES: &str = "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; \
    SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '5s'; SET statement_timeout = 0; SET jit = off;";

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Commits, as durable as was asked for.
    Commit {
        /// Whether a commit waits for the disk.
        sync: bool,
    },
    /// Takes and looks up by key: a claim that a loss of power undoes has lost nothing.
    Take,
    /// Everything that is rare.
    Desk,
}

impl Purpose {
    fn settings(self) -> &'static str {
        match self {
            Self::Commit { sync: true } | Self::Desk => "SET synchronous_commit = on;",
            Self::Commit { sync: false } | Self::Take => "SET synchronous_commit = off;",
        }
    }

    fn plans(self) -> &'static str {
        match self {
            Self::Desk => "",
            Self::Commit { .. } | Self::Take => PINNED,
        }
    }
}

/// An open connection. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    prepared: Mutex<HashMap<&'static str, Statement>>,
    driver: AbortHandle,
}

impl Session {
    /// Connects and sets up; `heard` is told of notifications.
    pub(super) async fn open(
        address: &Address,
        purpose: Purpose,
        heard: impl Fn(&str) + Send + 'static,
    ) -> Result<Self, Fault> {
        let connector = address.trust.connector()?;
        let (client, connection) = address.config.connect(connector).await?;
        let driver = tokio::spawn(drive(connection, heard)).abort_handle();
        let session = Self {
            client,
            prepared: Mutex::default(),
            driver,
        };
        let schema = address.quoted_schema();
        let set_up = format!(
            "{PROMISES} {} {} SET search_path TO {schema};",
            purpose.settings(),
            purpose.plans()
        );
        session.client.batch_execute(&set_up).await?;
        Ok(session)
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a statement, prepared at its first use. Statements that are polled together share a round trip.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.query(&statement, parameters).await?)
    }

    /// Runs several statements, not prepared.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.client.batch_execute(sql).await?)
    }

    async fn prepare(&self, sql: &'static str) -> Result<Statement, Fault> {
        let known = self.prepared().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.prepared().insert(sql, statement.clone());
        Ok(statement)
    }

    fn prepared(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, Statement>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn drive<T: TlsStream + Unpin>(mut connection: Connection<Socket, T>, heard: impl Fn(&str)) {
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(notice))) => heard(notice.payload()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

/// Where a session is kept, opened when it is needed and opened anew when it broke.
#[derive(Debug)]
pub(super) struct Line {
    address: Address,
    purpose: Purpose,
    session: tokio::sync::Mutex<Option<Arc<Session>>>,
}

impl Line {
    pub(super) fn new(address: Address, purpose: Purpose) -> Self {
        Self {
            address,
            purpose,
            session: tokio::sync::Mutex::default(),
        }
    }

    pub(super) async fn session(&self) -> Result<Arc<Session>, Fault> {
        let mut place = self.session.lock().await;
        if let Some(session) = place.as_ref().filter(|session| !session.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session::open(&self.address, self.purpose, |_| {}).await?);
        *place = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Runs a statement.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        let session = self.session().await?;
        let result = session.query(sql, parameters).await;
        if let Err(fault) = &result {
            self.hang_up_after(fault, &session).await;
        }
        result
    }

    /// Runs a statement, its failure in words.
    pub(super) async fn ask(
        &self,
        operation: &str,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let result = self.query(sql, parameters).await;
        result.map_err(|fault| fault.explain(&self.address, operation))
    }

    /// Lets go of a session that is of no use any more.
    pub(super) async fn hang_up_after(&self, fault: &Fault, session: &Arc<Session>) {
        if !fault.ends_session() {
            return;
        }
        let mut place = self.session.lock().await;
        if place.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, session)) {
            *place = None;
        }
    }

    /// Closes it.
    pub(super) async fn close(&self) {
        *self.session.lock().await = None;
    }
}
