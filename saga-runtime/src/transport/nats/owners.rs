//! Queues that one process serves alone, because no other can see what its store remembers of their messages.
//!
//! A claim is the last message of the queue's subject in a stream. It is replaced only by a message that names the claim it
//! replaces, so of two processes one wins; and only while whoever made it does not answer, which it does as long as it is
//! connected. A process that was out of reach claims again before it receives, and may find that another has taken over.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_nats::{
    HeaderMap, RequestErrorKind, Subscriber,
    header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
    jetstream::{context::PublishErrorKind, stream::LastRawMessageErrorKind},
};
use bytes::Bytes;
use futures_util::{StreamExt, future::join_all};
use tokio::sync::watch;

use super::{connection::Connection, topology::Layout};
use crate::{Error, ErrorKind, envelope::MessageId, transport::owned_elsewhere};

/// How often a claim that others made meanwhile is looked at again.
const TRIES: usize = 4;

/// What this process owns.
#[derive(Debug)]
pub(super) struct Owners {
    process: String,
    queues: Mutex<HashSet<Arc<str>>>,
    /// Nothing is ever sent: with this, the process stops to answer.
    answers: Mutex<Option<watch::Sender<()>>>,
}

/// Who claimed a queue last, and its place in the stream.
#[derive(Debug, Default)]
struct Claim {
    process: Option<String>,
    sequence: u64,
}

impl Owners {
    pub(super) fn new() -> Self {
        Self {
            process: MessageId::random().to_string(),
            queues: Mutex::default(),
            answers: Mutex::default(),
        }
    }

    /// Claims all of the queues; `Err` names those that another process serves.
    pub(super) async fn claim_all(
        &self,
        connection: &Connection,
        layout: &Layout,
        queues: &[Arc<str>],
    ) -> Result<(), Vec<Error>> {
        if queues.is_empty() {
            return Ok(());
        }
        let ready = async {
            layout.owners(connection).await?;
            self.answer(connection, layout).await
        };
        ready.await.map_err(|error| vec![error])?;
        let claims = queues.iter().map(|queue| self.claim(connection, layout, queue));
        let faults: Vec<Error> = join_all(claims)
            .await
            .into_iter()
            .filter_map(Result::err)
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        self.queues().extend(queues.iter().cloned());
        Ok(())
    }

    /// Claims a queue again, if it is one that this process owns.
    pub(super) async fn claim_again(
        &self,
        connection: &Connection,
        layout: &Layout,
        queue: &str,
    ) -> Result<(), Error> {
        if !self.owns(queue) {
            return Ok(());
        }
        self.claim(connection, layout, queue).await
    }

    pub(super) fn owns(&self, queue: &str) -> bool {
        self.queues().contains(queue)
    }

    /// Others may claim what this process owned.
    pub(super) fn leave(&self) {
        self.queues().clear();
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn queues(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers whoever asks whether this process is there.
    async fn answer(&self, connection: &Connection, layout: &Layout) -> Result<(), Error> {
        let subject = layout.names.process_subject(&self.process);
        let asked = connection.client.subscribe(subject).await;
        let asked = asked.map_err(|error| {
            connection
                .server
                .error(ErrorKind::Unavailable, "owning queues", error)
        })?;
        let (answers, ends) = watch::channel(());
        let mut answering = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answering.is_none() {
            *answering = Some(answers);
            tokio::spawn(answer_all(connection.client.clone(), asked, ends));
        }
        Ok(())
    }

    async fn claim(&self, connection: &Connection, layout: &Layout, queue: &str) -> Result<(), Error> {
        for _ in 0..TRIES {
            let last = last_claim(connection, layout, queue).await?;
            match &last.process {
                Some(process) if *process == self.process => return Ok(()),
                Some(process) if is_there(connection, layout, process).await => {
                    return Err(owned_elsewhere(queue));
                }
                _ => {}
            }
            if self.replace(connection, layout, queue, &last).await? {
                return Ok(());
            }
        }
        Err(owned_elsewhere(queue))
    }

    /// Whether this claim stands in place of the last.
    async fn replace(
        &self,
        connection: &Connection,
        layout: &Layout,
        queue: &str,
        last: &Claim,
    ) -> Result<bool, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, last.sequence.to_string());
        let subject = layout.names.owner_subject(queue);
        let sent = connection
            .jetstream
            .publish_with_headers(subject, headers, Bytes::from(self.process.clone()))
            .await;
        let stored = match sent {
            Ok(ack) => ack.await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(false),
            Err(error) => Err(failed(connection, queue, error)),
        }
    }
}

async fn last_claim(connection: &Connection, layout: &Layout, queue: &str) -> Result<Claim, Error> {
    let stream = connection
        .jetstream
        .get_stream_no_info(layout.names.owners_stream())
        .await;
    let stream = stream.map_err(|error| failed(connection, queue, error))?;
    match stream
        .get_last_raw_message_by_subject(&layout.names.owner_subject(queue))
        .await
    {
        Ok(claim) => Ok(Claim {
            process: String::from_utf8(claim.payload.to_vec()).ok(),
            sequence: claim.sequence,
        }),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(Claim::default()),
        Err(error) => Err(failed(connection, queue, error)),
    }
}

/// Only that nobody is there to answer is an answer. Who is slow, or on a host that the server has not yet given up, may
/// still be there.
async fn is_there(connection: &Connection, layout: &Layout, process: &str) -> bool {
    let asked = connection
        .client
        .request(layout.names.process_subject(process), Bytes::new());
    !matches!(asked.await, Err(error) if error.kind() == RequestErrorKind::NoResponders)
}

async fn answer_all(client: async_nats::Client, mut asked: Subscriber, mut ends: watch::Receiver<()>) {
    loop {
        let question = tokio::select! {
            question = asked.next() => question,
            _ = ends.changed() => None,
        };
        let Some(question) = question else {
            return;
        };
        if let Some(reply) = question.reply {
            // Unanswered, it counts as an answer all the same.
            let _ = client.publish(reply, Bytes::new()).await;
        }
    }
}

fn failed(connection: &Connection, queue: &str, why: impl std::fmt::Display) -> Error {
    connection.server.error(
        ErrorKind::Unavailable,
        &format!("claiming the queue `{queue}`"),
        why,
    )
}
