//! Sends: a batch is published at once, then its confirms are awaited.

use std::sync::Arc;

use futures_util::{FutureExt as _, future::BoxFuture};
use lapin::{
    Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::sync::oneshot;

use super::{
    error::{code, code_of},
    link::Link,
    message,
};
use crate::{
    Error,
    hash::HashSet,
    transport::{Destination, Outgoing, Sent},
};

/// Batches on their way side by side. A channel carries one at a time, since the server says of what it returns only
/// what it was, not which.
const LANES: usize = 8;

/// How many senders wait for a lane before the next one waits to wait.
const POSTS: usize = 1 << 10;

/// About how many messages make a batch of those who wait.
const MESSAGES: usize = 1 << 9;

/// What goes out, over a connection of its own: the server holds back those who publish when it is short of memory, and
/// who only receives must not be held back with them. Who sends one message shares a batch with all others who do.
#[derive(Debug)]
pub(super) struct Publisher {
    link: Arc<Link>,
    posts: async_channel::Sender<Post>,
}

/// Messages and who wants to know what became of them.
#[derive(Debug)]
struct Post {
    batch: Vec<Outgoing>,
    answer: oneshot::Sender<Vec<Sent>>,
}

/// A task with a channel of its own.
struct Lane {
    link: Arc<Link>,
    waiting: async_channel::Receiver<Post>,
    channel: Option<Channel>,
}

/// What tells a message that came back from the others of its batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Label {
    id: ShortString,
    exchange: ShortString,
    key: ShortString,
}

/// A message that was published, or could not be.
enum Published {
    Answered(Sent),
    Awaited(Label, BoxFuture<'static, Confirmed>),
}

/// What became of a batch.
struct Answers {
    sent: Vec<Sent>,
    /// The server closed the channel at a message that is larger than it takes, and what it said.
    too_large: Option<String>,
}

/// What the server says of a message.
type Confirmed = Result<Confirmation, lapin::Error>;

impl Publisher {
    pub(super) fn over(link: Link) -> Self {
        let link = Arc::new(link);
        let (posts, waiting) = async_channel::bounded(POSTS);
        for _ in 0..LANES {
            let lane = Lane {
                link: Arc::clone(&link),
                waiting: waiting.clone(),
                channel: None,
            };
            tokio::spawn(lane.run());
        }
        Self { link, posts }
    }

    /// Connects, unless it is.
    pub(super) async fn connect(&self) -> Result<(), Error> {
        self.link.channel().await.map(drop)
    }

    pub(super) async fn close(&self) {
        self.link.close().await;
    }

    pub(super) async fn send(&self, batch: &[Outgoing]) -> Vec<Sent> {
        if batch.is_empty() {
            return Vec::new();
        }
        let (answer, answered) = oneshot::channel();
        let post = Post {
            batch: batch.to_vec(),
            answer,
        };
        // It fails only if no lane runs any more, and then there is no answer either.
        let _ = self.posts.send(post).await;
        answered.await.unwrap_or_else(|_| {
            let why = format!("the connection to {} has ended", self.link.server.place());
            vec![Sent::Unknown(why); batch.len()]
        })
    }
}

impl Lane {
    /// Sends whatever waits, all of it at once, until nobody sends any more.
    async fn run(mut self) {
        while let Ok(first) = self.waiting.recv().await {
            let posts = with_all_that_wait(first, &self.waiting);
            let (batches, answers): (Vec<_>, Vec<_>) =
                posts.into_iter().map(|post| (post.batch, post.answer)).unzip();
            let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
            let mut sent = self.send(&batches.concat()).await.into_iter();
            for (answer, size) in answers.into_iter().zip(sizes) {
                // Who no longer waits for the answer will send again.
                let _ = answer.send(sent.by_ref().take(size).collect());
            }
        }
    }

    async fn send(&mut self, batch: &[Outgoing]) -> Vec<Sent> {
        let channel = match self.channel().await {
            Ok(channel) => channel,
            Err(error) => return vec![Sent::Unknown(error.to_string()); batch.len()],
        };
        let server = &self.link.server;
        let publishing = async { Ok(self.publish(&channel, batch).await) };
        match server.answered(publishing).await {
            Ok(sent) => sent,
            Err(error) => {
                let why = server.failed("to confirm what was published", &error);
                self.channel = None;
                self.link.cut().await;
                vec![Sent::Unknown(why.to_string()); batch.len()]
            }
        }
    }

    async fn channel(&mut self) -> Result<Channel, Error> {
        if let Some(channel) = self
            .channel
            .as_ref()
            .filter(|channel| channel.status().connected())
        {
            return Ok(channel.clone());
        }
        let channel = self.link.channel().await?;
        let confirming = channel.confirm_select(ConfirmSelectOptions::default());
        let server = &self.link.server;
        let confirmed = server.answered(confirming).await;
        confirmed.map_err(|error| server.failed("to confirm what is published", &error))?;
        self.channel = Some(channel.clone());
        Ok(channel)
    }

    async fn publish(&self, channel: &Channel, batch: &[Outgoing]) -> Vec<Sent> {
        let publish = |outgoing| match self.addressed(outgoing) {
            Ok((label, properties)) => {
                let confirming = publish_one(channel, &label, outgoing, properties);
                Published::Awaited(label, confirming)
            }
            Err(sent) => Published::Answered(sent),
        };
        let published = batch.iter().map(publish).collect();
        let mut confirmed = self.confirmed(published).await;
        if let Some(why) = confirmed.too_large {
            refuse_the_largest(batch, &mut confirmed.sent, &why);
        }
        confirmed.sent
    }

    /// Awaits all confirms. The server returns what has no route, and confirms it all the same.
    async fn confirmed(&self, published: Vec<Published>) -> Answers {
        let (mut returned, mut too_large) = (HashSet::default(), None);
        let mut answers = Vec::with_capacity(published.len());
        for message in published {
            let (label, confirming) = match message {
                Published::Answered(sent) => {
                    answers.push((None, sent));
                    continue;
                }
                Published::Awaited(label, confirming) => (label, confirming),
            };
            let confirmed = confirming.await;
            if let Err(error) = &confirmed
                && code_of(error) == Some(code::PRECONDITION_FAILED)
            {
                too_large = Some(self.link.server.failed("a message", error).to_string());
            }
            let (sent, came_back) = self.answer(confirmed);
            returned.extend(came_back);
            answers.push((Some(label), sent));
        }
        let routed = |(label, sent): (Option<Label>, Sent)| match label {
            Some(label) if sent == Sent::Accepted && returned.contains(&label) => Sent::NoRoute,
            _ => sent,
        };
        Answers {
            sent: answers.into_iter().map(routed).collect(),
            too_large,
        }
    }

    /// What a confirm says, and what came back with it: not always the message it confirms.
    fn answer(&self, confirmed: Confirmed) -> (Sent, Option<Label>) {
        let server = &self.link.server;
        match confirmed {
            Ok(Confirmation::Ack(returned)) => (
                Sent::Accepted,
                returned.map(|message| Label::of(&message.delivery)),
            ),
            Ok(Confirmation::Nack(returned)) => {
                let why = format!(
                    "{} did not take it: a queue is full or its leader is away",
                    server.place()
                );
                (
                    Sent::Unknown(why),
                    returned.map(|message| Label::of(&message.delivery)),
                )
            }
            Ok(Confirmation::NotRequested) => (Sent::Unknown("the channel confirms nothing".into()), None),
            Err(error) => (
                Sent::Unknown(server.failed("to publish", &error).to_string()),
                None,
            ),
        }
    }

    /// Where a message goes and with what; `Err` if it cannot.
    fn addressed(&self, outgoing: &Outgoing) -> Result<(Label, lapin::BasicProperties), Sent> {
        let server = &self.link.server;
        if let Some(refused) = outgoing.refused_over(server.max_body) {
            return Err(refused);
        }
        let refused = |error: Error| Sent::Refused(error.to_string());
        let (exchange, key) = match &outgoing.to {
            Destination::Queue(queue) => (
                ShortString::default(),
                server.names.queue(queue).map_err(refused)?,
            ),
            Destination::Event(event) => (
                server.names.events().map_err(refused)?,
                server.names.event(event).map_err(refused)?,
            ),
        };
        let (headers, _) = outgoing.envelope.to_wire();
        let frame = self.link.frame_max();
        let properties = message::properties(&outgoing.envelope, headers, frame)?;
        let id = outgoing.envelope.id.to_string().into();
        Ok((Label { id, exchange, key }, properties))
    }
}

/// However many callers there are, those who wait share one batch of publishes, and one wait for its confirms.
fn with_all_that_wait(first: Post, waiting: &async_channel::Receiver<Post>) -> Vec<Post> {
    let mut messages = first.batch.len();
    let mut posts = vec![first];
    while messages < MESSAGES
        && let Ok(post) = waiting.try_recv()
    {
        messages += post.batch.len();
        posts.push(post);
    }
    posts
}

/// The server does not say which one was too large for it; the largest certainly was. Sent again, the others get through.
fn refuse_the_largest(batch: &[Outgoing], sent: &mut [Sent], why: &str) {
    let unanswered = sent.iter_mut().zip(batch);
    let largest = unanswered
        .filter(|(sent, _)| matches!(sent, Sent::Unknown(_)))
        .max_by_key(|(_, outgoing)| outgoing.envelope.body.len());
    if let Some((sent, Outgoing { envelope, .. })) = largest {
        let (name, bytes) = (&envelope.name, envelope.body.len());
        *sent = Sent::Refused(format!(
            "`{name}` has a body of {bytes} bytes: {why}; raise its `max_message_size`, or lower `RabbitMqOptions::max_body`"
        ));
    }
}

impl Label {
    fn of(returned: &lapin::message::Delivery) -> Self {
        Self {
            id: returned.properties.message_id().clone().unwrap_or_default(),
            exchange: returned.exchange.clone(),
            key: returned.routing_key.clone(),
        }
    }
}

/// Hands a message to the connection, now and in order; what is left is to await its confirm.
fn publish_one(
    channel: &Channel,
    label: &Label,
    outgoing: &Outgoing,
    properties: lapin::BasicProperties,
) -> BoxFuture<'static, Confirmed> {
    let channel = channel.clone();
    let (exchange, key) = (label.exchange.clone(), label.key.clone());
    let body = outgoing.envelope.body.clone();
    let mandatory = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let publishing = async move {
        let confirming = channel
            .basic_publish(exchange, key, mandatory, &body, properties)
            .await?;
        confirming.await
    };
    let mut publishing = publishing.boxed();
    match (&mut publishing).now_or_never() {
        Some(confirmed) => std::future::ready(confirmed).boxed(),
        None => publishing,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::{
        codec::Codec,
        envelope::{Envelope, MessageId},
        message::MessageKind,
    };

    fn post(messages: usize) -> Post {
        let id = MessageId::random();
        let envelope = Envelope {
            id,
            kind: MessageKind::Command,
            name: "BillOrder".into(),
            version: 1,
            content_type: Codec::Json,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            conversation: id,
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: None,
            traceparent: None,
            headers: Default::default(),
            body: Default::default(),
        };
        let outgoing = Outgoing {
            to: Destination::Queue("billing".into()),
            envelope: Arc::new(envelope),
        };
        Post {
            batch: vec![outgoing; messages],
            answer: oneshot::channel().0,
        }
    }

    #[test]
    fn callers_who_wait_at_the_same_time_share_a_batch_up_to_its_bound() {
        let (posts, waiting) = async_channel::unbounded();
        for _ in 0..2 * MESSAGES {
            posts.try_send(post(1)).unwrap();
        }
        let first = || waiting.try_recv().unwrap();
        for _ in 0..2 {
            assert_eq!(with_all_that_wait(first(), &waiting).len(), MESSAGES);
        }
        assert!(waiting.is_empty());
        posts.try_send(post(MESSAGES)).unwrap();
        posts.try_send(post(1)).unwrap();
        assert_eq!(
            with_all_that_wait(first(), &waiting).len(),
            1,
            "it is full already"
        );
    }
}
