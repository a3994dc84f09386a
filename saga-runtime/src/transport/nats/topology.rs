//! What must exist on the server, made to exist; and what exists otherwise than it must, said.
//!
//! A queue is a stream of its own that keeps each message until it is acknowledged (work-queue retention), and one
//! durable consumer that all its receivers share. An event is a stream of its own that keeps each message until every
//! queue bound to it has acknowledged it (interest retention), and one durable consumer for each of them. A stream
//! without a bound, in age above all, loses nothing silently; one that is full refuses what is new.

use std::{collections::HashSet, time::Duration};

use async_nats::jetstream::{
    Context, ErrorCode,
    consumer::{self, AckPolicy, DeliverPolicy},
    stream::{self, DiscardPolicy, RetentionPolicy, StorageType},
};
use futures_util::future::join_all;
use serde::Serialize;

use super::{
    connection::{Connection, Nothing, ask, is_absent},
    error::Failure,
    names::{Names, check_length},
};
use crate::{Error, ErrorKind, store::Subscription, transport::Topology};

/// How long a delivery may stay unacknowledged before it comes again; receivers that live ask for more in time.
pub(super) const ACK_WAIT: Duration = Duration::from_secs(10);

/// How often a stream is tried to be created.
const CREATIONS: u32 = 5;

/// How long the server recognises the id of a message that is sent again.
const DUPLICATES: Duration = Duration::from_secs(120);

/// What the owners of all queues may occupy, where the account wants to know.
const OWNERS_BYTES: i64 = 1 << 20;

/// Declares what a topology names.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) names: Names,
    pub(super) replicas: usize,
    pub(super) queue_bytes: Option<u64>,
}

#[derive(Serialize)]
struct NewConsumer<'a> {
    stream_name: &'a str,
    config: &'a consumer::Config,
}

impl Layout {
    /// Makes queues and bindings exist; all faults at once.
    pub(super) async fn declare(
        &self,
        connection: &Connection,
        topology: &Topology,
    ) -> Result<(), Vec<Error>> {
        let mut faults = over_length(connection, topology);
        let known = self.known_queues(connection, topology).await;
        faults.extend(
            topology
                .check_bindings(|queue| known.contains(queue))
                .err()
                .into_iter()
                .flatten(),
        );
        let queues = topology.queues.iter().map(|queue| self.queue(connection, queue));
        faults.extend(join_all(queues).await.into_iter().filter_map(Result::err));
        let bound: HashSet<&Subscription> = topology
            .bindings
            .iter()
            .filter(|bound| known.contains(&*bound.queue))
            .collect();
        let events: HashSet<&str> = bound.iter().map(|bound| &*bound.event).collect();
        let streams = events.into_iter().map(|event| self.event(connection, event));
        faults.extend(join_all(streams).await.into_iter().filter_map(Result::err));
        let bindings = bound.into_iter().map(|bound| self.bind(connection, bound));
        faults.extend(join_all(bindings).await.into_iter().filter_map(Result::err));
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Those of the topology, and those it binds to that are on the server already.
    async fn known_queues<'a>(&self, connection: &Connection, topology: &'a Topology) -> HashSet<&'a str> {
        let mut known: HashSet<&str> = topology.queues.iter().map(|queue| &**queue).collect();
        let bound: HashSet<&str> = topology.bindings.iter().map(|bound| &*bound.queue).collect();
        let asked: Vec<&str> = bound.difference(&known).copied().collect();
        let found = join_all(asked.iter().map(|queue| self.has_queue(connection, queue))).await;
        // Where there is no answer, binding to it will say so.
        let found = asked
            .into_iter()
            .zip(found)
            .filter(|(_, found)| !matches!(found, Ok(false)));
        known.extend(found.map(|(queue, _)| queue));
        known
    }

    pub(super) async fn has_queue(&self, connection: &Connection, queue: &str) -> Result<bool, Error> {
        match stream_info(&connection.jetstream, &self.names.queue_stream(queue)).await {
            Ok(_) => Ok(true),
            Err(why) if is_absent(&why) => Ok(false),
            Err(why) => Err(connection
                .server
                .failed(&format!("looking for the queue `{queue}`"), &why)),
        }
    }

    async fn queue(&self, connection: &Connection, queue: &str) -> Result<(), Error> {
        let stream = self.stream(
            self.names.queue_stream(queue),
            self.names.queue_subject(queue),
            RetentionPolicy::WorkQueue,
        );
        ensure_stream(connection, &stream).await?;
        self.receive_queue(connection, queue).await?;
        Ok(())
    }

    /// The consumer that all receivers of a queue share.
    pub(super) async fn receive_queue(
        &self,
        connection: &Connection,
        queue: &str,
    ) -> Result<consumer::Info, Error> {
        let wanted = shared_consumer(self.names.consumer(queue), DeliverPolicy::All);
        ensure_consumer(connection, &self.names.queue_stream(queue), &wanted).await
    }

    async fn event(&self, connection: &Connection, event: &str) -> Result<(), Error> {
        let stream = self.stream(
            self.names.event_stream(event),
            self.names.event_subject(event),
            RetentionPolicy::Interest,
        );
        ensure_stream(connection, &stream).await
    }

    async fn bind(&self, connection: &Connection, bound: &Subscription) -> Result<(), Error> {
        // What was published before is for those who were bound then.
        let wanted = shared_consumer(self.names.consumer(&bound.queue), DeliverPolicy::New);
        ensure_consumer(connection, &self.names.event_stream(&bound.event), &wanted).await?;
        Ok(())
    }

    /// The last claim to each queue.
    pub(super) async fn owners(&self, connection: &Connection) -> Result<(), Error> {
        let names = &self.names;
        let stream = stream::Config {
            discard: DiscardPolicy::Old,
            max_messages_per_subject: 1,
            max_bytes: self.queue_bytes.map_or(-1, |_| OWNERS_BYTES),
            ..self.stream(
                names.owners_stream(),
                names.owner_subjects(),
                RetentionPolicy::Limits,
            )
        };
        ensure_stream(connection, &stream).await
    }

    fn stream(&self, name: String, subject: String, retention: RetentionPolicy) -> stream::Config {
        stream::Config {
            name,
            subjects: vec![subject],
            retention,
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            num_replicas: self.replicas,
            max_bytes: self
                .queue_bytes
                .and_then(|bytes| i64::try_from(bytes).ok())
                .unwrap_or(-1),
            max_messages: -1,
            max_messages_per_subject: -1,
            max_consumers: -1,
            duplicate_window: DUPLICATES,
            ..stream::Config::default()
        }
    }
}

fn shared_consumer(name: String, deliver_policy: DeliverPolicy) -> consumer::Config {
    consumer::Config {
        durable_name: Some(name),
        deliver_policy,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_deliver: -1,
        // Each receiver bounds its own. One bound for all of them would let a slow process starve the others.
        max_ack_pending: -1,
        ..consumer::Config::default()
    }
}

fn over_length(connection: &Connection, topology: &Topology) -> Vec<Error> {
    let queues = topology
        .queues
        .iter()
        .chain(&topology.ephemeral)
        .map(|queue| check_length("queue", queue));
    let events = topology
        .bindings
        .iter()
        .map(|bound| check_length("event", &bound.event));
    let faults = queues.chain(events).filter_map(Result::err);
    faults
        .map(|fault| connection.server.error(ErrorKind::Setup, "declaring", fault))
        .collect()
}

pub(super) async fn stream_info(jetstream: &Context, stream: &str) -> Result<stream::Info, Failure> {
    ask(jetstream, format!("STREAM.INFO.{stream}"), &Nothing {}).await
}

pub(super) async fn consumer_info(
    jetstream: &Context,
    stream: &str,
    consumer: &str,
) -> Result<consumer::Info, Failure> {
    let subject = format!("CONSUMER.INFO.{stream}.{consumer}");
    ask(jetstream, subject, &Nothing {}).await
}

/// Creates it, again if the server has just cleared away the folder it would have made it in: 2.9 does so whenever an
/// account's last stream is deleted.
async fn create_stream(connection: &Connection, wanted: &stream::Config) -> Result<stream::Info, Failure> {
    let mut tries = 0;
    loop {
        let subject = format!("STREAM.CREATE.{}", wanted.name);
        let created = connection.api::<stream::Info>(subject, wanted).await;
        tries += 1;
        match created {
            Err(why) if why.is_code(ErrorCode::STREAM_CREATE) && tries < CREATIONS => {}
            created => return created,
        }
    }
}

async fn ensure_stream(connection: &Connection, wanted: &stream::Config) -> Result<(), Error> {
    let operation = format!("declaring stream `{}`", wanted.name);
    let failed = |why: &Failure| connection.server.failed(&operation, why);
    let found = match stream_info(&connection.jetstream, &wanted.name).await {
        Ok(found) => found,
        Err(why) if is_absent(&why) => {
            match create_stream(connection, wanted).await {
                Ok(created) => created,
                // Another process was quicker.
                Err(why) if why.is_code(ErrorCode::STREAM_NAME_EXIST) => {
                    stream_info(&connection.jetstream, &wanted.name)
                        .await
                        .map_err(|why| failed(&why))?
                }
                Err(why) => return Err(failed(&why)),
            }
        }
        Err(why) => return Err(failed(&why)),
    };
    let faults = faults_of_stream(&found.config, wanted);
    if faults.is_empty() {
        return Ok(());
    }
    let why = format!(
        "it exists with other settings: {}; correct it with `nats stream edit`, delete it with `nats stream rm` once it \
         is empty, or choose another namespace",
        faults.join(", ")
    );
    Err(connection.server.error(ErrorKind::Setup, &operation, why))
}

/// What would lose messages, or keep them from where they belong.
fn faults_of_stream(found: &stream::Config, wanted: &stream::Config) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |is_one: bool, what: String| {
        if is_one {
            faults.push(what);
        }
    };
    fault(
        found.subjects != wanted.subjects,
        format!(
            "its subjects are {:?} (needed: {:?})",
            found.subjects, wanted.subjects
        ),
    );
    fault(
        found.retention != wanted.retention,
        format!(
            "its retention is {:?} (needed: {:?})",
            found.retention, wanted.retention
        ),
    );
    fault(
        found.discard != wanted.discard,
        format!(
            "its discard policy is {:?} (needed: {:?})",
            found.discard, wanted.discard
        ),
    );
    fault(
        found.storage != wanted.storage,
        format!(
            "its storage is {:?} (needed: {:?})",
            found.storage, wanted.storage
        ),
    );
    fault(
        !found.max_age.is_zero(),
        format!("its max_age is {:?} (needed: none)", found.max_age),
    );
    fault(
        found.max_messages_per_subject.max(0) != wanted.max_messages_per_subject.max(0),
        format!(
            "its max_msgs_per_subject is {} (needed: {})",
            found.max_messages_per_subject, wanted.max_messages_per_subject
        ),
    );
    fault(
        found.max_message_size > 0,
        format!("its max_msg_size is {} (needed: none)", found.max_message_size),
    );
    fault(
        found.no_ack,
        "it acknowledges nothing (needed: no_ack false)".to_owned(),
    );
    fault(found.sealed, "it is sealed".to_owned());
    faults
}

async fn ensure_consumer(
    connection: &Connection,
    stream: &str,
    wanted: &consumer::Config,
) -> Result<consumer::Info, Error> {
    let name = wanted.durable_name.as_deref().unwrap_or_default();
    let operation = format!("declaring consumer `{name}` of stream `{stream}`");
    let failed = |why: &Failure| connection.server.failed(&operation, why);
    let found = match consumer_info(&connection.jetstream, stream, name).await {
        Err(why) if is_absent(&why) => {
            let new = NewConsumer {
                stream_name: stream,
                config: wanted,
            };
            connection
                .api(format!("CONSUMER.DURABLE.CREATE.{stream}.{name}"), &new)
                .await
        }
        found => found,
    };
    let found: consumer::Info = found.map_err(|why| failed(&why))?;
    let faults = faults_of_consumer(&found.config);
    if faults.is_empty() {
        return Ok(found);
    }
    let why = format!(
        "it exists with other settings: {}; correct it with `nats consumer edit`, or delete it with `nats consumer rm`",
        faults.join(", ")
    );
    Err(connection.server.error(ErrorKind::Setup, &operation, why))
}

fn faults_of_consumer(found: &consumer::Config) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |is_one: bool, what: String| {
        if is_one {
            faults.push(what);
        }
    };
    fault(
        found.deliver_subject.is_some(),
        "it pushes (needed: a pull consumer)".to_owned(),
    );
    fault(
        found.ack_policy != AckPolicy::Explicit,
        format!("its ack policy is {:?} (needed: Explicit)", found.ack_policy),
    );
    fault(
        found.ack_wait < ACK_WAIT,
        format!(
            "its ack_wait is {:?} (needed: {ACK_WAIT:?} or more)",
            found.ack_wait
        ),
    );
    fault(
        found.max_deliver > 0,
        format!("its max_deliver is {} (needed: none)", found.max_deliver),
    );
    fault(
        !found.filter_subject.is_empty(),
        format!("it only gets `{}` (needed: everything)", found.filter_subject),
    );
    fault(
        found.headers_only,
        "it gets headers only (needed: whole messages)".to_owned(),
    );
    faults
}
