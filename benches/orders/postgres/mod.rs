//! The order process on a PostgreSQL server: by hand, and on the library.
//!
//! Each measurement has a database of its own, so that the server's counters are about it alone. The server is the one at
//! `SAGA_POSTGRES_URL`, or on this machine; its processor time is known only there.

mod ceiling;
mod load;
mod processes;

use std::time::Duration;

use saga_benches::Outcome;
use tokio_postgres::{Client, Config, NoTls};

use self::load::{Meter, Watched};
pub(crate) use self::{load::Load, processes::serve};
use crate::{
    library::{Backend, Shop},
    measured::Measured,
    nats, rabbitmq,
};

const HERE: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// A database for one measurement.
pub(crate) struct Database {
    server: Config,
    name: String,
}

impl Database {
    fn create() -> Outcome<Self> {
        let server: Config = std::env::var("SAGA_POSTGRES_URL")
            .as_deref()
            .unwrap_or(HERE)
            .parse()?;
        let name = format!("saga_bench_{}", std::process::id());
        let database = Self { server, name };
        database.administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name))?;
        database.administer(&format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    fn administer(&self, sql: &str) -> Outcome<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let (client, connection) = self.server.connect(NoTls).await?;
            tokio::spawn(connection);
            Ok(client.batch_execute(sql).await?)
        })
    }

    /// A connection to it.
    async fn client(&self) -> Outcome<Client> {
        let (client, connection) = self.server.clone().dbname(&self.name).connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    fn url(&self) -> Outcome<String> {
        let url = std::env::var("SAGA_POSTGRES_URL").unwrap_or_else(|_| HERE.to_owned());
        let (server, _) = url.rsplit_once('/').ok_or("SAGA_POSTGRES_URL names a database")?;
        Ok(format!("{server}/{}", self.name))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)) {
            eprintln!("database {} is left behind: {error}", self.name);
        }
    }
}

/// Whether there is a server.
pub(crate) fn is_there() -> bool {
    let there = Database::create();
    if let Err(error) = &there {
        eprintln!("PostgreSQL is not measured: {error}");
    }
    there.is_ok()
}

/// By hand.
pub(crate) fn by_hand(in_flight: usize, window: Duration) -> Outcome<Measured> {
    let database = Database::create()?;
    let meter = Meter::start(&database, window, Watched::default());
    let measured = ceiling::run(&database, in_flight, window)?;
    meter.complete(measured, window)
}

/// On the library.
pub(crate) fn on_the_library(in_flight: usize, window: Duration) -> Outcome<Measured> {
    let database = Database::create()?;
    let backend = Backend::Postgres(database.url()?);
    measure(&database, backend, None, in_flight, window)
}

/// On the library, from two processes.
pub(crate) fn of_two_processes(in_flight: usize, window: Duration) -> Outcome<Measured> {
    processes::run(&Database::create()?, in_flight, window)
}

/// On the library, its messages through RabbitMQ.
pub(crate) fn behind_rabbitmq(in_flight: usize, window: Duration) -> Outcome<Measured> {
    let database = Database::create()?;
    let store = Backend::Postgres(database.url()?);
    rabbitmq::before(store, |backend| {
        measure(&database, backend, Some("beam.smp"), in_flight, window)
    })
}

/// On the library, its messages through NATS.
pub(crate) fn behind_nats(in_flight: usize, window: Duration) -> Outcome<Measured> {
    let database = Database::create()?;
    let store = Backend::Postgres(database.url()?);
    nats::before(store, |backend| {
        measure(&database, backend, Some("nats-server"), in_flight, window)
    })
}

fn measure(
    database: &Database,
    backend: Backend,
    broker: Option<&'static str>,
    in_flight: usize,
    window: Duration,
) -> Outcome<Measured> {
    let shop = Shop::open(backend)?;
    let watched = Watched {
        broker,
        ..Watched::default()
    };
    let meter = Meter::start(database, window, watched);
    let measured = meter.complete(shop.measure(in_flight, window)?, window)?;
    shop.close()?;
    Ok(measured)
}
