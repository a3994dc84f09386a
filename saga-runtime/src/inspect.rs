//! Looking into a running or stopped system, and repairing it: what a command line or a console is built on.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    Error, ErrorKind,
    codec::Codec,
    dead_letter::{DeadLetterFilter, DeadLetterId, StoredDeadLetter},
    engine::{Book, COMPENSATE, RETRY, replies_queue},
    envelope::{Envelope, InstanceAddress, MessageId},
    message::MessageKind,
    store::{
        Found, InstanceCount, InstanceFilter, InstanceId, InstanceRow, NewMessage, QueueDepth, Store,
        Subscription, Unit, Wait,
    },
};

/// The most dead letters replayed or deleted in one go.
const PAGE: usize = 500;

/// Looks and repairs.
#[derive(Clone, Debug)]
pub struct Inspector {
    store: Arc<dyn Store>,
    /// The endpoint of each saga of this process, for messages to their instances.
    endpoints: Arc<BTreeMap<String, String>>,
    now: Timestamp,
}

/// An instance, for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceView {
    /// The saga.
    pub saga: String,
    /// The key.
    pub key: String,
    /// The state's stored name, `compensate`, or `end`.
    pub state: String,
    /// The saga's own data as JSON, where it is written as JSON; `None` once finished.
    pub data: Option<String>,
    /// Commands sent and not yet answered.
    pub open_requests: Vec<String>,
    /// Commands whose senders wait for an answer.
    pub waiting: Vec<String>,
    /// Replies of completed steps that would be undone, in order of completion.
    pub steps: Vec<String>,
    /// Messages deferred.
    pub deferred: Vec<String>,
    /// Timers by handler.
    pub timers: Vec<TimerView>,
    /// Why its compensation needs a person, if it does.
    pub parked: Option<String>,
    /// Answers given to the commands that started it.
    pub answers: Vec<AnswerView>,
    /// When it started.
    pub created_at: Timestamp,
    /// When it last changed, or finished.
    pub updated_at: Timestamp,
}

/// A timer, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerView {
    /// The saga.
    pub saga: String,
    /// The instance's key.
    pub key: String,
    /// The handler it sets off; `compensate` for the wait of a compensation.
    pub handler: String,
    /// When.
    pub due: Timestamp,
}

/// An answer that was given, for a person or a status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerView {
    /// The command that was answered.
    pub command: String,
    /// The reply's name.
    pub reply: String,
    /// The reply as JSON, where it is written as JSON.
    pub body: Option<String>,
}

impl Inspector {
    pub(crate) fn of(shared: &crate::bus::Shared) -> Self {
        let endpoints = shared.routing.saga_endpoints();
        Self {
            store: Arc::clone(&shared.store),
            endpoints: Arc::new(endpoints),
            now: shared.now(),
        }
    }

    /// Live instances.
    pub async fn instances(&self, filter: InstanceFilter) -> Result<Vec<InstanceView>, Error> {
        let rows = self.store.inspect().instances(filter).await?;
        rows.iter().map(view).collect()
    }

    /// One instance, alive or finished within the retention.
    pub async fn instance(&self, saga: &str, key: &str) -> Result<Option<InstanceView>, Error> {
        let id = InstanceId {
            saga: saga.into(),
            key: key.into(),
        };
        match self.store.inspect().instance(id).await? {
            Found::Absent => Ok(None),
            Found::Live(row) => view(&row).map(Some),
            Found::Finished(tombstone) => finished(&tombstone).map(Some),
        }
    }

    /// Live instances by saga and state.
    pub async fn counts(&self) -> Result<Vec<InstanceCount>, Error> {
        self.store.inspect().counts().await
    }

    /// Timers of live instances, earliest first.
    pub async fn timers(&self, filter: InstanceFilter) -> Result<Vec<TimerView>, Error> {
        let views = self
            .instances(InstanceFilter {
                with_timer: true,
                ..filter
            })
            .await?;
        let mut timers: Vec<TimerView> = views.into_iter().flat_map(|view| view.timers).collect();
        timers.sort_by_key(|timer| timer.due);
        Ok(timers)
    }

    /// Message rows by queue and reason for waiting.
    pub async fn queues(&self) -> Result<Vec<QueueDepth>, Error> {
        self.store.inspect().queues().await
    }

    /// Dead letters, oldest first.
    pub async fn dead_letters(&self, filter: DeadLetterFilter) -> Result<Vec<StoredDeadLetter>, Error> {
        self.store.inspect().dead_letters(filter).await
    }

    /// How many dead letters there are, by message name.
    pub async fn dead_letter_counts(&self) -> Result<BTreeMap<String, u64>, Error> {
        self.store.inspect().dead_letter_counts().await
    }

    /// Puts dead letters back into their queues under their own ids; how many there were.
    pub async fn replay(&self, ids: impl IntoIterator<Item = DeadLetterId>) -> Result<usize, Error> {
        self.store.inspect().replay(ids.into_iter().collect()).await
    }

    /// Puts back all dead letters that the filter names, whatever its limit; how many there were.
    pub async fn replay_all(&self, filter: DeadLetterFilter) -> Result<usize, Error> {
        let mut replayed = 0;
        let mut page = DeadLetterFilter {
            limit: PAGE,
            ..filter
        };
        loop {
            let letters = self.dead_letters(page.clone()).await?;
            let Some(last) = letters.last() else {
                return Ok(replayed);
            };
            page.after = last.id;
            replayed += self.replay(letters.iter().map(|letter| letter.id)).await?;
        }
    }

    /// Deletes dead letters; how many there were.
    pub async fn delete(&self, ids: impl IntoIterator<Item = DeadLetterId>) -> Result<usize, Error> {
        self.store.inspect().delete(ids.into_iter().collect()).await
    }

    /// Removes the subscription of an endpoint that is no more.
    pub async fn unsubscribe(&self, subscription: Subscription) -> Result<bool, Error> {
        self.store.inspect().unsubscribe(subscription).await
    }

    /// Makes a parked compensation go on: the refused or unanswered undo is sent again, under the same idempotency key.
    pub async fn retry_compensation(&self, saga: &str, key: &str) -> Result<(), Error> {
        let id = InstanceId {
            saga: saga.into(),
            key: key.into(),
        };
        let Found::Live(row) = self.store.inspect().instance(id).await? else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("saga `{saga}` has no live instance `{key}`"),
            ));
        };
        let Some(endpoint) = self.endpoints.get(saga) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("saga `{saga}` is not served by this process"),
            ));
        };
        if row.parked.is_none() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("the compensation of `{key}` of saga `{saga}` is not parked"),
            ));
        }
        let message = new_row(replies_queue(endpoint), self.retry_message(&row));
        self.store
            .commit(vec![Unit {
                out: vec![message],
                ..Unit::default()
            }])
            .await?;
        Ok(())
    }

    fn retry_message(&self, row: &InstanceRow) -> Envelope {
        let id = MessageId::random();
        Envelope {
            id,
            kind: MessageKind::Event,
            name: RETRY.into(),
            version: 1,
            content_type: Codec::Json,
            created_at: self.now,
            conversation: id,
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: Some(InstanceAddress {
                saga: Arc::clone(&row.id.saga),
                key: Arc::clone(&row.id.key),
                incarnation: row.incarnation,
            }),
            traceparent: None,
            headers: BTreeMap::new(),
            body: bytes::Bytes::from_static(b"null"),
        }
    }
}

fn new_row(queue: Arc<str>, envelope: Envelope) -> NewMessage {
    NewMessage {
        consumer: envelope.to.as_ref().map(|to| Arc::clone(&to.saga)),
        envelope: Arc::new(envelope),
        queue,
        claimed: false,
        wait: Wait::Ready,
        due: None,
        attempts: 0,
        history: Vec::new(),
        instance: None,
    }
}

fn view(row: &InstanceRow) -> Result<InstanceView, Error> {
    let book = Book::read(&row.book)?;
    let timers = book
        .timers
        .iter()
        .filter(|timer| !timer.fired)
        .map(|timer| TimerView {
            saga: row.id.saga.to_string(),
            key: row.id.key.to_string(),
            handler: timer.handler.to_string(),
            due: timer.due,
        });
    let mut open: Vec<String> = book.open.iter().map(|open| open.command.to_string()).collect();
    let undoing = book.undoing.iter().filter_map(|undoing| undoing.running.as_ref());
    open.extend(
        undoing
            .flat_map(|running| &running.requests)
            .map(|undo| undo.open.command.to_string()),
    );
    Ok(InstanceView {
        saga: row.id.saga.to_string(),
        key: row.id.key.to_string(),
        state: row.state.to_string(),
        data: text(row.content_type, &row.data),
        open_requests: open,
        waiting: book
            .waiting
            .iter()
            .map(|waiting| waiting.command.to_string())
            .collect(),
        steps: book
            .steps
            .iter()
            .map(|step| step.message.name.to_string())
            .collect(),
        deferred: book
            .deferred
            .iter()
            .map(|deferred| deferred.envelope.name.to_string())
            .collect(),
        timers: timers.collect(),
        parked: row.parked.as_deref().map(str::to_owned),
        answers: answers(&book),
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn finished(tombstone: &crate::store::Tombstone) -> Result<InstanceView, Error> {
    let book = Book::read(&tombstone.book)?;
    Ok(InstanceView {
        saga: tombstone.id.saga.to_string(),
        key: tombstone.id.key.to_string(),
        state: "end".into(),
        data: None,
        open_requests: Vec::new(),
        waiting: Vec::new(),
        steps: Vec::new(),
        deferred: Vec::new(),
        timers: Vec::new(),
        parked: None,
        answers: answers(&book),
        created_at: tombstone.created_at,
        updated_at: tombstone.finished_at,
    })
}

fn answers(book: &Book) -> Vec<AnswerView> {
    let each = book.answers.iter().map(|answer| AnswerView {
        command: answer.command.to_string(),
        reply: answer.reply.name.to_string(),
        body: text(answer.reply.content_type, &answer.reply.body),
    });
    each.collect()
}

fn text(codec: Codec, bytes: &[u8]) -> Option<String> {
    (codec == Codec::Json).then(|| String::from_utf8_lossy(bytes).into_owned())
}

impl InstanceView {
    /// Whether it is being compensated.
    pub fn is_compensating(&self) -> bool {
        self.state == COMPENSATE
    }
}
