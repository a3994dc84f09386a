//! What is done every few seconds: renewing the lease, adopting the dead, seeing who else is there.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{intake::consumed, requests::REQUESTER, shared::Shared};
use crate::{
    Error,
    store::{Claim, Want},
};

/// How often.
const BEAT: Duration = Duration::from_secs(3);
/// How many beats lie between two looks for answers that nobody fetches: 5 min.
const SWEEP: u64 = 100;
/// An answer whose caller has not fetched it for so long never will be.
const UNFETCHED: Duration = Duration::from_secs(600);

/// Beats until the task is aborted.
pub(crate) async fn run(shared: Arc<Shared>) {
    for nth in 1_u64.. {
        let next = shared.now().saturating_add(BEAT).unwrap_or(Timestamp::MAX);
        shared.time.sleep_until(next).await;
        if let Err(error) = beat(&shared, nth).await {
            shared.health.bad(&error);
        }
    }
}

async fn beat(shared: &Shared, nth: u64) -> Result<(), Error> {
    while shared.store.beat().await?.more {
        tokio::task::yield_now().await;
    }
    // A store may fail to wake: what others left, and what dead nodes had claimed, is looked for all the same.
    shared.look_everywhere();
    if !shared.store.caps().shared {
        return Ok(());
    }
    // Other processes may have subscribed since.
    let asked = shared.time.ask();
    let opened = shared.store.open(&shared.node, &shared.routing.catalog()).await?;
    shared.time.told(asked, opened.now);
    shared.routing.subscribe(&opened.subscriptions);
    if nth.is_multiple_of(SWEEP) {
        sweep(shared).await?;
    }
    Ok(())
}

/// Drops answers whose callers are gone.
async fn sweep(shared: &Shared) -> Result<(), Error> {
    let since = shared.now().saturating_sub(UNFETCHED).unwrap_or(Timestamp::MIN);
    let queues = shared.store.inspect().queues().await?;
    let unfetched = queues.into_iter().filter(|queue| {
        queue.queue.starts_with(REQUESTER) && queue.oldest.is_some_and(|oldest| oldest < since)
    });
    for queue in unfetched {
        let want = Want {
            claims: vec![Claim {
                queue: queue.queue.into(),
                consumer: None,
                limit: shared.limits().batch,
            }],
            max_bytes: usize::MAX,
            ..Want::default()
        };
        let taken = shared.take(want).await?;
        tracing::debug!(
            count = taken.messages.len(),
            "answers that nobody fetched are dropped"
        );
        let seqs = taken.messages.iter().map(|stored| stored.seq);
        shared.commit(vec![consumed(seqs)]).await?;
    }
    Ok(())
}
