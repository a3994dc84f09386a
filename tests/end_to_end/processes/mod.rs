//! Several processes on one PostgreSQL schema and one broker: they share the work, never run one instance twice at once,
//! take over what a killed one had in hand, and may be of two builds.

use std::fmt;

use saga_runtime::{
    Bus,
    bus::Builder,
    store::Postgres,
    transport::{Nats, RabbitMq},
};
use saga_tests::{
    nats, rabbitmq,
    servers::{NATS, RABBITMQ, Server},
};

use crate::servers::Schema;

mod killed;
mod rolling;
mod serial;
mod sharing;

/// Whatever a test of this folder serves.
const QUEUES: &[&str] = &[
    "sales",
    "sales.replies",
    "billing",
    "warehouse",
    "front",
    "front.replies",
    "back",
    "desk",
    "desk.replies",
    "book",
];

/// What carries the messages.
#[derive(Clone, Copy, Debug)]
enum Broker {
    RabbitMq,
    Nats,
}

/// A schema and a corner of a broker, which are removed with it.
struct Site {
    place: Place,
    _schema: Schema,
    _corner: Box<dyn fmt::Debug>,
}

impl Site {
    /// `None`, said aloud, where a server is missing; with `CI=true` that is a failure.
    fn on(broker: Broker) -> Option<Self> {
        let server: Server = match broker {
            Broker::RabbitMq => RABBITMQ,
            Broker::Nats => NATS,
        };
        if let Some(why) = server.missing() {
            eprintln!("skipped: {why}");
            return None;
        }
        let schema = Schema::new()?;
        let (prefix, corner): (_, Box<dyn fmt::Debug>) = match broker {
            Broker::RabbitMq => {
                let corner = rabbitmq::Corner::with(QUEUES);
                (corner.queue(""), Box::new(corner))
            }
            Broker::Nats => {
                let corner = nats::Corner::new();
                (corner.namespace().to_owned(), Box::new(corner))
            }
        };
        let place = Place {
            broker,
            database: schema.url().to_owned(),
            schema: schema.name().to_owned(),
            prefix,
        };
        Some(Self {
            place,
            _schema: schema,
            _corner: corner,
        })
    }

    async fn builder(&self) -> Builder {
        self.place.builder().await
    }
}

/// Where a process finds the others. It can be told in a line.
#[derive(Debug)]
struct Place {
    broker: Broker,
    database: String,
    schema: String,
    prefix: String,
}

impl Place {
    fn told(&self) -> String {
        let Self {
            broker,
            database,
            schema,
            prefix,
        } = self;
        format!("{broker:?} {database} {schema} {prefix}")
    }

    fn heard(told: &str) -> Self {
        let [broker, database, schema, prefix] = Vec::from_iter(told.split(' '))[..] else {
            panic!("`{told}` is no place");
        };
        Self {
            broker: match broker {
                "Nats" => Broker::Nats,
                _ => Broker::RabbitMq,
            },
            database: database.into(),
            schema: schema.into(),
            prefix: prefix.into(),
        }
    }

    /// As a process of its own would begin.
    async fn builder(&self) -> Builder {
        let store = Postgres::options(&self.database).schema(&self.schema);
        let store = store.connect().await.unwrap();
        match self.broker {
            Broker::RabbitMq => {
                let broker = RabbitMq::options(RABBITMQ.address()).prefix(&self.prefix);
                Bus::with(broker.connect().await.unwrap(), store)
            }
            Broker::Nats => {
                let broker = Nats::options(NATS.address()).namespace(&self.prefix);
                Bus::with(broker.connect().await.unwrap(), store)
            }
        }
    }
}

/// Runs a scenario on every broker, as `<title>::rabbitmq` and `<title>::nats`.
macro_rules! on_each_broker {
    ($( async fn $title:ident($site:ident) $scenario:block )*) => {
        $(
            mod $title {
                use super::*;
                use $crate::processes::{Broker, Site};

                async fn scenario($site: &Site) $scenario

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn rabbitmq() {
                    if let Some(site) = Site::on(Broker::RabbitMq) {
                        scenario(&site).await;
                    }
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn nats() {
                    if let Some(site) = Site::on(Broker::Nats) {
                        scenario(&site).await;
                    }
                }
            }
        )*
    };
}
use on_each_broker;
