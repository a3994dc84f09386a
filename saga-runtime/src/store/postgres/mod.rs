//! Everything in one schema of a PostgreSQL database, which many processes share.
//!
//! See [`lane`] for how commits share a statement and what happens when a connection breaks, `sql/` for the tables and
//! the functions that do the work on the server, [`bell`] for how processes hear of each other's messages.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::JoinSet;
use tokio_postgres::types::ToSql;

use self::{
    address::Address,
    bell::Bell,
    column::{Column, Time},
    error::Fault,
    lane::Common,
    message::Claims,
    node::Member,
    numbers::Numbers,
    queue::Lanes,
    session::{Line, Purpose},
};
use super::{
    Beat, Catalog, Durability, Inspect, Node, Opened, Outcome, Sending, Statement, Store, StoreCaps,
    Subscription, Taken, Unit, Want,
};
use crate::{Error, Timestamp, service::BoxFuture};

mod address;
mod bell;
mod check;
mod column;
mod dead_letter;
mod error;
mod flight;
mod inspect;
mod instance;
mod join;
mod lane;
mod message;
mod migration;
mod node;
mod numbers;
mod options;
mod queue;
mod session;
mod statement;
mod take;
mod tls;

pub use options::{PostgresOptions, SynchronousCommit};

/// A store in a schema of a PostgreSQL database: many processes may serve from it, and each takes over the work of one
/// that dies.
///
/// ```no_run
/// # async fn open() -> Result<(), saga_runtime::Error> {
/// use saga_runtime::store::{Postgres, SynchronousCommit};
///
/// let store = Postgres::connect("postgres://shop:secret@db.example/shop?sslmode=verify-full").await?;
/// let other = Postgres::options("postgres://shop@localhost/shop")
///     .schema("returns")
///     .synchronous_commit(SynchronousCommit::Off)
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// Needs PostgreSQL 13 or newer; tested with 15. To have one on a laptop: `apt install postgresql`, or
/// `docker run -p 5432:5432 -e POSTGRES_PASSWORD=secret postgres:15`.
///
/// TLS follows `sslmode` in the URL, as in PostgreSQL's own clients: `disable`, `prefer` (unless said otherwise),
/// `require` (encrypted, whoever the server is) and `verify-full` (its certificate has to name it, by an authority in
/// the PEM file `sslrootcert` or one that the platform trusts). Nothing it prints or returns holds the password.
///
/// Connections are opened anew when they break, and work goes on by itself. It connects directly, or through a pooler
/// that keeps sessions apart; one that pools transactions is no use to it, since sessions are set up.
///
/// Times are kept in whole microseconds, by the server's clock. Dropping it ends the process's hold as a crash would;
/// [`Store::close`] gives everything back.
pub struct Postgres {
    common: Arc<Common>,
    lanes: Lanes,
    takes: Arc<Line>,
    claims: Claims,
    desk: Line,
    synchronous_commit: SynchronousCommit,
    tasks: Mutex<JoinSet<()>>,
    flying: Mutex<JoinSet<()>>,
}

impl Postgres {
    /// Connects to the database that `url` names, and creates the tables in schema `saga` or brings them up to date.
    ///
    /// # Errors
    /// `Setup` or `Corrupt` with a list of everything that is wrong; `Unavailable` if the server cannot be reached.
    pub async fn connect(url: impl Into<String>) -> Result<Self, Error> {
        Self::options(url).connect().await
    }

    /// Connects otherwise than [`connect`](Self::connect) does.
    pub fn options(url: impl Into<String>) -> PostgresOptions {
        PostgresOptions::new(url.into())
    }

    fn start(address: Address, lanes: usize, synchronous_commit: SynchronousCommit) -> Self {
        let sync = synchronous_commit == SynchronousCommit::On;
        let number = i32::try_from(lanes).unwrap_or(1);
        let common = Arc::new(Common {
            address: address.clone(),
            purpose: Purpose::Commit { sync },
            member: Member::new(number),
            numbers: Numbers::default(),
            bell: Bell::default(),
        });
        let takes = Arc::new(Line::new(address.clone(), Purpose::Take));
        let (lanes, queue) = Lanes::new();
        let mut flying = JoinSet::new();
        for nth in 0..number {
            flying.spawn(lane::serve(Arc::clone(&common), nth, queue.clone()));
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(bell::tell(Arc::clone(&common), Arc::clone(&takes)));
        tasks.spawn(bell::listen(Arc::clone(&common)));
        Self {
            common,
            lanes,
            takes,
            claims: Claims::default(),
            desk: Line::new(address, Purpose::Desk),
            synchronous_commit,
            tasks: Mutex::new(tasks),
            flying: Mutex::new(flying),
        }
    }

    fn explain(&self, fault: Fault, operation: &str) -> Error {
        fault.explain(&self.common.address, operation)
    }

    async fn enlist(&self, node: &Node, catalog: &Catalog) -> Result<Opened, Fault> {
        if self.common.member.join(&self.desk, node, catalog).await? {
            self.common.bell.ring();
        }
        let (_, ready) = self.common.member.beat(&self.desk).await?;
        if ready {
            self.common.bell.ring();
        }
        self.subscribe(&catalog.subscriptions).await
    }

    async fn subscribe(&self, subscriptions: &[Subscription]) -> Result<Opened, Fault> {
        let (mut events, mut queues) = (Column::default(), Column::default());
        for subscription in subscriptions {
            events.text(&subscription.event);
            queues.text(&subscription.queue);
        }
        if !subscriptions.is_empty() {
            let parameters: [&(dyn ToSql + Sync); 2] = [&events, &queues];
            self.desk.query(SUBSCRIBE, &parameters).await?;
        }
        let rows = self.desk.query(SUBSCRIPTIONS, &[]).await?;
        let mut opened = Opened {
            now: Timestamp::MIN,
            subscriptions: Vec::new(),
        };
        for row in &rows {
            opened.now = row.try_get::<_, Time>(0)?.0;
            if let (Some(event), Some(queue)) = (row.try_get::<_, Option<&str>>(1)?, row.try_get(2)?) {
                let queue: &str = queue;
                opened.subscriptions.push(Subscription {
                    event: event.into(),
                    queue: queue.into(),
                });
            }
        }
        Ok(opened)
    }

    async fn beat_once(&self) -> Result<Beat, Error> {
        let beaten = self.common.member.beat(&self.desk).await;
        let (beat, ready) =
            beaten.map_err(|fault| self.explain(fault, "renew the lease and collect garbage"))?;
        if ready {
            self.common.bell.ring();
        }
        Ok(beat)
    }

    async fn give_back(&self) -> Result<(), Error> {
        self.lanes.close();
        let mut flying = std::mem::take(&mut *self.flying.lock().unwrap_or_else(PoisonError::into_inner));
        while flying.join_next().await.is_some() {}
        let left = self.common.member.leave(&self.desk).await;
        if left.is_ok() {
            let told = "SELECT pg_notify($1, '')";
            let channel = bell::channel(&self.common);
            // Whoever is not told looks by himself.
            let _ = self.desk.query(told, &[&channel]).await;
        }
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        self.takes.close().await;
        self.desk.close().await;
        left.map_err(|fault| self.explain(fault, "give back what is claimed"))
    }
}

const SUBSCRIBE: &str = "INSERT INTO subscription (event, queue) \
    SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING";

/// The store's time, and the subscriptions, if any.
const SUBSCRIPTIONS: &str = "SELECT saga_now(), event, queue FROM (SELECT) AS one LEFT JOIN subscription ON true \
    ORDER BY event, queue";

impl Store for Postgres {
    fn caps(&self) -> StoreCaps {
        StoreCaps {
            name: "postgres",
            shared: true,
            durability: match self.synchronous_commit {
                SynchronousCommit::On => Durability::Power,
                SynchronousCommit::Off => Durability::Process,
            },
        }
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        Box::pin(async move {
            let opened = self.enlist(node, catalog).await;
            opened.map_err(|fault| self.explain(fault, "register this process"))
        })
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        Box::pin(async move {
            let taken = take::take(&self.takes, &self.claims, &self.common.member, &want).await;
            taken.map_err(|fault| self.explain(fault, "take messages"))
        })
    }

    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        Box::pin(self.lanes.commit(units))
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>> {
        Box::pin(self.beat_once())
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.common.bell.heard())
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.give_back())
    }

    fn statement(&self, sending: &Sending) -> Result<Statement, Error> {
        self.statement_of(sending)
    }

    fn inspect(&self) -> &dyn Inspect {
        self
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("address", &self.common.address)
            .field("synchronous_commit", &self.synchronous_commit)
            .finish_non_exhaustive()
    }
}
