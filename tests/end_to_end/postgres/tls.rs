//! A server that speaks TLS, as far as `sslmode` asks for it.

use std::{cell::Cell, fs};

use saga_runtime::{
    Error, ErrorKind,
    store::{Postgres, Store as _},
};
use saga_tests::postgres::Cluster;
use tempfile::TempDir;

use crate::{certificates::certificates, order::eventually, servers::client};

/// A server with a certificate for its address, and the authority that made it out.
struct Secured {
    cluster: Cluster,
    folder: TempDir,
}

impl Secured {
    /// `None`, said aloud, where PostgreSQL is not installed.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let files = [
            ("server.pem", &*file("server.pem")),
            ("server.key", &*file("server.key")),
        ];
        let on = "\nssl = on\nssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'\n";
        let cluster = Cluster::start_with(on, &files).unwrap()?;
        Some(Self { cluster, folder })
    }

    /// The way to it by this name, with these parameters.
    fn url(&self, host: &str, parameters: &str) -> String {
        let port = self.cluster.address().port();
        format!("postgres://postgres@{host}:{port}/postgres?{parameters}")
    }

    /// With the authority that made out the server's certificate.
    fn trusting(&self, parameters: &str) -> String {
        let authority = self.folder.path().join("ca.pem");
        format!("{parameters}&sslrootcert={}", authority.display())
    }

    /// Whether the connections of a store are encrypted.
    async fn encrypts(&self, name: &str, parameters: &str) -> bool {
        let named = format!("application_name={name}&{parameters}");
        let store = Postgres::connect(self.url("127.0.0.1", &named)).await.unwrap();
        let client = client(&self.url("127.0.0.1", ""), "public").await;
        let all = "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
            WHERE a.application_name = $1";
        let encrypted = Cell::new(None);
        eventually("it is connected", async || {
            encrypted.set(client.query_one(all, &[&name]).await.unwrap().get(0));
            encrypted.get().is_some()
        })
        .await;
        store.close().await.unwrap();
        encrypted.get() == Some(true)
    }

    async fn refused(&self, host: &str, parameters: &str) -> Error {
        let refused = Postgres::connect(self.url(host, parameters)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Setup, "{refused}");
        refused
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_spoken_as_far_as_sslmode_asks_for_it() {
    let Some(server) = Secured::start() else { return };
    for (name, parameters) in [
        ("unasked", ""),
        ("preferred", "sslmode=prefer"),
        ("required", "sslmode=require"),
        ("vouched", &server.trusting("sslmode=require")),
        ("verified", &server.trusting("sslmode=verify-full")),
    ] {
        assert!(server.encrypts(name, parameters).await, "{parameters}");
    }
    assert!(!server.encrypts("disabled", "sslmode=disable").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_vouches_for_is_refused_with_the_remedy() {
    let Some(server) = Secured::start() else { return };
    let elsewhere = tempfile::tempdir().unwrap();
    certificates(elsewhere.path());
    let another = elsewhere.path().join("ca.pem");
    for mode in ["verify-full", "require"] {
        let by_another = format!("sslmode={mode}&sslrootcert={}", another.display());
        let refused = server.refused("127.0.0.1", &by_another).await.to_string();
        assert!(
            refused.contains("invalid peer certificate") && refused.contains("`sslrootcert`"),
            "{refused}"
        );
    }
    let by_another_name = server.trusting("sslmode=verify-full");
    let refused = server.refused("localhost", &by_another_name).await.to_string();
    assert!(refused.contains("not valid for name"), "{refused}");
    let nowhere = "sslmode=verify-full&sslrootcert=/nowhere/ca.pem";
    let refused = server.refused("127.0.0.1", nowhere).await.to_string();
    assert!(refused.contains("`/nowhere/ca.pem` cannot be used"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_where_it_is_required_and_told_so() {
    let Some(plain) = Cluster::start().unwrap() else {
        return;
    };
    let url = |mode: &str| format!("postgres://postgres@{}/postgres?sslmode={mode}", plain.address());
    let refused = Postgres::connect(url("require")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Setup, "{refused}");
    assert!(
        refused.to_string().contains("server does not support TLS"),
        "{refused}"
    );
    Postgres::connect(url("prefer")).await.unwrap();
}
