//! How to connect.

use std::fmt;

use super::{
    Postgres,
    address::Address,
    check::{Demands, check},
    migration,
    session::{Purpose, Session},
};
use crate::Error;

/// The most connections that commit; past a few, more of them only take turns on the server.
const MOST_LANES: usize = 16;

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SynchronousCommit {
    /// Loss of power: each commit waits for the server's disk (and for synchronous standbys, where there are some).
    #[default]
    On,
    /// The death of this process. The last commits before the server's crash may be gone; the tables stay sound.
    Off,
}

/// How to connect to a [`Postgres`] store.
#[derive(Clone)]
pub struct PostgresOptions {
    url: String,
    schema: String,
    lanes: usize,
    migrate: bool,
    synchronous_commit: SynchronousCommit,
}

impl PostgresOptions {
    /// What [`Postgres::connect`] does; the methods below say otherwise.
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            schema: "saga".into(),
            lanes: 2,
            migrate: true,
            synchronous_commit: SynchronousCommit::default(),
        }
    }

    /// The schema of the tables: `saga` unless said otherwise. At most 48 lower-case letters, digits and underscores;
    /// several stores may share a database, each in its own.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// How many connections commit side by side: 2 unless said otherwise, 1 to 16. Three more are used for taking,
    /// looking and listening.
    #[must_use]
    pub fn lanes(mut self, lanes: usize) -> Self {
        self.lanes = lanes.clamp(1, MOST_LANES);
        self
    }

    /// Whether connecting creates the tables or brings them up to date, which needs the right to create in the schema:
    /// yes unless said otherwise. If not, [`migrate`](Self::migrate) has to be called by whoever has that right.
    #[must_use]
    pub fn migrate_at_start(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// What a commit survives; [`SynchronousCommit::On`] unless said otherwise.
    #[must_use]
    pub fn synchronous_commit(mut self, synchronous_commit: SynchronousCommit) -> Self {
        self.synchronous_commit = synchronous_commit;
        self
    }

    /// Connects, looks whether the server is fit, and brings the tables up to date.
    ///
    /// # Errors
    /// `Setup` or `Corrupt` with a list of everything that is wrong; `Unavailable` if the server cannot be reached.
    pub async fn connect(self) -> Result<Postgres, Error> {
        let address = Address::parse(&self.url, &self.schema)?;
        let session = open(&address).await?;
        let durable = self.synchronous_commit == SynchronousCommit::On;
        let demands = Demands {
            migrate: self.migrate,
            durable,
        };
        check(&session, &address, demands).await?;
        if self.migrate {
            apply(&session, &address).await?;
        }
        Ok(Postgres::start(address, self.lanes, self.synchronous_commit))
    }

    /// Creates the schema and its tables, or brings them up to date, and does nothing else. Several processes may do so
    /// at once; one does it and the others wait.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn migrate(&self) -> Result<(), Error> {
        let address = Address::parse(&self.url, &self.schema)?;
        let session = open(&address).await?;
        let demands = Demands {
            migrate: true,
            durable: false,
        };
        check(&session, &address, demands).await?;
        apply(&session, &address).await
    }
}

async fn open(address: &Address) -> Result<Session, Error> {
    let opened = Session::open(address, Purpose::Desk, |_| {}).await;
    opened.map_err(|fault| fault.explain(address, "connect"))
}

async fn apply(session: &Session, address: &Address) -> Result<(), Error> {
    let applied = migration::migrate(session, address).await;
    applied.map_err(|fault| fault.explain(address, "bring the tables up to date"))
}

/// Without the URL, which may hold a password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("schema", &self.schema)
            .field("lanes", &self.lanes)
            .field("migrate_at_start", &self.migrate)
            .field("synchronous_commit", &self.synchronous_commit)
            .finish_non_exhaustive()
    }
}
