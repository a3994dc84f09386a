//! This process among those on the database: its number, its lease, what it knows.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::types::ToSql;

use super::{
    column::Column,
    error::Fault,
    session::{Line, Session},
};
use crate::{
    Error, ErrorKind,
    store::{Beat, Catalog, LEASE, Node},
};

/// The most rows of each kind that one beat removes.
const GARBAGE: i64 = 1_000;

const REGISTER: &str = "WITH me AS (INSERT INTO node (n, id, lease_until) \
        SELECT nextval('node_number'), $1, saga_now() + $2::bigint * interval '1 microsecond' RETURNING n) \
    INSERT INTO lane (node, lane) SELECT n, generate_series(-1, $3 - 1) FROM me RETURNING node";

/// The lanes are closed by now, or will find that theirs is gone.
const LEAVE: &str = "WITH lanes AS (DELETE FROM lane WHERE node = $1), me AS (DELETE FROM node WHERE n = $1) \
    UPDATE message SET owner = NULL WHERE owner = $1 AND owner IS NOT NULL";

const LAPSE: &str = "UPDATE node SET lease_until = '-infinity' WHERE n = $1";

const BEAT: &str = "SELECT * FROM beat_1($1, $2, $3, $4)";

const KNOW_MESSAGES: &str = "INSERT INTO known_message (node, queue, name, consumer, version) \
    SELECT $1, queue, name, consumer, max(version) \
    FROM unnest($2::text[], $3::text[], $4::text[], $5::integer[]) AS u (queue, name, consumer, version) GROUP BY 2, 3, 4 \
    ON CONFLICT (node, queue, name, consumer) DO UPDATE SET version = excluded.version";

const KNOW_STATES: &str = "INSERT INTO known_state (node, saga, state, version) \
    SELECT $1, saga, state, max(version) \
    FROM unnest($2::text[], $3::text[], $4::integer[]) AS u (saga, state, version) GROUP BY 2, 3 \
    ON CONFLICT (node, saga, state) DO UPDATE SET version = excluded.version";

/// A node as it is registered.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    /// Its number, which claimed rows carry.
    pub(super) n: i32,
    node: Node,
    catalog: Catalog,
}

/// The one that this handle serves, if any.
#[derive(Debug)]
pub(super) struct Member {
    lanes: i32,
    registered: Mutex<Option<Registered>>,
    /// Held while registering, so that several who find the node gone do it once.
    registering: tokio::sync::Mutex<()>,
}

impl Member {
    pub(super) fn new(lanes: i32) -> Self {
        Self {
            lanes,
            registered: Mutex::default(),
            registering: tokio::sync::Mutex::default(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Registered>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its number.
    pub(super) fn n(&self) -> Result<i32, Error> {
        self.lock().as_ref().map(|me| me.n).ok_or_else(not_open)
    }

    /// Its number, if it has one.
    pub(super) fn number(&self) -> Option<i32> {
        self.lock().as_ref().map(|me| me.n)
    }

    /// How long ids and tombstones are kept, in microseconds.
    pub(super) fn retention(&self) -> i64 {
        let retention = self.lock().as_ref().map(|me| me.node.limits.retention);
        retention.map_or(0, micros_of)
    }

    /// Registers a node, or adds to what it knows; whether it is new.
    pub(super) async fn join(&self, desk: &Line, node: &Node, catalog: &Catalog) -> Result<bool, Fault> {
        let _alone = self.registering.lock().await;
        let mine = self.lock().clone();
        let is_new = mine.as_ref().is_none_or(|me| me.node.id != node.id);
        if is_new {
            if let Some(before) = mine {
                desk.query(LAPSE, &[&before.n]).await?;
            }
            let n = register(&*desk.session().await?, node, self.lanes).await?;
            *self.lock() = Some(Registered {
                n,
                node: node.clone(),
                catalog: Catalog::default(),
            });
        }
        let Some(me) = self.learn(catalog) else {
            return Ok(is_new);
        };
        tell(&*desk.session().await?, &me).await?;
        Ok(is_new)
    }

    /// Adds to what is known; nothing if that was known already.
    fn learn(&self, catalog: &Catalog) -> Option<Registered> {
        let mut registered = self.lock();
        let me = registered.as_mut()?;
        let before = (me.catalog.messages.len(), me.catalog.sagas.len());
        me.catalog.extend(catalog);
        let after = (me.catalog.messages.len(), me.catalog.sagas.len());
        (before != after).then(|| me.clone())
    }

    /// Registers anew after number `gone` was taken for dead.
    pub(super) async fn rejoin(&self, session: &Session, gone: i32) -> Result<(), Fault> {
        let _alone = self.registering.lock().await;
        let Some(me) = self.lock().clone().filter(|me| me.n == gone) else {
            return Ok(());
        };
        tracing::warn!(
            "this process did not renew its lease in time and was taken for dead: what it had claimed was given to others"
        );
        let me = Registered {
            n: register(session, &me.node, self.lanes).await?,
            ..me
        };
        tell(session, &me).await?;
        *self.lock() = Some(me);
        Ok(())
    }

    /// Renews the lease, adopts, collects; and whether anything became ready.
    pub(super) async fn beat(&self, desk: &Line) -> Result<(Beat, bool), Fault> {
        let n = self.n()?;
        let parameters: [&(dyn ToSql + Sync); 4] = [&n, &micros_of(LEASE), &self.retention(), &GARBAGE];
        let rows = desk.query(BEAT, &parameters).await?;
        let Some(row) = rows.first() else {
            return Ok((Beat::default(), false));
        };
        if !row.try_get::<_, bool>("alive")? {
            self.rejoin(&*desk.session().await?, n).await?;
        }
        let beat = Beat {
            adopted: count(row.try_get("adopted")?),
            collected: count(row.try_get("collected")?),
            more: row.try_get("more")?,
        };
        let released: i64 = row.try_get("released")?;
        Ok((beat, beat.adopted > 0 || released > 0))
    }

    /// Gives everything back.
    pub(super) async fn leave(&self, desk: &Line) -> Result<(), Fault> {
        let Some(me) = self.lock().take() else {
            return Ok(());
        };
        desk.query(LEAVE, &[&me.n]).await?;
        Ok(())
    }
}

async fn register(session: &Session, node: &Node, lanes: i32) -> Result<i32, Fault> {
    let rows = session
        .query(REGISTER, &[&node.id.0, &micros_of(LEASE), &lanes])
        .await?;
    match rows.first() {
        Some(row) => Ok(row.try_get(0)?),
        None => Err(not_open().into()),
    }
}

/// Writes down what a node knows.
async fn tell(session: &Session, me: &Registered) -> Result<(), Fault> {
    let (mut queues, mut names) = (Column::default(), Column::default());
    let (mut consumers, mut versions) = (Column::default(), Column::default());
    for known in &me.catalog.messages {
        queues.text(&known.queue);
        names.text(&known.name);
        consumers.text(&known.consumer);
        versions.int(known.version.cast_signed());
    }
    let messages: [&(dyn ToSql + Sync); 5] = [&me.n, &queues, &names, &consumers, &versions];
    session.query(KNOW_MESSAGES, &messages).await?;
    let (mut sagas, mut states, mut versions) = (Column::default(), Column::default(), Column::default());
    for saga in &me.catalog.sagas {
        for state in &saga.states {
            sagas.text(&saga.name);
            states.text(state);
            versions.int(saga.version.cast_signed());
        }
    }
    session
        .query(KNOW_STATES, &[&me.n, &sagas, &states, &versions])
        .await?;
    Ok(())
}

/// A span in microseconds.
pub(super) fn micros_of(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn count(rows: i64) -> usize {
    usize::try_from(rows).unwrap_or(0)
}

fn not_open() -> Error {
    Error::new(
        ErrorKind::Setup,
        "the PostgreSQL store has not been opened for a node: call `Store::open` first",
    )
}
