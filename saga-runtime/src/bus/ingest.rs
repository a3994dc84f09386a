//! Receives from a broker: every delivery gets a durable outcome in the store before the batch is acknowledged.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    outbox::{Draft, born},
    shared::Shared,
};
use crate::{
    Error, HandlerError,
    dead_letter::{DeadLetter, DeadMessage, Reason},
    engine::Outlet,
    envelope::{Envelope, MessageId},
    store::{InboxEntry, Outcome, Unit},
    transport::{Batch, Delivery, Flow, Receiver, Settle, Transport},
};

/// A broker that has not delivered anything for so long has nothing to deliver.
const SILENCE: Duration = Duration::from_millis(250);

/// The pauses between two tries at a broker that does not answer: each twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

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
        let mut pause = FIRST_PAUSE;
        while !self.shared.is_stopping() {
            let received = match self.transport.subscribe(&self.queue, self.flow()).await {
                Ok(receiver) => {
                    pause = FIRST_PAUSE;
                    self.receive_all(receiver).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = received {
                self.shared.heard.unknown(&self.queue);
                tracing::warn!(queue = %self.queue, %error, "nothing is received; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
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

    async fn receive_all(&self, mut receiver: Box<dyn Receiver>) -> Result<(), Error> {
        while !self.shared.is_stopping() {
            // Nothing is received while the lanes are full.
            self.shared.budget.room().await;
            let batch = self.next(&mut *receiver).await?;
            self.keep(&batch).await;
            receiver.settle(batch, Settle::Ack).await?;
        }
        Ok(())
    }

    /// The next deliveries. A queue that stays silent is taken to be empty.
    async fn next(&self, receiver: &mut dyn Receiver) -> Result<Batch, Error> {
        let mut next = receiver.next();
        match tokio::time::timeout(SILENCE, &mut next).await {
            Ok(batch) => batch,
            Err(_) => {
                self.shared.heard.all(&self.queue);
                next.await
            }
        }
    }

    /// Writes each delivery down: as a row for each consumer, as a dead letter, or not again.
    async fn keep(&self, batch: &Batch) {
        let now = self.shared.now();
        let mut seen = HashSet::new();
        let mut last = None;
        let mut drafts: Vec<(Incoming<'_>, Draft)> = Vec::with_capacity(batch.deliveries.len());
        for delivery in &batch.deliveries {
            let incoming = Incoming::of(delivery);
            last = incoming.sent_at().or(last);
            let draft = self.draft(&incoming, &mut seen, now);
            drafts.extend(draft.map(|draft| (incoming, draft)));
        }
        self.commit(drafts, now).await;
        match last {
            _ if batch.drained => self.shared.heard.all(&self.queue),
            Some(last) => self.shared.heard.up_to(&self.queue, last),
            None => {}
        }
    }

    async fn commit(&self, mut drafts: Vec<(Incoming<'_>, Draft)>, now: Timestamp) {
        let taken = drafts.iter_mut().map(|(_, draft)| draft.take_unit());
        let (units, places): (Vec<Unit>, Vec<_>) = taken.unzip();
        if units.is_empty() {
            return;
        }
        let outcomes = self.shared.commit_patiently(&units).await;
        for (((incoming, draft), places), outcome) in drafts.into_iter().zip(places).zip(outcomes) {
            match outcome {
                Outcome::Applied { born } => draft.applied(&self.shared, places, born),
                Outcome::Duplicate => self.repeated(incoming).await,
                refused => self.refused(&incoming, &refused, now).await,
            }
        }
    }

    /// A delivery that was handled before. If it asks for an answer that was given, it is given again.
    async fn repeated(&self, incoming: Incoming<'_>) {
        tracing::debug!(queue = %self.queue, "a duplicate delivery");
        let Some(envelope) = incoming.envelope.ok() else {
            return;
        };
        let to = Outlet::Queue(Arc::clone(&self.queue));
        if !self.shared.asks_again(&to, &envelope) {
            return;
        }
        let mut draft = Draft::default();
        draft.enqueue(&self.shared, Arc::clone(&self.queue), envelope);
        let (unit, places) = draft.take_unit();
        let outcome = self.shared.commit_patiently(&[unit]).await.pop();
        if let Some(Ok(born)) = outcome.map(born) {
            draft.applied(&self.shared, places, born);
        }
    }

    /// The store refuses to write it as a message: it is set aside as the bytes it came as.
    async fn refused(&self, incoming: &Incoming<'_>, refused: &Outcome, now: Timestamp) {
        let why = format!("the store refuses a delivery in `{}`: {refused:?}", self.queue);
        let unit = self.set_aside(incoming.delivery, Reason::RefusedByStore, why, now);
        let outcome = self.shared.commit_patiently(&[unit]).await.pop();
        if !matches!(outcome, Some(Outcome::Applied { .. } | Outcome::Duplicate)) {
            tracing::error!(queue = %self.queue, ?outcome, "the store refuses even the dead letter of a delivery");
        }
    }

    fn draft(&self, incoming: &Incoming<'_>, seen: &mut HashSet<MessageId>, now: Timestamp) -> Option<Draft> {
        let mut draft = Draft::default();
        let envelope = match &incoming.envelope {
            Ok(envelope) => Arc::clone(envelope),
            Err(why) => {
                let detail = format!("a delivery in `{}` is no message: {why}", self.queue);
                draft.unit = self.set_aside(incoming.delivery, Reason::Undecodable, detail, now);
                return Some(draft);
            }
        };
        if *self.queue == *self.shared.requests.queue {
            self.shared.requests.deliver(&envelope);
            return None;
        }
        if !seen.insert(envelope.id) {
            return None;
        }
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

    /// The bytes of a delivery as a dead letter, once.
    fn set_aside(&self, delivery: &Delivery, reason: Reason, detail: String, now: Timestamp) -> Unit {
        let message = DeadMessage::Raw {
            headers: delivery.headers.clone(),
            body: delivery.body.clone(),
        };
        Unit {
            inbox: vec![InboxEntry {
                consumer: Arc::clone(&self.queue),
                id: id_of(delivery),
            }],
            dead: vec![self.letter(message, reason, detail, now)],
            ..Unit::default()
        }
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

/// A delivery and what it reads as.
struct Incoming<'a> {
    delivery: &'a Delivery,
    envelope: Result<Arc<Envelope>, HandlerError>,
}

impl<'a> Incoming<'a> {
    fn of(delivery: &'a Delivery) -> Self {
        let envelope = Envelope::from_wire(delivery.headers.clone(), delivery.body.clone());
        Self {
            delivery,
            envelope: envelope.map(Arc::new),
        }
    }

    fn sent_at(&self) -> Option<Timestamp> {
        self.envelope.as_ref().ok().map(|envelope| envelope.created_at)
    }
}

/// The identity of bytes that are no message: the same however often they are delivered.
fn id_of(delivery: &Delivery) -> MessageId {
    let mut bytes = Vec::new();
    for (name, value) in &delivery.headers {
        for part in [name, value] {
            bytes.extend_from_slice(&part.len().to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    bytes.extend_from_slice(&delivery.body);
    MessageId(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &bytes))
}
