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
    let Some(row) = rows.first() else {
        return Ok(Vec::new());
    };
    let server = Server::read(row)?;
    let mut faults = server.faults(schema, demands);
    if server.may_use_schema == Some(true) {
        faults.extend(of_schema(session, schema, &server, demands).await?);
    }
    Ok(faults)
}

/// A server as it describes itself.
#[derive(Clone, Debug)]
struct Server {
    number: i32,
    version: String,
    fsync: bool,
    full_page_writes: bool,
    only_reads: bool,
    may_create_schemas: bool,
    user: String,
    /// `None`: there is no schema.
    may_use_schema: Option<bool>,
    may_create_in_schema: Option<bool>,
}

impl Server {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            number: row.try_get(0)?,
            version: row.try_get(1)?,
            fsync: row.try_get(2)?,
            full_page_writes: row.try_get(3)?,
            only_reads: row.try_get(4)?,
            may_create_schemas: row.try_get(5)?,
            user: row.try_get(6)?,
            may_use_schema: row.try_get(7)?,
            may_create_in_schema: row.try_get(8)?,
        })
    }

    /// What is wrong with it, before it is asked for the tables.
    fn faults(&self, schema: &str, demands: Demands) -> Vec<String> {
        let (version, user) = (&self.version, &self.user);
        let mut faults = Vec::new();
        if self.number < OLDEST {
            faults.push(format!("it is of version {version}: 13 or newer is needed"));
        }
        if demands.durable && !self.fsync {
            faults.push(
                "fsync is off, so that a loss of power loses what was committed: set fsync = on, or ask for no more \
                 than `SynchronousCommit::Off` gives"
                    .into(),
            );
        }
        if demands.durable && !self.full_page_writes {
            faults.push(
                "full_page_writes is off, so that a loss of power may damage tables: set full_page_writes = on"
                    .into(),
            );
        }
        if self.only_reads {
            faults.push("it is a replica that only reads: let the URL lead to the primary".into());
        }
        match self.may_use_schema {
            None if !demands.migrate => faults.push(format!(
                "there is no schema `{schema}`, and migrations are not applied at start: call `PostgresOptions::migrate` \
                 once"
            )),
            None if !self.may_create_schemas => faults.push(format!(
                "user {user} may not create schema `{schema}`: create it (CREATE SCHEMA {schema} AUTHORIZATION {user})"
            )),
            Some(false) => faults.push(format!(
                "user {user} may not use schema `{schema}`: GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}"
            )),
            None | Some(true) => {}
        }
        faults
    }
}

async fn of_schema(
    session: &Session,
    schema: &str,
    server: &Server,
    demands: Demands,
) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    let user = &server.user;
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
    if found < VERSION && demands.migrate && server.may_create_in_schema == Some(false) {
        faults.push(format!(
            "user {user} may not bring schema `{schema}` up to date: GRANT CREATE ON SCHEMA {schema} TO {user}, or \
             let its owner call `PostgresOptions::migrate`"
        ));
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Demands = Demands {
        migrate: true,
        durable: true,
    };

    fn fit() -> Server {
        Server {
            number: 150_004,
            version: "15.4".into(),
            fsync: true,
            full_page_writes: true,
            only_reads: false,
            may_create_schemas: true,
            user: "shop".into(),
            may_use_schema: None,
            may_create_in_schema: None,
        }
    }

    #[test]
    fn nothing_is_said_of_a_server_that_is_fit() {
        assert!(fit().faults("saga", STRICT).is_empty());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_each_with_its_remedy() {
        let unfit = Server {
            number: 120_017,
            version: "12.17".into(),
            fsync: false,
            full_page_writes: false,
            only_reads: true,
            may_create_schemas: false,
            ..fit()
        };
        let faults = unfit.faults("saga", STRICT).join("\n");
        for said in [
            "of version 12.17: 13 or newer",
            "set fsync = on",
            "set full_page_writes = on",
            "let the URL lead to the primary",
            "CREATE SCHEMA saga AUTHORIZATION shop",
        ] {
            assert!(faults.contains(said), "{said} is missing in\n{faults}");
        }
        assert_eq!(unfit.faults("saga", STRICT).len(), 5);
    }

    #[test]
    fn who_asks_for_less_than_loss_of_power_is_not_told_of_the_disk() {
        let hasty = Server {
            fsync: false,
            full_page_writes: false,
            ..fit()
        };
        let lenient = Demands {
            durable: false,
            ..STRICT
        };
        assert!(hasty.faults("saga", lenient).is_empty());
    }
}
