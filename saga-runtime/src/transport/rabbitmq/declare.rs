//! Makes queues, the exchange of events and bindings exist.
//!
//! ```text
//!  command ──▶ default exchange ─────────────────────────▶ quorum queue `billing` ──(given up on)──▶ `billing.dead`
//!  event ────▶ topic exchange `saga.events` ──bindings──▶ …
//! ```

use lapin::{
    Channel, Connection, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};

use super::{error::code, error::code_of, options::Server};
use crate::{
    Error,
    store::Subscription,
    transport::{Topology, owned_elsewhere},
};

/// Declares all of it; everything that cannot be is reported.
pub(super) async fn declare(
    server: &Server,
    connection: &Connection,
    topology: &Topology,
) -> Result<(), Vec<Error>> {
    let mut declaring = Declaring::on(server, connection);
    for queue in &topology.owned {
        declaring.owner(queue).await;
    }
    if !declaring.faults.is_empty() {
        return Err(declaring.faults);
    }
    for queue in &topology.queues {
        declaring.queue(queue).await;
    }
    for queue in &topology.ephemeral {
        declaring.ephemeral(queue).await;
    }
    declaring.events().await;
    for binding in &topology.bindings {
        declaring.binding(binding).await;
    }
    declaring.end()
}

/// Refuses bindings to queues that do not exist; `known` are those that were declared before.
pub(super) async fn check_bindings(
    server: &Server,
    connection: &Connection,
    topology: &Topology,
    known: impl Fn(&str) -> bool,
) -> Result<(), Vec<Error>> {
    let mut missing = Vec::new();
    let here = |queue: &str| {
        topology
            .queues
            .iter()
            .chain(&topology.ephemeral)
            .any(|name| **name == *queue)
    };
    let mut declaring = Declaring::on(server, connection);
    for Subscription { queue, .. } in &topology.bindings {
        if !known(queue) && !here(queue) && !declaring.exists(queue).await {
            missing.push(queue);
        }
    }
    topology.check_bindings(|queue| !missing.iter().any(|name| ***name == *queue))
}

/// The server closes a channel upon the first thing it refuses; another one is opened for what follows.
struct Declaring<'a> {
    server: &'a Server,
    connection: &'a Connection,
    channel: Option<Channel>,
    faults: Vec<Error>,
    /// The connection is gone; one fault says so.
    is_lost: bool,
}

/// What became of one declaration.
type Declared<T> = Result<T, lapin::Error>;

impl<'a> Declaring<'a> {
    fn on(server: &'a Server, connection: &'a Connection) -> Self {
        Self {
            server,
            connection,
            channel: None,
            faults: Vec::new(),
            is_lost: false,
        }
    }

    fn end(self) -> Result<(), Vec<Error>> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(self.faults)
        }
    }

    async fn owner(&mut self, queue: &str) {
        let Some(name) = self.named(self.server.names.owner(queue)) else {
            return;
        };
        let exclusive = QueueDeclareOptions {
            exclusive: true,
            ..QueueDeclareOptions::default()
        };
        let declared = self.declare_queue(&name, exclusive, FieldTable::default()).await;
        self.note(declared, |server, error| match code_of(error) {
            Some(code::RESOURCE_LOCKED) => owned_elsewhere(queue),
            _ => server.not_declared("queue", name.as_str(), error),
        });
    }

    async fn queue(&mut self, queue: &str) {
        let names = &self.server.names;
        let both = names.dead(queue).and_then(|dead| Ok((names.queue(queue)?, dead)));
        let Some((name, dead)) = self.named(both) else {
            return;
        };
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        // Not a quorum queue: those give up on messages from RabbitMQ 4 on, and here nothing may be given up.
        let classic = table([("x-queue-type", "classic")]);
        let declared = self.declare_queue(&dead, durable, classic).await;
        self.note(declared, |server, error| {
            server.not_declared("queue", dead.as_str(), error)
        });
        let quorum = table([
            ("x-queue-type", "quorum"),
            ("x-dead-letter-exchange", ""),
            ("x-dead-letter-routing-key", dead.as_str()),
            ("x-dead-letter-strategy", "at-least-once"),
            ("x-overflow", "reject-publish"),
        ]);
        let declared = self.declare_queue(&name, durable, quorum).await;
        self.note(declared, |server, error| {
            server.not_declared("queue", name.as_str(), error)
        });
    }

    async fn ephemeral(&mut self, queue: &str) {
        let Some(name) = self.named(self.server.names.queue(queue)) else {
            return;
        };
        let exclusive = QueueDeclareOptions {
            exclusive: true,
            auto_delete: false,
            ..QueueDeclareOptions::default()
        };
        let declared = self.declare_queue(&name, exclusive, FieldTable::default()).await;
        self.note(declared, |server, error| {
            server.not_declared("queue", name.as_str(), error)
        });
    }

    async fn events(&mut self) {
        let Some(name) = self.named(self.server.names.events()) else {
            return;
        };
        let durable = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let declared = match self.channel().await {
            Ok(channel) => {
                let arguments = FieldTable::default();
                let declaring =
                    channel.exchange_declare(name.clone(), ExchangeKind::Topic, durable, arguments);
                self.server.answered(declaring).await
            }
            Err(error) => Err(error),
        };
        self.note(declared, |server, error| {
            server.not_declared("exchange", name.as_str(), error)
        });
    }

    async fn binding(&mut self, Subscription { event, queue }: &Subscription) {
        let names = &self.server.names;
        let all = names
            .queue(queue)
            .and_then(|queue| Ok((queue, names.events()?, names.event(event)?)));
        let Some((queue, exchange, key)) = self.named(all) else {
            return;
        };
        let bound = match self.channel().await {
            Ok(channel) => {
                let options = QueueBindOptions::default();
                let binding =
                    channel.queue_bind(queue.clone(), exchange, key, options, FieldTable::default());
                self.server.answered(binding).await
            }
            Err(error) => Err(error),
        };
        self.note(bound, |server, error| {
            server.failed(
                &format!("to bind the queue `{queue}` to the event `{event}`"),
                error,
            )
        });
    }

    /// Whether there is such a queue.
    async fn exists(&mut self, queue: &str) -> bool {
        let Ok(name) = self.server.names.queue(queue) else {
            return false;
        };
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let found = self.declare_queue(&name, passive, FieldTable::default()).await;
        if found.is_err() {
            self.channel = None;
        }
        found.is_ok()
    }

    async fn declare_queue(
        &mut self,
        name: &ShortString,
        options: QueueDeclareOptions,
        arguments: FieldTable,
    ) -> Declared<()> {
        let channel = self.channel().await?;
        let declaring = channel.queue_declare(name.clone(), options, arguments);
        self.server.answered(declaring).await.map(drop)
    }

    async fn channel(&mut self) -> Declared<Channel> {
        if let Some(channel) = &self.channel {
            return Ok(channel.clone());
        }
        let channel = self.server.answered(self.connection.create_channel()).await?;
        self.channel = Some(channel.clone());
        Ok(channel)
    }

    /// The names of what is to be declared; `None` if they cannot be, or if there is nobody left to declare it to.
    fn named<T>(&mut self, name: Result<T, Error>) -> Option<T> {
        let name = name.map_err(|fault| self.faults.push(fault)).ok();
        name.filter(|_| !self.is_lost)
    }

    fn note(&mut self, done: Declared<()>, fault: impl FnOnce(&Server, &lapin::Error) -> Error) {
        if let Err(error) = done {
            self.channel = None;
            self.is_lost |= code_of(&error).is_none();
            self.faults.push(fault(self.server, &error));
        }
    }
}

fn table<const N: usize>(arguments: [(&str, &str); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    table
}
