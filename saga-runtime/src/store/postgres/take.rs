//! Claims messages, loads instances, names what is due: statements that share one round trip.

use futures_util::future::try_join;

use super::{
    column::{Column, Time},
    error::Fault,
    instance,
    message::Claims,
    node::Member,
    session::{Line, Session},
};
use crate::{
    Timestamp,
    store::{Found, InboxEntry, InstanceId, Source, Taken, Want},
};

/// How often a take is tried again after the node was taken for dead.
const TRIES: u32 = 3;

/// The store's time, when the first waiting message is due, and one instance more than are to be named, of
/// those that this node opens.
const DUE: &str = "SELECT saga_now(), \
        (SELECT due FROM message WHERE owner IS NULL AND due IS NOT NULL ORDER BY due LIMIT 1), saga, key, due \
    FROM (SELECT) AS one LEFT JOIN LATERAL \
        (SELECT saga, key, due FROM instance i WHERE due IS NOT NULL AND EXISTS (SELECT FROM known_state s \
            WHERE s.node = $2 AND s.saga = i.saga AND s.state = i.state AND s.version >= i.saga_version) \
        ORDER BY due LIMIT $1) AS timer ON true";

const KNOWN: &str = "SELECT u.n FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u (id, consumer, n) \
    JOIN inbox i ON i.id = u.id AND i.consumer = u.consumer \
    WHERE i.at >= saga_now() - $3::bigint * interval '1 microsecond'";

const OLDEST: &str = "SELECT oldest_1($1, $2)";

/// Takes what is wanted.
pub(super) async fn take(line: &Line, claims: &Claims, member: &Member, want: &Want) -> Result<Taken, Fault> {
    let mut tries = 0;
    loop {
        let session = line.session().await?;
        let node = member.n()?;
        let fault = match take_once(&session, claims, node, member.retention(), want).await {
            Ok(taken) => return Ok(taken),
            Err(fault) => fault,
        };
        line.hang_up_after(&fault, &session).await;
        tries += 1;
        if !fault.is_unregistered() || tries == TRIES {
            return Err(fault);
        }
        member.rejoin(&session, node).await?;
    }
}

/// What is claimed comes first, so that what is told of the rest is what is left.
async fn take_once(
    session: &Session,
    claims: &Claims,
    node: i32,
    retention: i64,
    want: &Want,
) -> Result<Taken, Fault> {
    let claims = claims.claim(session, node, want);
    let looks = try_join(
        try_join(due(session, node, want.timers), oldest(session, &want.oldest)),
        try_join(
            instance::load(session, &want.instances, retention),
            known(session, &want.inbox, retention),
        ),
    );
    let (claimed, ((due, oldest), (instances, known))) = try_join(claims, looks).await?;
    Ok(Taken {
        now: due.now,
        messages: claimed.messages,
        more: claimed.more,
        instances,
        known,
        timers: due.timers,
        oldest,
        relay: claimed.relay,
        next_due: due.next,
    })
}

struct Due {
    now: Timestamp,
    timers: Vec<(InstanceId, Timestamp)>,
    next: Option<Timestamp>,
}

async fn due(session: &Session, node: i32, limit: usize) -> Result<Due, Fault> {
    let rows = session
        .query(DUE, &[&whole(limit).saturating_add(1), &node])
        .await?;
    let mut found = Due {
        now: Timestamp::MIN,
        timers: Vec::new(),
        next: None,
    };
    for row in &rows {
        found.now = row.try_get::<_, Time>(0)?.0;
        let waiting: Option<Time> = row.try_get(1)?;
        let timer: Option<Time> = row.try_get(4)?;
        match timer.map(|due| due.0) {
            Some(due) if due <= found.now && found.timers.len() < limit => {
                found.timers.push((instance::id(row, 2, 3)?, due));
            }
            due => {
                found.next = [due, waiting.map(|due| due.0)].into_iter().flatten().min();
                return Ok(found);
            }
        }
        found.next = waiting.map(|due| due.0);
    }
    Ok(found)
}

async fn known(session: &Session, entries: &[InboxEntry], retention: i64) -> Result<Vec<bool>, Fault> {
    let mut known = vec![false; entries.len()];
    if entries.is_empty() {
        return Ok(known);
    }
    let (mut ids, mut consumers) = (Column::default(), Column::default());
    for entry in entries {
        ids.uuid(entry.id.0);
        consumers.text(&entry.consumer);
    }
    for row in session.query(KNOWN, &[&ids, &consumers, &retention]).await? {
        let n: i64 = row.try_get(0)?;
        let nth = usize::try_from(n - 1).unwrap_or(usize::MAX);
        known.iter_mut().skip(nth).take(1).for_each(|it| *it = true);
    }
    Ok(known)
}

async fn oldest(session: &Session, sources: &[Source]) -> Result<Vec<Option<Timestamp>>, Fault> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let (mut queues, mut consumers) = (Column::default(), Column::default());
    for source in sources {
        queues.text(&source.queue);
        consumers.text(&source.consumer);
    }
    let rows = session.query(OLDEST, &[&queues, &consumers]).await?;
    let oldest: Vec<Option<Time>> = match rows.first() {
        Some(row) => row.try_get(0)?,
        None => vec![None; sources.len()],
    };
    Ok(oldest.into_iter().map(|at| at.map(|at| at.0)).collect())
}

/// A number of rows or bytes for the server.
pub(super) fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What a look-up of one instance found.
pub(super) async fn find(line: &Line, member: &Member, id: InstanceId) -> Result<Found, Fault> {
    let session = line.session().await?;
    let found = instance::load(&session, &[id], member.retention()).await;
    if let Err(fault) = &found {
        line.hang_up_after(fault, &session).await;
    }
    Ok(found?.pop().unwrap_or(Found::Absent))
}
