//! Receives from a broker: every delivery gets a durable outcome in the store before its batch is acknowledged.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::try_join_all, stream::FuturesOrdered};
use jiff::Timestamp;
use tokio::{sync::oneshot, time::Instant};

use super::{
    arrival::Arrival,
    heard::Heard,
    outbox::{Draft, born},
    receipt::Receipt,
    routing::Kind,
    shared::Shared,
};
use crate::{
    Error, ErrorKind, HandlerError,
    dead_letter::{DeadLetter, DeadMessage, Reason},
    envelope::{Envelope, MessageId},
    service::BoxFuture,
    store::{InboxEntry, Outcome, Unit},
    transport::{Batch, Delivery, Flow, Receiver, Settle, Transport},
};

/// Batches that wait for their outcomes at a time, so that what has just come need not wait for a whole commit.
const SIDE_BY_SIDE: usize = 4;

/// How soon a broker is asked again whether all it had accepted has been received.
const ASK_AGAIN: Duration = Duration::from_millis(20);

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
        let mut under_way = FuturesOrdered::new();
        let mut received = self.receive_into(&mut under_way, &mut *receiver).await;
        // Rows are written as taken on by this node: connected or not, it must learn of them.
        while let Some(kept) = under_way.next().await {
            if received.is_ok() {
                received = acknowledge(kept, &mut *receiver).await;
            }
        }
        received
    }

    /// Several batches are under way side by side; they are acknowledged in the order in which they came.
    async fn receive_into<'a>(
        &'a self,
        under_way: &mut FuturesOrdered<BoxFuture<'a, Result<Batch, Error>>>,
        receiver: &mut dyn Receiver,
    ) -> Result<(), Error> {
        let mut question = Question::default();
        while !self.shared.is_stopping() {
            // The order decides nothing but that runs can be repeated.
            tokio::select! {
                biased;
                Some(kept) = under_way.next() => acknowledge(kept, receiver).await?,
                () = question.is_put(&self.shared.heard, &self.queue) => self.answer(&mut question, receiver).await?,
                batch = self.next(receiver), if under_way.len() < SIDE_BY_SIDE => under_way.push_back(Box::pin(self.keep(batch?))),
            }
        }
        Ok(())
    }

    /// The next deliveries; none while the lanes are full. Abandoned, it loses nothing.
    async fn next(&self, receiver: &mut dyn Receiver) -> Result<Batch, Error> {
        self.shared.budget.room().await;
        receiver.next().await
    }

    /// A timer is due: finds out whether all that was accepted before has its outcome.
    async fn answer(&self, question: &mut Question, receiver: &mut dyn Receiver) -> Result<(), Error> {
        let since = *question.since.get_or_insert(self.shared.now());
        if receiver.has_caught_up().await? {
            self.shared.heard.up_to(&self.queue, since);
            *question = Question::default();
        } else {
            question.not_before = Some(Instant::now() + ASK_AGAIN);
        }
        Ok(())
    }

    /// Sees to it that each delivery has a durable outcome: the effect that it has, a row for each consumer, a dead
    /// letter, or that of the first of its kind.
    async fn keep(&self, batch: Batch) -> Result<Batch, Error> {
        let now = self.shared.now();
        let mut seen = HashSet::new();
        let mut in_hand = Vec::new();
        let mut drafts: Vec<(Incoming<'_>, Draft)> = Vec::new();
        for delivery in &batch.deliveries {
            let incoming = Incoming::of(delivery);
            match self.course(&incoming, &mut seen, now) {
                Course::InHand(settled) => in_hand.push(settled),
                Course::Written(draft) => drafts.push((incoming, *draft)),
                Course::Over => {}
            }
        }
        self.commit(drafts, now).await;
        try_join_all(in_hand).await.map_err(|_| {
            let text = format!("what came from `{}` was let go of; it comes again", self.queue);
            Error::new(ErrorKind::Closed, text)
        })?;
        Ok(batch)
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
        if !self.shared.asks_again(&self.queue, &envelope) {
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

    fn course(&self, incoming: &Incoming<'_>, seen: &mut HashSet<MessageId>, now: Timestamp) -> Course {
        let mut draft = Draft::default();
        let envelope = match &incoming.envelope {
            Ok(envelope) => Arc::clone(envelope),
            Err(why) => {
                let detail = format!("a delivery in `{}` is no message: {why}", self.queue);
                draft.unit = self.set_aside(incoming.delivery, Reason::Undecodable, detail, now);
                return Course::Written(Box::new(draft));
            }
        };
        if *self.queue == *self.shared.requests.queue {
            self.shared.requests.deliver(&envelope);
            return Course::Over;
        }
        if !seen.insert(envelope.id) {
            return Course::Over;
        }
        let entry = InboxEntry {
            consumer: Arc::clone(&self.queue),
            id: envelope.id,
        };
        if let Some((reason, detail)) = self.fault(&envelope, now) {
            draft.unit.inbox.push(entry);
            let message = DeadMessage::Envelope(envelope);
            draft.unit.dead.push(self.letter(message, reason, detail, now));
            return Course::Written(Box::new(draft));
        }
        if let Some(settled) = self.hand_over(incoming.delivery, &envelope, &entry, now) {
            return Course::InHand(settled);
        }
        draft.unit.inbox.push(entry);
        draft.enqueue(&self.shared, Arc::clone(&self.queue), envelope);
        Course::Written(Box::new(draft))
    }

    /// Hands a delivery to its saga as it is: a saga is quick and pure, so that the first commit can be that of its
    /// effect. A service is neither, and must know before it begins that this is no duplicate. What was delivered before
    /// may be what a process died of: that it is in hand is written first.
    fn hand_over(
        &self,
        delivery: &Delivery,
        envelope: &Arc<Envelope>,
        entry: &InboxEntry,
        now: Timestamp,
    ) -> Option<oneshot::Receiver<()>> {
        let shared = &self.shared;
        let &[source] = shared.routing.sources_of(&self.queue, envelope) else {
            return None;
        };
        let consumer = shared.routing.consumer_of(source)?;
        if delivery.redelivered > 0 || matches!(consumer.kind, Kind::Service(_)) {
            return None;
        }
        let permit = shared.take_on(source, envelope.body.len())?;
        let (receipt, settled) = Receipt::of(entry.clone());
        let (envelope, queue) = (Arc::clone(envelope), Arc::clone(&self.queue));
        let name = Some(Arc::clone(&consumer.name));
        shared.dispatch(Arrival {
            receipt: Some(receipt),
            ..Arrival::fresh(None, envelope, source, queue, name, now, permit)
        });
        Some(settled)
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

async fn acknowledge(kept: Result<Batch, Error>, receiver: &mut dyn Receiver) -> Result<(), Error> {
    receiver.settle(kept?, Settle::Ack).await
}

/// What becomes of a delivery.
enum Course {
    /// Its saga has it; told when it has its outcome.
    InHand(oneshot::Receiver<()>),
    /// To be committed.
    Written(Box<Draft>),
    /// Nothing is left to be done.
    Over,
}

/// What a timer that is due waits to know.
#[derive(Default)]
struct Question {
    /// When the broker was first asked, and with that what it was asked about.
    since: Option<Timestamp>,
    not_before: Option<Instant>,
}

impl Question {
    /// Returns when it is to be asked, for the first time or again.
    async fn is_put(&self, heard: &Heard, queue: &str) {
        if let Some(time) = self.not_before {
            tokio::time::sleep_until(time).await;
        }
        heard.asked(queue).await;
    }
}

/// A delivery and what it reads as.
struct Incoming<'a> {
    delivery: &'a Delivery,
    envelope: Result<Arc<Envelope>, HandlerError>,
}

impl<'a> Incoming<'a> {
    fn of(delivery: &'a Delivery) -> Self {
        let envelope = Envelope::from_wire(&delivery.headers, delivery.body.clone());
        Self {
            delivery,
            envelope: envelope.map(Arc::new),
        }
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
