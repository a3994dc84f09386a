//! Receives from a broker: every delivery gets a durable outcome in the store before the batch is acknowledged.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{outbox::Draft, shared::Shared};
use crate::{
    Error,
    dead_letter::{DeadLetter, DeadMessage, Reason},
    envelope::{Envelope, MessageId},
    store::{InboxEntry, Outcome, Unit},
    transport::{Batch, Delivery, Flow, Receiver, Settle, Transport},
};

/// The task that receives from one queue.
pub(crate) struct Ingest {
    shared: Arc<Shared>,
    transport: Arc<dyn Transport>,
    queue: Arc<str>,
}

impl Ingest {
    pub(crate) fn new(shared: Arc<Shared>, transport: Arc<dyn Transport>, queue: Arc<str>) -> Self {
        Self {
            shared,
            transport,
            queue,
        }
    }

    /// Receives until the bus stops; a broken connection is made again.
    pub(crate) async fn run(self) {
        let mut pause = Duration::from_millis(50);
        while !self.shared.is_stopping() {
            let received = match self.transport.subscribe(&self.queue, self.flow()).await {
                Ok(receiver) => self.receive_all(receiver, &mut pause).await,
                Err(error) => Err(error),
            };
            if let Err(error) = received {
                self.shared.bear(&error, &mut pause).await;
            }
        }
    }

    fn flow(&self) -> Flow {
        let limits = self.shared.limits();
        Flow {
            messages: limits.batch * 2,
            bytes: limits.prefetch_bytes / 4,
        }
    }

    async fn receive_all(&self, mut receiver: Box<dyn Receiver>, pause: &mut Duration) -> Result<(), Error> {
        while !self.shared.is_stopping() {
            self.wait_for_room().await;
            let batch = receiver.next().await?;
            *pause = Duration::from_millis(50);
            self.keep(&batch).await;
            receiver.settle(batch, Settle::Ack).await?;
        }
        Ok(())
    }

    /// Nothing is received while the lanes are full.
    async fn wait_for_room(&self) {
        while self.shared.budget.free().0 == 0 {
            tokio::select! {
                () = self.shared.budget.released() => {}
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
    }

    /// Writes each delivery down: as a row for each consumer, as a dead letter, or not again.
    async fn keep(&self, batch: &Batch) {
        let now = self.shared.now();
        let mut seen = HashSet::new();
        let mut drafts: Vec<Draft> = Vec::with_capacity(batch.deliveries.len());
        for delivery in &batch.deliveries {
            drafts.extend(self.draft(delivery, &mut seen, now));
        }
        let (units, places): (Vec<Unit>, Vec<_>) = drafts.iter_mut().map(Draft::take_unit).unzip();
        if units.is_empty() {
            return;
        }
        let outcomes = self.shared.commit_patiently(&units).await;
        for ((draft, places), outcome) in drafts.into_iter().zip(places).zip(outcomes) {
            match outcome {
                Outcome::Applied { born } => draft.applied(&self.shared, places, born),
                Outcome::Duplicate => tracing::debug!(queue = %self.queue, "a duplicate delivery"),
                refused => tracing::error!(queue = %self.queue, ?refused, "the store refuses a delivery"),
            }
        }
    }

    fn draft(&self, delivery: &Delivery, seen: &mut HashSet<MessageId>, now: Timestamp) -> Option<Draft> {
        let envelope = match Envelope::from_wire(delivery.headers.clone(), delivery.body.clone()) {
            Ok(envelope) => Arc::new(envelope),
            Err(error) => return Some(self.undecodable(delivery, &error.to_string(), now)),
        };
        if *self.queue == *self.shared.requests.queue {
            self.shared.requests.deliver(&envelope);
            return None;
        }
        if !seen.insert(envelope.id) {
            return None;
        }
        let mut draft = Draft::default();
        draft.unit.inbox.push(InboxEntry {
            consumer: Arc::clone(&self.queue),
            id: envelope.id,
        });
        match self.fault(&envelope, now) {
            Some((reason, detail)) => {
                let message = DeadMessage::Envelope(envelope);
                draft.unit.dead.push(self.letter(message, reason, detail, now));
            }
            None => draft.enqueue(&self.shared, Arc::clone(&self.queue), envelope),
        }
        Some(draft)
    }

    fn fault(&self, envelope: &Envelope, now: Timestamp) -> Option<(Reason, String)> {
        let limits = self.shared.limits();
        let (body, headers) = (envelope.body.len(), envelope.header_bytes());
        if body > limits.body_bytes {
            let text = format!(
                "`{}` has a body of {body} bytes; the limit is {}",
                envelope.name, limits.body_bytes
            );
            return Some((Reason::OverLimit, text));
        }
        if headers > limits.header_bytes {
            let text = format!(
                "`{}` has headers of {headers} bytes; the limit is {}",
                envelope.name, limits.header_bytes
            );
            return Some((Reason::OverLimit, text));
        }
        let horizon = now.saturating_sub(limits.retention).unwrap_or(Timestamp::MIN);
        if envelope.created_at < horizon {
            let text = format!(
                "`{}` was sent at {}; whether it was handled before is only known for {:?}",
                envelope.name, envelope.created_at, limits.retention
            );
            return Some((Reason::TooOldToDeduplicate, text));
        }
        None
    }

    fn undecodable(&self, delivery: &Delivery, why: &str, now: Timestamp) -> Draft {
        let mut draft = Draft::default();
        let id = MessageId(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &delivery.body));
        draft.unit.inbox.push(InboxEntry {
            consumer: Arc::clone(&self.queue),
            id,
        });
        let message = DeadMessage::Raw {
            headers: delivery.headers.clone(),
            body: delivery.body.clone(),
        };
        let detail = format!("a delivery in `{}` is no message: {why}", self.queue);
        draft
            .unit
            .dead
            .push(self.letter(message, Reason::Undecodable, detail, now));
        draft
    }

    fn letter(&self, message: DeadMessage, reason: Reason, detail: String, at: Timestamp) -> DeadLetter {
        tracing::warn!(queue = %self.queue, %reason, detail, "dead letter");
        DeadLetter {
            message,
            queue: Arc::clone(&self.queue),
            consumer: None,
            reason,
            detail,
            history: Vec::new(),
            at,
        }
    }
}
