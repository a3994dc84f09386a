//! The rows of messages, as they are claimed.

use std::sync::Arc;

use tokio_postgres::{Row, types::ToSql};

use super::{
    column::{Column, Time},
    error::{Fault, Remedy},
    node::micros_of,
    session::Session,
    take::whole,
};
use crate::store::{
    Claim, LEASE, Stored, Want,
    row::{read_envelope, read_history, wait_of},
};

const CLAIM: &str = "SELECT * FROM claim_1($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const NEXT_EPOCH: &str =
    "UPDATE lane SET epoch = epoch + 1 WHERE node = $1 AND lane = -1 RETURNING epoch, flight, claimed";

const GIVE_BACK: &str = "UPDATE message SET owner = NULL WHERE seq = ANY ($1) AND owner = $2";

/// What was claimed.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) messages: Vec<Stored>,
    /// For each claim: whether there is more.
    pub(super) more: Vec<bool>,
    pub(super) relay: Vec<Stored>,
}

/// Where the lane that claims stands. One claims at a time, so that after a break it is known what the last one had.
#[derive(Debug, Default)]
pub(super) struct Claims {
    standing: tokio::sync::Mutex<Standing>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    node: Option<i32>,
    epoch: i32,
    flight: i64,
    /// A claim is under way, or its answer was lost: nobody here knows of the rows it may have got.
    is_unsure: bool,
}

impl Claims {
    /// Claims what is wanted.
    pub(super) async fn claim(&self, session: &Session, node: i32, want: &Want) -> Result<Claimed, Fault> {
        if want.claims.is_empty() && want.relay == 0 {
            return Ok(Claimed::default());
        }
        let mut standing = self.standing.lock().await;
        if standing.node != Some(node) || standing.is_unsure {
            *standing = settle(session, node, *standing).await?;
        }
        standing.flight += 1;
        standing.is_unsure = true;
        let rows = ask(session, node, *standing, want).await;
        // A break leaves it open; what the server refused has claimed nothing.
        standing.is_unsure = rows
            .as_ref()
            .is_err_and(|fault| fault.remedy() == Remedy::Resolve);
        read(&rows?, want.claims.len())
    }
}

/// Moves the lane to its next epoch and gives back what was claimed for nobody.
async fn settle(session: &Session, node: i32, before: Standing) -> Result<Standing, Fault> {
    let rows = session.query(NEXT_EPOCH, &[&node]).await?;
    let row = rows.first().ok_or(Fault::Unregistered)?;
    let flight: i64 = row.try_get("flight")?;
    if before.is_unsure && before.node == Some(node) && before.flight == flight {
        let claimed: Option<Vec<i64>> = row.try_get("claimed")?;
        session.query(GIVE_BACK, &[&claimed, &node]).await?;
    }
    Ok(Standing {
        node: Some(node),
        epoch: row.try_get("epoch")?,
        flight,
        is_unsure: false,
    })
}

async fn ask(session: &Session, node: i32, standing: Standing, want: &Want) -> Result<Vec<Row>, Fault> {
    let (mut queues, mut consumers, mut limits) = (Column::default(), Column::default(), Column::default());
    for Claim {
        queue,
        consumer,
        limit,
    } in &want.claims
    {
        queues.text(queue);
        consumers.text(consumer.as_deref().unwrap_or(""));
        limits.long(whole(*limit).min(i64::MAX - 1));
    }
    let (lease, bytes, relay) = (micros_of(LEASE), whole(want.max_bytes), whole(want.relay));
    let parameters: [&(dyn ToSql + Sync); 9] = [
        &node,
        &standing.epoch,
        &standing.flight,
        &lease,
        &queues,
        &consumers,
        &limits,
        &bytes,
        &relay,
    ];
    session.query(CLAIM, &parameters).await
}

fn read(rows: &[Row], claims: usize) -> Result<Claimed, Fault> {
    let mut claimed = Claimed {
        more: vec![false; claims],
        ..Claimed::default()
    };
    for row in rows {
        let nth: i32 = row.try_get("claim")?;
        let nth = usize::try_from(nth - 1).unwrap_or(0);
        match row.try_get::<_, Option<bool>>("more")? {
            Some(more) => claimed
                .more
                .iter_mut()
                .skip(nth)
                .take(1)
                .for_each(|it| *it = more),
            None if nth < claims => claimed.messages.push(stored(row)?),
            None => claimed.relay.push(stored(row)?),
        }
    }
    claimed.messages.sort_unstable_by_key(|message| message.seq);
    claimed.relay.sort_unstable_by_key(|message| message.seq);
    Ok(claimed)
}

fn stored(row: &Row) -> Result<Stored, Fault> {
    let consumer: &str = row.try_get("consumer")?;
    let wait: i16 = row.try_get("wait")?;
    let number = |name| row.try_get::<_, i32>(name).map(i32::cast_unsigned);
    Ok(Stored {
        seq: row.try_get("seq")?,
        envelope: Arc::new(read_envelope(row.try_get("head")?, row.try_get("body")?)?),
        queue: row.try_get::<_, &str>("queue")?.into(),
        consumer: (!consumer.is_empty()).then(|| consumer.into()),
        wait: wait_of(wait.into())?,
        accepted_at: row.try_get::<_, Time>("accepted_at")?.0,
        attempts: number("attempts")?,
        crashes: number("crashes")?,
        suspect: row.try_get("suspect")?,
        history: read_history(row.try_get("history")?)?,
    })
}
