//! The schema's versions: what leads from each to the next, applied by one process at a time.

use super::{address::Address, error::Fault, session::Session};

/// What this build needs.
pub(super) const VERSION: i32 = 2;

/// The step to each version from the one before.
const STEPS: [&[&str]; VERSION as usize] = [
    &[
        include_str!("sql/001_tables.sql"),
        include_str!("sql/001_commit.sql"),
        include_str!("sql/001_take.sql"),
        include_str!("sql/001_beat.sql"),
    ],
    &[
        include_str!("sql/002_send.sql"),
        include_str!("sql/002_oldest.sql"),
    ],
];

/// Creates the schema or brings it up to date. A newer one is left alone.
pub(super) async fn migrate(session: &Session, address: &Address) -> Result<(), Fault> {
    session.run("BEGIN").await?;
    let done = apply(session, address).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = session.run(end).await;
    done.and(ended)
}

async fn apply(session: &Session, address: &Address) -> Result<(), Fault> {
    let schema = address.schema.as_str();
    session
        .query(
            "SELECT pg_advisory_xact_lock(hashtextextended('saga migration ' || $1, 0))",
            &[&schema],
        )
        .await?;
    let there = session
        .query("SELECT FROM pg_namespace WHERE nspname = $1", &[&schema])
        .await?;
    if there.is_empty() {
        session
            .run(&format!("CREATE SCHEMA {}", address.quoted_schema()))
            .await?;
    }
    let found = version(session, schema).await?;
    if found == 0 {
        let table = "CREATE TABLE migration (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())";
        session.run(table).await?;
    }
    for (version, step) in (1..).zip(STEPS).skip(usize::try_from(found).unwrap_or(0)) {
        for part in step {
            session.run(part).await?;
        }
        session
            .query("INSERT INTO migration (version) VALUES ($1)", &[&version])
            .await?;
    }
    Ok(())
}

/// The schema's version; 0 where there is none.
pub(super) async fn version(session: &Session, schema: &str) -> Result<i32, Fault> {
    let table = session
        .query(
            "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = 'migration'",
            &[&schema],
        )
        .await?;
    if table.is_empty() {
        return Ok(0);
    }
    let rows = session
        .query("SELECT coalesce(max(version), 0) FROM migration", &[])
        .await?;
    Ok(match rows.first() {
        Some(row) => row.try_get(0)?,
        None => 0,
    })
}
