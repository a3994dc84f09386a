//! The look at a server before work begins: everything that is wrong with it, at once.

use tokio_postgres::Row;

use super::{
    address::Address,
    error::Fault,
    migration::{self, VERSION},
    session::Session,
};
use crate::{Error, ErrorKind};

/// The oldest server that is known to do.
const OLDEST: i32 = 130_000;

/// What is asked of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demands {
    /// Migrations are applied afterwards.
    pub(super) migrate: bool,
    /// What is committed has to survive a loss of power.
    pub(super) durable: bool,
}

const SERVER: &str = "SELECT current_setting('server_version_num')::integer, current_setting('server_version'), \
    current_setting('fsync')::boolean, current_setting('full_page_writes')::boolean, pg_is_in_recovery(), \
    has_database_privilege(current_database(), 'CREATE'), current_user::text, \
    (SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1), \
    (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1)";

const TABLES: &str = "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND (CASE relkind \
        WHEN 'r' THEN NOT (has_table_privilege(c.oid, 'SELECT') AND (relname = 'migration' OR \
            has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') \
            AND has_table_privilege(c.oid, 'DELETE'))) \
        WHEN 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') ELSE false END) ORDER BY 1";

/// Fails with a list of all that is wrong.
pub(super) async fn check(session: &Session, address: &Address, demands: Demands) -> Result<(), Error> {
    let faults = faults(session, address, demands)
        .await
        .map_err(|fault| fault.explain(address, "look whether the server is fit"))?;
    if faults.is_empty() {
        return Ok(());
    }
    let newer = faults.iter().any(|fault| fault.contains("newer build"));
    let kind = if newer {
        ErrorKind::Corrupt
    } else {
        ErrorKind::Setup
    };
    Err(Error::new(
        kind,
        format!(
            "PostgreSQL at {address} is not fit for use:\n- {}",
            faults.join("\n- ")
        ),
    ))
}

async fn faults(session: &Session, address: &Address, demands: Demands) -> Result<Vec<String>, Fault> {
    let schema = address.schema.as_str();
    let rows = session.query(SERVER, &[&schema]).await?;
    let Some(server) = rows.first() else {
        return Ok(Vec::new());
    };
    let mut faults = of_server(server, demands)?;
    let usage: Option<bool> = server.try_get(7)?;
    let user: &str = server.try_get(6)?;
    match usage {
        None if !demands.migrate => faults.push(format!(
            "there is no schema `{schema}`, and migrations are not applied at start: call `PostgresOptions::migrate` once"
        )),
        None if !server.try_get::<_, bool>(5)? => faults.push(format!(
            "user {user} may not create schema `{schema}`: create it (CREATE SCHEMA {schema} AUTHORIZATION {user})"
        )),
        None => {}
        Some(false) => faults.push(format!(
            "user {user} may not use schema `{schema}`: GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}"
        )),
        Some(true) => faults.extend(of_schema(session, schema, server, demands).await?),
    }
    Ok(faults)
}

fn of_server(server: &Row, demands: Demands) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    let (number, version): (i32, &str) = (server.try_get(0)?, server.try_get(1)?);
    if number < OLDEST {
        faults.push(format!("it is of version {version}: 13 or newer is needed"));
    }
    if demands.durable && !server.try_get::<_, bool>(2)? {
        faults.push(
            "fsync is off, so that a loss of power loses what was committed: set fsync = on, or ask for no more \
             than `SynchronousCommit::Off` gives"
                .into(),
        );
    }
    if demands.durable && !server.try_get::<_, bool>(3)? {
        faults.push(
            "full_page_writes is off, so that a loss of power may damage tables: set full_page_writes = on"
                .into(),
        );
    }
    if server.try_get(4)? {
        faults.push("it is a replica that only reads: let the URL lead to the primary".into());
    }
    Ok(faults)
}

async fn of_schema(
    session: &Session,
    schema: &str,
    server: &Row,
    demands: Demands,
) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    let user: &str = server.try_get(6)?;
    let denied = session.query(TABLES, &[&schema]).await?;
    let denied: Vec<&str> = denied
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    if !denied.is_empty() {
        faults.push(format!(
            "user {user} may not read and write {} in schema `{schema}`: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL \
             TABLES and USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {user}",
            denied.join(", ")
        ));
        if denied.contains(&"migration") {
            return Ok(faults);
        }
    }
    let found = migration::version(session, schema).await?;
    if found > VERSION {
        faults.push(format!(
            "schema `{schema}` has version {found}, written by a newer build, and this one knows it up to {VERSION}: \
             start the newer build, or use another schema"
        ));
    }
    if found < VERSION && !demands.migrate {
        faults.push(format!(
            "schema `{schema}` has version {found}, this build needs {VERSION}, and migrations are not applied at \
             start: call `PostgresOptions::migrate` once"
        ));
    }
    if found < VERSION && demands.migrate && server.try_get::<_, Option<bool>>(8)? == Some(false) {
        faults.push(format!(
            "user {user} may not bring schema `{schema}` up to date: GRANT CREATE ON SCHEMA {schema} TO {user}, or \
             let its owner call `PostgresOptions::migrate`"
        ));
    }
    Ok(faults)
}
