//! A schema of its own on a PostgreSQL server, for one test.

use std::{
    net::{TcpStream, ToSocketAddrs as _},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use saga_runtime::store::{Postgres, PostgresOptions};
use tokio_postgres::{Client, Config, NoTls};

/// Where the server is, unless `SAGA_POSTGRES_URL` says otherwise.
const HERE: &str = "postgres://postgres@127.0.0.1:5432/test";

/// A schema that is dropped with this.
pub struct Schema {
    url: String,
    name: String,
}

impl Schema {
    /// `None`, said aloud, where there is no server; with `CI=true` that is a failure.
    pub fn new() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("SAGA_POSTGRES_URL").unwrap_or_else(|_| HERE.to_owned());
        if !answers(&url) {
            assert!(
                std::env::var("CI").is_err(),
                "no PostgreSQL server answers: start one, or set SAGA_POSTGRES_URL"
            );
            eprintln!("skipped: no PostgreSQL server answers; start one, or set SAGA_POSTGRES_URL");
            return None;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("saga_test_{}_{number}", std::process::id());
        Some(Self { url, name })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the server listens.
    pub fn host(&self) -> String {
        let config: Config = self.url.parse().unwrap();
        match &config.get_hosts()[0] {
            tokio_postgres::config::Host::Tcp(host) => {
                format!("{host}:{}", config.get_ports().first().copied().unwrap_or(5432))
            }
            tokio_postgres::config::Host::Unix(_) => panic!("SAGA_POSTGRES_URL names a TCP port"),
        }
    }

    /// The way to it through another port of this machine.
    pub fn options_through(&self, port: u16) -> PostgresOptions {
        let here = self.url.replace(&self.host(), &format!("127.0.0.1:{port}"));
        Postgres::options(here).schema(&self.name)
    }

    pub fn options(&self) -> PostgresOptions {
        Postgres::options(&self.url).schema(&self.name)
    }

    pub async fn connect(&self) -> Postgres {
        self.options().connect().await.unwrap()
    }

    /// Creates the tables and lets them ask a table of the test's own for the time, in microseconds since 1970.
    pub async fn stop_clock(&self, micros: i64) {
        self.options().migrate().await.unwrap();
        let own = format!(
            "CREATE TABLE IF NOT EXISTS own_clock AS SELECT to_timestamp(0) + {micros} * interval '1 microsecond' AS at; \
             CREATE OR REPLACE FUNCTION saga_now() RETURNS timestamptz LANGUAGE plpgsql AS \
             'BEGIN RETURN (SELECT at FROM own_clock); END'"
        );
        self.client().await.batch_execute(&own).await.unwrap();
    }

    /// A connection of the test's own, with the schema in its path.
    pub async fn client(&self) -> Client {
        client(&self.url, &self.name).await
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (url, name) = (self.url.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let drop = format!("DROP SCHEMA IF EXISTS {name} CASCADE");
                client(&url, &name).await.batch_execute(&drop).await.unwrap();
            });
        });
        assert!(
            dropping.join().is_ok() || std::thread::panicking(),
            "the schema is dropped"
        );
    }
}

pub async fn client(url: &str, schema: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!(
            "SET client_min_messages = warning; SET search_path TO {schema}"
        ))
        .await
        .unwrap();
    client
}

/// Whether somebody listens where the URL points.
fn answers(url: &str) -> bool {
    let config: Config = url.parse().expect("SAGA_POSTGRES_URL is a URL");
    let port = config.get_ports().first().copied().unwrap_or(5432);
    config.get_hosts().iter().any(|host| match host {
        tokio_postgres::config::Host::Tcp(name) => {
            (name.as_str(), port).to_socket_addrs().is_ok_and(|mut all| {
                all.any(|at| TcpStream::connect_timeout(&at, Duration::from_secs(2)).is_ok())
            })
        }
        tokio_postgres::config::Host::Unix(path) => path.exists(),
    })
}
