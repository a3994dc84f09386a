//! Whoever looks after the system once the faults are over: replays what was set aside and repaired, and waits for quiet.

use std::{sync::Arc, time::Duration};

use saga_runtime::{
    Error,
    dead_letter::{DeadLetterFilter, DeadMessage, Reason, StoredDeadLetter},
    store::{InstanceFilter, InstanceRow, Memory, QueueDepth, Store as _},
};

use crate::{
    clients::{Clients, STRAY, beside},
    cluster::Cluster,
    shop::{Count, Sale, contracts::Counted},
    world::World,
};

/// How often it looks.
const LOOK: Duration = Duration::from_secs(5);
/// The time within which a system without faults must come to rest.
const PATIENCE: Duration = Duration::from_secs(3 * 3_600);
/// The most rows of a kind that are looked at.
const ALL: usize = 1_000_000;

/// Looks after one run.
#[derive(Debug)]
pub struct Operator {
    /// What the run shares.
    pub world: Arc<World>,
    /// The nodes.
    pub cluster: Arc<Cluster>,
    /// The clients.
    pub clients: Arc<Clients>,
}

impl Operator {
    /// Looks after the system until it has come to rest, or has had all the time it should need.
    pub async fn bring_to_rest(&self) {
        if tokio::time::timeout(PATIENCE, self.look_after()).await.is_err() {
            let unrest = self.unrest().await;
            self.world
                .journal
                .violation(format!("no rest: {}", unrest.join("; ")));
        }
    }

    async fn look_after(&self) {
        // The broker may keep a message for so long; only then can it be known to be empty.
        tokio::time::sleep(Duration::from_secs(30)).await;
        let mut quiet = 0;
        while quiet < 2 {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.repair().await {
                self.world
                    .journal
                    .violation(format!("the operator is told: {error}"));
            }
            quiet = if self.unrest().await.is_empty() {
                quiet + 1
            } else {
                0
            };
        }
    }

    fn disk(&self) -> &Memory {
        self.cluster.disk()
    }

    /// Replays what can be handled now, and has stuck compensations tried again.
    async fn repair(&self) -> Result<(), Error> {
        let letters = self.letters().await?;
        let curable = letters.iter().filter(|stored| !is_stray(stored));
        let ids: Vec<_> = curable.map(|stored| stored.id).collect();
        for stored in letters.iter().filter(|stored| !is_stray(stored)) {
            if !is_curable(stored.letter.reason) {
                let text = format!("set aside: {:?}: {}", stored.letter.reason, stored.letter.detail);
                self.world.journal.violation(text);
            }
        }
        if ids.is_empty() && !self.instances().await?.iter().any(|row| row.parked.is_some()) {
            return Ok(());
        }
        let node = self.cluster.any().await;
        node.bus.inspect().replay(ids).await?;
        for row in self.instances().await? {
            if row.parked.is_some() {
                let retried = node
                    .bus
                    .inspect()
                    .retry_compensation(&row.id.saga, &row.id.key)
                    .await;
                drop(retried);
            }
        }
        Ok(())
    }

    /// All dead letters.
    pub async fn letters(&self) -> Result<Vec<StoredDeadLetter>, Error> {
        let filter = DeadLetterFilter {
            limit: ALL,
            ..DeadLetterFilter::default()
        };
        self.disk().inspect().dead_letters(filter).await
    }

    /// All live instances.
    pub async fn instances(&self) -> Result<Vec<InstanceRow>, Error> {
        let filter = InstanceFilter {
            limit: ALL,
            ..InstanceFilter::default()
        };
        self.disk().inspect().instances(filter).await
    }

    /// Message rows, but for answers whose callers are gone.
    pub async fn rows(&self) -> Result<Vec<QueueDepth>, Error> {
        let state = self.disk().inspect().queues().await?;
        let carried = self.cluster.queues().inspect().queues().await?;
        let ours = state
            .into_iter()
            .chain(carried)
            .filter(|queue| !queue.queue.starts_with("requester."));
        Ok(ours.collect())
    }

    /// Everything that keeps the system from being at rest.
    async fn unrest(&self) -> Vec<String> {
        let mut unrest = Vec::new();
        let busy = self.clients.busy();
        if busy > 0 {
            unrest.push(format!("{busy} clients wait"));
        }
        if let Ok(rows) = self.rows().await {
            unrest.extend(
                rows.iter()
                    .map(|row| format!("{} rows in {} {:?}", row.count, row.queue, row.wait)),
            );
        }
        let strays = beside(self.world.plan.orders) as usize;
        match self.letters().await {
            Ok(letters) if letters.len() == strays => {}
            Ok(letters) => unrest.push(format!("{} dead letters, {strays} are due", letters.len())),
            Err(error) => unrest.push(error.to_string()),
        }
        for row in self.instances().await.unwrap_or_default() {
            let counted =
                count(&row).is_some_and(|count| count.unlocked > 0 && count.settled > 0 && count.pauses >= 3);
            if !counted && sale(&row).is_none_or(|_| &*row.state != "Closed") {
                unrest.push(format!(
                    "`{}` of {} in {} {:?}",
                    row.id.key, row.id.saga, row.state, row.parked
                ));
            }
        }
        unrest
    }
}

/// What a live count holds.
pub fn count(row: &InstanceRow) -> Option<Count> {
    (&*row.id.saga == "Count").then(|| serde_json::from_slice(&row.data).ok())?
}

/// What a sale holds, which is never over.
pub fn sale(row: &InstanceRow) -> Option<Sale> {
    (&*row.id.saga == "Sale").then(|| serde_json::from_slice(&row.data).ok())?
}

/// A message for a count that is never opened.
pub fn is_stray(stored: &StoredDeadLetter) -> bool {
    let DeadMessage::Envelope(envelope) = &stored.letter.message else {
        return false;
    };
    let counted: Option<Counted> = serde_json::from_slice(&envelope.body).ok();
    stored.letter.reason == Reason::NoInstance && counted.is_some_and(|counted| counted.count >= STRAY)
}

/// What a person can mend by trying again once the fault is repaired.
fn is_curable(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::RetriesExhausted | Reason::CrashedProcess | Reason::NoInstance | Reason::Undeliverable
    )
}
