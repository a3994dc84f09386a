//! Where messages travel and what remembers them. This is all that tells one broker from another, and many machines
//! from one.

use saga_runtime::{
    Bus,
    bus::Builder,
    store::{Postgres, PostgresOptions},
    transport::{Nats, NatsOptions, RabbitMq, RabbitMqOptions},
};

use crate::{
    Result,
    options::{Broker, Servers},
};

impl Servers {
    /// A bus for one kind of process. Processes of one kind share a schema, and so the work: each takes what the others
    /// have not, and takes over what one leaves behind that dies. Processes of different kinds share nothing but the
    /// broker.
    pub async fn open(&self, kind: &str) -> Result<Builder> {
        let store = self.store(kind).connect().await?;
        Ok(match self.broker {
            Broker::Rabbitmq => Bus::with(self.rabbitmq().connect().await?, store),
            Broker::Nats => Bus::with(self.nats().connect().await?, store),
        })
    }

    /// The same, for this run alone.
    pub fn of_this_run(&self) -> Self {
        let name = format!("{}_{}", self.name, std::process::id());
        Self { name, ..self.clone() }
    }

    pub fn store(&self, kind: &str) -> PostgresOptions {
        Postgres::options(&self.postgres).schema(self.schema(kind))
    }

    /// What the schema of a kind of process is called.
    pub fn schema(&self, kind: &str) -> String {
        format!("{}_{kind}", self.name)
    }

    fn rabbitmq(&self) -> RabbitMqOptions {
        RabbitMq::options(&self.rabbitmq).prefix(self.queue(""))
    }

    /// What a queue is called at RabbitMQ.
    pub fn queue(&self, queue: &str) -> String {
        format!("{}.{queue}", self.name)
    }

    fn nats(&self) -> NatsOptions {
        Nats::options(&self.nats).namespace(&self.name)
    }

    /// What streams at NATS begin with.
    pub fn streams(&self) -> String {
        format!("{}-", self.name)
    }
}
