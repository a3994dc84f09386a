//! Sending from outside: commands, events, and requests that wait for their answer.

use std::{collections::BTreeMap, future::IntoFuture, sync::Arc, time::Duration};

use tracing::Instrument as _;

use super::{arrival::Arrival, outbox::Draft, shared::Shared};
use crate::{
    Error, ErrorKind,
    codec::Payload,
    engine::{Emission, Outlet},
    envelope::{Address, Envelope, MessageId},
    message::{Command, Event, Incoming, Message},
    service::BoxFuture,
    store::{InboxEntry, Join, Outcome, Sending, Statement, Wait},
    transport::{Destination, Outgoing, Sent},
};

/// How long [`Bus::request`](super::Bus::request) waits unless told otherwise.
const DEADLINE: Duration = Duration::from_secs(30);

/// What can be said of a message beside its content.
#[derive(Clone, Debug, Default)]
struct Particulars {
    id: Option<MessageId>,
    headers: BTreeMap<String, String>,
    traceparent: Option<Arc<str>>,
    join: Vec<Join>,
}

macro_rules! join {
    () => {
        /// Has rows written in the transaction that accepts it: it is sent if they are written, and only then. `join` is
        /// made by the store in use, as in `Sqlite::join(..)`. With a broker, it leaves once that transaction is durable.
        pub fn join(mut self, join: Join) -> Self {
            self.particulars.join.push(join);
            self
        }
    };
}

macro_rules! particulars {
    () => {
        /// Sends it under this id: sent again within the retention, it is recognised and has no second effect.
        pub fn id(mut self, id: MessageId) -> Self {
            self.particulars.id = Some(id);
            self
        }

        /// Adds a header; names are lower-cased.
        pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
            self.particulars
                .headers
                .insert(name.as_ref().to_lowercase(), value.into());
            self
        }

        /// Continues a W3C trace.
        pub fn traceparent(mut self, traceparent: impl Into<Arc<str>>) -> Self {
            self.particulars.traceparent = Some(traceparent.into());
            self
        }
    };
}

/// A command about to be sent: `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct Send<'a, C> {
    shared: &'a Arc<Shared>,
    command: C,
    particulars: Particulars,
}

/// An event about to be published: `.await` it.
#[must_use = "nothing is published until it is awaited"]
pub struct Publish<'a, E> {
    shared: &'a Arc<Shared>,
    event: E,
    particulars: Particulars,
}

/// A command about to be sent whose answer is waited for: `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct Request<'a, C> {
    shared: &'a Arc<Shared>,
    command: C,
    particulars: Particulars,
    deadline: Duration,
}

macro_rules! statement {
    ($message:ident, $to:expr) => {
        /// The statement that sends it from a transaction of your own, on a connection of your own to the store's
        /// database: it is sent when that commits. PostgreSQL offers this; on SQLite, [`join`](Self::join) the library's.
        ///
        /// # Errors
        /// `Setup` if the store takes part in no transaction but its own; as sending it otherwise.
        pub fn statement(self) -> Result<Statement, Error> {
            let given = self.particulars.id.is_some();
            let joins = !self.particulars.join.is_empty();
            let envelope = envelope(self.shared, &self.$message, self.particulars)?;
            if joins {
                let text = "rows are joined to a message that is sent from a transaction of your own: write them there";
                return Err(Error::new(ErrorKind::Setup, text));
            }
            self.shared.store.statement(&sending(self.shared, &$to, envelope, given))
        }
    };
}

impl<'a, C: Command> Send<'a, C> {
    pub(super) fn new(shared: &'a Arc<Shared>, command: C) -> Self {
        Self {
            shared,
            command,
            particulars: Particulars::default(),
        }
    }

    particulars!();
    join!();
    statement!(command, endpoint_of::<C>());
}

impl<'a, E: Event> Publish<'a, E> {
    pub(super) fn new(shared: &'a Arc<Shared>, event: E) -> Self {
        Self {
            shared,
            event,
            particulars: Particulars::default(),
        }
    }

    particulars!();
    join!();
    statement!(event, Outlet::Subscribers);
}

impl<'a, C: Command> Request<'a, C> {
    pub(super) fn new(shared: &'a Arc<Shared>, command: C) -> Self {
        Self {
            shared,
            command,
            particulars: Particulars::default(),
            deadline: DEADLINE,
        }
    }

    /// Waits no longer than this. The request goes on for as long as this process lives, and from its first commit
    /// whatever happens: sent again, a command that started a saga gets the recorded answer.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    particulars!();
}

impl<'a, C: Command> IntoFuture for Send<'a, C> {
    type Output = Result<MessageId, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let given = self.particulars.id.is_some();
            let join = self.particulars.join.clone();
            let envelope = envelope(self.shared, &self.command, self.particulars)?;
            post(self.shared, endpoint_of::<C>(), envelope, given, join).await
        })
    }
}

impl<'a, E: Event> IntoFuture for Publish<'a, E> {
    type Output = Result<MessageId, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let given = self.particulars.id.is_some();
            let join = self.particulars.join.clone();
            let envelope = envelope(self.shared, &self.event, self.particulars)?;
            post(self.shared, Outlet::Subscribers, envelope, given, join).await
        })
    }
}

impl<'a, C: Command> IntoFuture for Request<'a, C> {
    type Output = Result<C::Reply, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

impl<C: Command> Request<'_, C> {
    async fn wait(self) -> Result<C::Reply, Error> {
        if !C::INFO.wants_reply() {
            let text = format!(
                "`{}` declares no replies, so that nothing would ever answer: use `send`",
                C::INFO.name
            );
            return Err(Error::new(ErrorKind::Setup, text));
        }
        let shared = self.shared;
        let given = self.particulars.id.is_some();
        let mut envelope = envelope(shared, &self.command, self.particulars)?;
        envelope.reply_to = Some(Address {
            queue: Arc::clone(&shared.requests.queue),
            instance: None,
        });
        let (_waiting, answer) = shared.requests.wait_for(envelope.id);
        let queue: Arc<str> = C::INFO.endpoint.unwrap_or_default().into();
        let deadline = shared
            .now()
            .saturating_add(self.deadline)
            .unwrap_or(jiff::Timestamp::MAX);
        if given || !hand_over(shared, &queue, &envelope) {
            post(shared, Outlet::Queue(queue), envelope, given, Vec::new()).await?;
        }
        tokio::select! {
            biased;
            answer = answer => match answer {
                Ok(answer) => read(&*answer?),
                Err(_) => Err(Error::new(ErrorKind::Closed, "the bus was shut down before the answer came")),
            },
            () = shared.time.sleep_until(deadline) => Err(late::<C>(shared, self.deadline)),
        }
    }
}

fn endpoint_of<C: Command>() -> Outlet {
    Outlet::Queue(C::INFO.endpoint.unwrap_or_default().into())
}

fn read<R: Incoming>(answer: &Envelope) -> Result<R, Error> {
    R::read(answer).map_err(|error| Error::new(ErrorKind::Codec, error.to_string()))
}

fn late<C: Command>(shared: &Shared, deadline: Duration) -> Error {
    let fault = shared
        .health
        .fault()
        .map(|fault| format!("; the store fails: {fault}"))
        .unwrap_or_default();
    Error::new(
        ErrorKind::Deadline,
        format!(
            "no answer to `{}` within {deadline:?}{fault}; the request goes on",
            C::INFO.name
        ),
    )
}

/// A message from outside, within its bounds.
fn envelope<M: Message>(shared: &Shared, message: &M, particulars: Particulars) -> Result<Envelope, Error> {
    if shared.is_stopping() {
        return Err(Error::new(ErrorKind::Closed, "the bus is shutting down"));
    }
    let payload = Payload::of(message, shared.codec)
        .map_err(|error| Error::new(ErrorKind::Codec, error.to_string()))?;
    let id = particulars.id.unwrap_or_else(|| shared.node.clock.new_id());
    let envelope = Envelope {
        id,
        kind: M::INFO.kind,
        name: M::INFO.name.into(),
        version: M::INFO.version,
        content_type: payload.content_type,
        created_at: shared.now(),
        conversation: id,
        caused_by: None,
        reply_to: None,
        in_reply_to: None,
        to: None,
        traceparent: particulars.traceparent,
        headers: particulars.headers,
        body: payload.body,
    };
    let limits = shared.limits();
    over_limit("body", &envelope, envelope.body.len(), limits.body_bytes)?;
    over_limit("headers", &envelope, envelope.header_bytes(), limits.header_bytes)?;
    Ok(envelope)
}

fn over_limit(what: &str, envelope: &Envelope, bytes: usize, limit: usize) -> Result<(), Error> {
    if bytes <= limit {
        return Ok(());
    }
    let text = format!(
        "the {what} of `{}`: {bytes} bytes; the limit is {limit}",
        envelope.name
    );
    Err(Error::new(ErrorKind::Limit, text))
}

/// Hands a request to its handler in this process without writing it first: its sender waits here for the outcome, and
/// the first commit is that of its effect. Whether that was possible.
fn hand_over(shared: &Shared, queue: &Arc<str>, envelope: &Envelope) -> bool {
    let [source] = shared.routing.sources_of(queue, envelope) else {
        return false;
    };
    if shared.relays() {
        return false;
    }
    let Some(permit) = shared.take_on(*source, envelope.body.len()) else {
        return false;
    };
    let consumer = shared
        .routing
        .consumer_of(*source)
        .map(|consumer| Arc::clone(&consumer.name));
    let envelope = Arc::new(envelope.clone());
    shared.dispatch(Arrival::fresh(
        None,
        envelope,
        *source,
        Arc::clone(queue),
        consumer,
        shared.now(),
        permit,
    ));
    true
}

/// Makes a message durable in the store, or hands it to the transport.
async fn post(
    shared: &Arc<Shared>,
    to: Outlet,
    envelope: Envelope,
    given_id: bool,
    join: Vec<Join>,
) -> Result<MessageId, Error> {
    let id = envelope.id;
    let envelope = Arc::new(envelope);
    match &shared.transport {
        Some(transport) if join.is_empty() => {
            let to = match to {
                Outlet::Queue(queue) => Destination::Queue(queue),
                Outlet::Subscribers => Destination::Event(Arc::clone(&envelope.name)),
            };
            let sent = transport.send(&[Outgoing { to, envelope }]).await;
            accepted(sent.into_iter().next())?;
        }
        _ => to_the_end(shared, to, envelope, given_id, join).await?,
    }
    Ok(id)
}

/// Posts even if its caller goes away half-way: what is born claimed in the commit has to be handed on after it, or this
/// process holds it without knowing.
async fn to_the_end(
    shared: &Arc<Shared>,
    to: Outlet,
    envelope: Arc<Envelope>,
    given_id: bool,
    join: Vec<Join>,
) -> Result<(), Error> {
    let poster = Arc::clone(shared);
    let post = async move { post_to_store(&poster, to, envelope, given_id, join).await };
    let posted = shared.runtime.spawn(post.in_current_span()).await;
    let unknown = "the program is ending; whether the message was sent is not known";
    posted.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unknown, unknown)))
}

fn accepted(sent: Option<Sent>) -> Result<(), Error> {
    match sent {
        Some(Sent::Accepted) => Ok(()),
        Some(Sent::NoRoute) => Err(Error::new(
            ErrorKind::NotFound,
            "the transport knows no queue for this message",
        )),
        Some(Sent::Refused(why)) => Err(Error::new(ErrorKind::Limit, why)),
        Some(Sent::Unknown(why)) => Err(Error::new(ErrorKind::Unknown, why)),
        None => Err(Error::new(ErrorKind::Unknown, "the transport did not answer")),
    }
}

async fn post_to_store(
    shared: &Arc<Shared>,
    to: Outlet,
    envelope: Arc<Envelope>,
    given_id: bool,
    join: Vec<Join>,
) -> Result<(), Error> {
    let mut draft = Draft::default();
    draft.unit.join = join;
    if given_id {
        draft.unit.inbox.push(record_of(shared, &to, &envelope));
    }
    let asks_again = matches!(&to, Outlet::Queue(queue) if shared.asks_again(queue, &envelope));
    let emission = Emission {
        to: to.clone(),
        envelope: Arc::clone(&envelope),
    };
    draft.emit(shared, [emission]);
    let (unit, places) = draft.take_unit();
    let outcome = shared.commit(vec![unit]).await?.pop();
    match outcome {
        Some(Outcome::Applied { born }) => draft.applied(shared, places, born),
        Some(Outcome::Duplicate) if asks_again => {
            return Box::pin(post_to_store(shared, to, envelope, false, Vec::new())).await;
        }
        Some(Outcome::Duplicate) => {}
        Some(Outcome::JoinFailed(why)) => {
            let text = format!("not sent, since the joined work failed: {why}");
            return Err(Error::new(ErrorKind::JoinFailed, text));
        }
        refused => {
            return Err(Error::new(
                ErrorKind::Limit,
                format!("the store refuses the message: {refused:?}"),
            ));
        }
    }
    Ok(())
}

/// What is recorded of a message whose id was given by its sender.
fn record_of(shared: &Shared, to: &Outlet, envelope: &Envelope) -> InboxEntry {
    let to = match to {
        Outlet::Queue(queue) => queue,
        Outlet::Subscribers => &envelope.name,
    };
    // Behind a broker, the queue's own record is made when it is received, maybe in this very store.
    let consumer = if shared.relays() {
        format!("> {to}").into()
    } else {
        Arc::clone(to)
    };
    InboxEntry {
        consumer,
        id: envelope.id,
    }
}

/// A message for a transaction of the user's own. Whoever comes first takes it on once that has committed.
fn sending(shared: &Shared, to: &Outlet, envelope: Envelope, given_id: bool) -> Sending {
    let inbox = given_id.then(|| record_of(shared, to, &envelope));
    let queues = match to {
        Outlet::Queue(queue) => vec![Arc::clone(queue)],
        Outlet::Subscribers if shared.relays() => vec![Arc::clone(&envelope.name)],
        Outlet::Subscribers => shared.routing.subscribers(&envelope.name),
    };
    let wait = if shared.relays() { Wait::Relay } else { Wait::Ready };
    Sending {
        envelope: Arc::new(envelope),
        queues,
        wait,
        inbox,
    }
}
