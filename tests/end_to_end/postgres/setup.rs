//! Set-up: migrations, what is wrong with a server told at once, and what is never told.

use std::net::SocketAddr;

use futures_util::future::join_all;
use saga_runtime::{
    Error, ErrorKind,
    store::{Postgres, Store as _, SynchronousCommit},
};

use saga_tests::postgres::Cluster;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::servers::{self, Schema};

fn refused(connected: Result<Postgres, Error>) -> Error {
    match connected {
        Ok(_) => panic!("not refused"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn migrations_are_applied_once_however_many_begin_at_once() {
    let Some(schema) = Schema::new() else { return };
    let applied = join_all((0..4).map(|_| async { schema.options().migrate().await })).await;
    applied.into_iter().for_each(Result::unwrap);
    schema.options().migrate().await.unwrap();
    let versions = "SELECT count(*) FROM migration";
    let row = schema.client().await.query_one(versions, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 2, "one for each version");
    schema.options().migrate_at_start(false).connect().await.unwrap();
}

#[tokio::test]
async fn a_schema_of_an_older_build_is_brought_up_to_date_with_what_is_in_it() {
    let Some(schema) = Schema::new() else { return };
    schema.options().migrate().await.unwrap();
    let client = schema.client().await;
    let older = "DROP FUNCTION send_1; DROP INDEX message_held; DELETE FROM migration WHERE version = 2; \
        INSERT INTO subscription VALUES ('Billed', 'warehouse')";
    client.batch_execute(older).await.unwrap();
    let error = refused(schema.options().migrate_at_start(false).connect().await);
    assert!(
        error.to_string().contains("has version 1, this build needs 2"),
        "{error}"
    );
    schema.connect().await;
    let there = "SELECT to_regprocedure('send_1(text)') IS NOT NULL, (SELECT event FROM subscription)";
    let there = client.query_one(there, &[]).await.unwrap();
    assert_eq!((there.get(0), there.get(1)), (true, "Billed"));
}

#[tokio::test]
async fn without_migrations_at_start_a_missing_schema_is_refused_with_the_remedy() {
    let Some(schema) = Schema::new() else { return };
    let error = refused(schema.options().migrate_at_start(false).connect().await);
    assert_eq!(error.kind(), ErrorKind::Setup);
    let text = error.to_string();
    assert!(
        text.contains(schema.name()) && text.contains("PostgresOptions::migrate"),
        "{text}"
    );
}

#[tokio::test]
async fn a_schema_that_a_newer_build_wrote_is_left_alone() {
    let Some(schema) = Schema::new() else { return };
    schema.options().migrate().await.unwrap();
    let newer = "INSERT INTO migration (version) VALUES (99)";
    schema.client().await.batch_execute(newer).await.unwrap();
    let error = refused(schema.options().connect().await);
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(
        error
            .to_string()
            .contains("has version 99, written by a newer build"),
        "{error}"
    );
}

#[tokio::test]
async fn missing_rights_are_told_all_at_once() {
    let Some(schema) = Schema::new() else { return };
    schema.options().migrate().await.unwrap();
    let (client, user) = (schema.client().await, format!("{}_guest", schema.name()));
    let set_up = format!(
        "CREATE ROLE {user} LOGIN; GRANT USAGE ON SCHEMA {0} TO {user}; \
         GRANT SELECT ON migration, instance TO {user}; DELETE FROM migration;",
        schema.name()
    );
    client.batch_execute(&set_up).await.unwrap();
    let url = schema.url().replacen("postgres@", &format!("{user}@"), 1);
    let error = refused(Postgres::options(url).schema(schema.name()).connect().await);
    client
        .batch_execute(&format!("DROP OWNED BY {user}; DROP ROLE {user}"))
        .await
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Setup);
    let text = error.to_string();
    assert!(
        text.contains("may not read and write") && text.contains("message_block"),
        "{text}"
    );
    assert!(text.contains("may not bring schema"), "{text}");
    assert!(
        text.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES"),
        "{text}"
    );
}

/// A server that lets nobody in, as one does whose `pg_hba.conf` asks for passwords; it serves one connection.
async fn knows_another_password() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let _startup = client.read(&mut [0; 1_024]).await.unwrap();
        let fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"shop\"\0\0";
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        let refusal = [b"E", &length[..], fields].concat();
        client.write_all(&refusal).await.unwrap();
    });
    address
}

#[tokio::test]
async fn a_wrong_password_is_told_with_the_remedy_and_not_shown() {
    let server = knows_another_password().await;
    let url = format!("postgres://shop:secret-word@{server}/shop?sslmode=disable");
    let error = refused(Postgres::connect(url).await);
    assert_eq!(error.kind(), ErrorKind::Setup);
    let text = format!("{error} {error:?}");
    for said in [
        &format!("{server}/shop"),
        "could not connect",
        "password",
        "pg_hba.conf",
    ] {
        assert!(text.contains(said), "{said} is missing in {text}");
    }
    assert!(!text.contains("secret-word"), "{text}");
}

#[tokio::test]
async fn a_user_and_a_database_that_do_not_exist_are_told_with_the_remedy() {
    let Some(schema) = Schema::new() else { return };
    let stranger = schema.url().replacen("postgres@", "atlantean@", 1);
    let error = refused(Postgres::connect(stranger).await);
    assert_eq!(error.kind(), ErrorKind::Setup);
    assert!(error.to_string().contains("Check user and password"), "{error}");
    let (server, _) = schema.url().rsplit_once('/').unwrap();
    let error = refused(Postgres::connect(format!("{server}/atlantis")).await);
    assert_eq!(error.kind(), ErrorKind::Setup);
    assert!(error.to_string().contains("createdb"), "{error}");
}

#[tokio::test]
async fn neither_errors_nor_debug_output_hold_the_password() {
    let nobody = "postgres://shop:secret-word@127.0.0.1:1/shop?sslmode=disable";
    let options = Postgres::options(nobody);
    assert!(!format!("{options:?}").contains("secret-word"));
    let error = refused(options.connect().await);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let text = format!("{error} {error:?}");
    assert!(!text.contains("secret-word"), "{text}");
    assert!(
        text.contains("127.0.0.1:1/shop") && text.contains("Check that the server runs"),
        "{text}"
    );

    let garbled = refused(Postgres::connect("postgres://shop:secret-word@[::1/shop").await);
    assert!(
        !format!("{garbled} {garbled:?}").contains("secret-word"),
        "{garbled}"
    );
    let Some(schema) = Schema::new() else { return };
    let store = schema.connect().await;
    assert!(!format!("{store:?}").contains("postgres@"));
    store.close().await.unwrap();
}

#[tokio::test]
async fn names_that_are_no_schema_and_modes_that_are_none_are_refused_in_words() {
    let url = "postgres://shop@localhost/shop";
    for name in ["", "Shop", "1st", "pg_shop", "a\"b", &"x".repeat(49)] {
        let error = refused(Postgres::options(url).schema(name).connect().await);
        assert_eq!(error.kind(), ErrorKind::Setup, "{name}");
        assert!(
            error
                .to_string()
                .contains("cannot be the name of a PostgreSQL schema"),
            "{error}"
        );
    }
    let error = refused(Postgres::connect(format!("{url}?sslmode=verify-ca")).await);
    assert!(
        error
            .to_string()
            .contains("use disable, prefer, require or verify-full"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_told_all_at_once() {
    let unsafe_settings = "\nfsync = off\nfull_page_writes = off\n";
    let Some(cluster) = Cluster::start_with(unsafe_settings, &[]).unwrap() else {
        return;
    };
    let url = |user: &str| format!("postgres://{user}@{}/postgres", cluster.address());
    let client = servers::client(&url("postgres"), "public").await;
    client.batch_execute("CREATE ROLE guest LOGIN").await.unwrap();
    cluster.demote().unwrap();
    let text = refused(Postgres::connect(url("guest")).await).to_string();
    for said in [
        "set fsync = on",
        "set full_page_writes = on",
        "let the URL lead to the primary",
        "CREATE SCHEMA saga AUTHORIZATION guest",
    ] {
        assert!(text.contains(said), "{said} is missing in\n{text}");
    }
    let lenient = Postgres::options(url("postgres")).synchronous_commit(SynchronousCommit::Off);
    let text = refused(lenient.connect().await).to_string();
    assert_eq!(text.lines().count(), 2, "that it only reads is left:\n{text}");
}
