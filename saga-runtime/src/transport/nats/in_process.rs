//! Queues that vanish with their process: a subscription, answered as a stream would answer.
//!
//! Whoever sends publishes as to any queue. While the process lives it takes the message and acknowledges it; afterwards
//! nobody answers, and the server says so at once. What is on its way while the connection is lost has no route.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::{Client, Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use tokio::{sync::watch, time::timeout};

use super::{
    connection::{Connection, PATIENCE},
    names::Names,
    receiver::headers,
};
use crate::{
    Error, ErrorKind,
    envelope::Envelope,
    service::BoxFuture,
    transport::{Destination, Flow, MemoryTransport, Outgoing, Receiver, Sent, Topology, Transport},
};

/// The queues of this process.
#[derive(Debug, Default)]
pub(super) struct InProcess {
    queues: MemoryTransport,
    names: Mutex<Vec<Arc<str>>>,
    /// Told when it is over; so it is when this is dropped.
    ends: watch::Sender<()>,
}

impl InProcess {
    /// Begins to take what is sent to these queues.
    pub(super) async fn declare(
        &self,
        connection: &Connection,
        names: &Names,
        queues: &[Arc<str>],
    ) -> Result<(), Error> {
        for queue in queues.iter().filter(|queue| !self.has(queue)) {
            let topology = Topology {
                ephemeral: vec![Arc::clone(queue)],
                ..Topology::default()
            };
            let subject = names.queue_subject(queue);
            let subscribed = connection.client.subscribe(subject).await;
            let subscribed = subscribed.map_err(|error| {
                let operation = format!("declaring the queue `{queue}` of this process");
                connection.server.error(ErrorKind::Unavailable, &operation, error)
            })?;
            self.queues.declare(&topology).await.map_err(|mut faults| {
                let fault = faults.pop();
                fault.unwrap_or_else(|| {
                    Error::new(ErrorKind::Setup, "a queue of this process cannot be declared")
                })
            })?;
            let taking = Taking {
                client: connection.client.clone(),
                queues: self.queues.clone(),
                queue: Arc::clone(queue),
                name: names.in_process(),
            };
            tokio::spawn(taking.run(subscribed, self.ends.subscribe()));
            self.names().push(Arc::clone(queue));
        }
        Ok(())
    }

    /// The queues vanish.
    pub(super) fn leave(&self) {
        self.names().clear();
        self.ends.send_replace(());
    }

    pub(super) fn has(&self, queue: &str) -> bool {
        self.names().iter().any(|name| **name == *queue)
    }

    fn names(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        self.queues.subscribe(queue, flow)
    }
}

/// Takes what is sent to one queue.
struct Taking {
    client: Client,
    queues: MemoryTransport,
    queue: Arc<str>,
    /// Who answers.
    name: String,
}

impl Taking {
    async fn run(self, mut subscribed: Subscriber, mut ends: watch::Receiver<()>) {
        loop {
            tokio::select! {
                message = subscribed.next() => match message {
                    Some(message) => {
                        let (reply, taken) = self.take(message).await;
                        self.answer(reply, taken).await;
                    }
                    None => return,
                },
                _ = ends.changed() => break,
            }
        }
        // Whoever was about to send need not wait for an answer in vain.
        let _ = subscribed.drain().await;
        while let Ok(Some(message)) = timeout(PATIENCE, subscribed.next()).await {
            self.answer(message.reply, Err("the process ends".to_owned()))
                .await;
        }
    }

    async fn take(&self, message: Message) -> (Option<Subject>, Result<(), String>) {
        let headers = headers(&message);
        let taken = match Envelope::from_wire(&headers, message.payload) {
            Ok(envelope) => self.keep(envelope).await,
            Err(error) => Err(error.to_string()),
        };
        (message.reply, taken)
    }

    async fn keep(&self, envelope: Envelope) -> Result<(), String> {
        let outgoing = Outgoing {
            to: Destination::Queue(Arc::clone(&self.queue)),
            envelope: Arc::new(envelope),
        };
        match self.queues.send(&[outgoing]).await.pop() {
            Some(Sent::Accepted) => Ok(()),
            other => Err(format!("the queue of the process does not take it: {other:?}")),
        }
    }

    /// As a stream would. Unanswered, it is sent again.
    async fn answer(&self, reply: Option<Subject>, taken: Result<(), String>) {
        let Some(reply) = reply else {
            return;
        };
        let answer = match taken {
            Ok(()) => json!({ "stream": self.name, "seq": 1 }),
            Err(why) => json!({ "error": { "code": 400, "err_code": 10_003, "description": why } }),
        };
        let _ = self.client.publish(reply, Bytes::from(answer.to_string())).await;
    }
}
