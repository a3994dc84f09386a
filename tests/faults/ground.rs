//! Where the processes of a test meet: a schema of their own on PostgreSQL, and a corner of a broker or none.

use std::{net::SocketAddr, time::Duration};

use saga_runtime::{
    Bus,
    bus::Builder,
    store::{Postgres, Store},
    transport::{Nats, RabbitMq, Transport},
};
use saga_tests::{
    nats, rabbitmq,
    servers::{NATS, RABBITMQ, Server},
};
use serde::{Deserialize, Serialize};

use crate::servers::Schema;

/// The endpoints of the order process.
pub const QUEUES: &[&str] = &["sales", "sales.replies", "billing", "warehouse"];

/// How long RabbitMQ may be silent, where a silent line is to be noticed soon.
const PATIENCE: Duration = Duration::from_secs(5);

/// How messages go from process to process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Way {
    /// By the tables of the store.
    Tables,
    RabbitMq {
        url: String,
        prefix: String,
    },
    Nats {
        url: String,
        namespace: String,
    },
}

impl Way {
    /// A bus that goes this way, to be completed.
    pub async fn bus(&self, store: impl Store) -> Builder {
        match self {
            Self::Tables => Bus::new(store),
            Self::RabbitMq { url, prefix } => {
                let options = RabbitMq::options(url).prefix(prefix);
                Bus::with(options.connect().await.unwrap(), store)
            }
            Self::Nats { url, namespace } => Bus::with(nats(url, namespace).await, store),
        }
    }

    /// The broker, if there is one on the way.
    pub async fn broker(&self) -> Option<Box<dyn Transport>> {
        match self {
            Self::Tables => None,
            Self::RabbitMq { url, prefix } => {
                let options = RabbitMq::options(url).prefix(prefix);
                Some(Box::new(options.connect().await.unwrap()))
            }
            Self::Nats { url, namespace } => Some(Box::new(nats(url, namespace).await)),
        }
    }
}

async fn nats(url: &str, namespace: &str) -> Nats {
    let options = Nats::options(url).namespace(namespace);
    options.connect().await.unwrap()
}

/// What is removed from the broker in the end.
enum Corner {
    None,
    RabbitMq(rabbitmq::Corner),
    Nats(nats::Corner),
}

/// The way, and the schema of the stores.
pub struct Ground {
    pub schema: Schema,
    corner: Corner,
}

/// `None`, said aloud, without the server.
fn at_hand(server: Server) -> Option<()> {
    let missing = server.missing();
    missing.iter().for_each(|why| eprintln!("skipped: {why}"));
    missing.is_none().then_some(())
}

impl Ground {
    pub fn tables() -> Option<Self> {
        Self::with(Corner::None)
    }

    pub fn rabbitmq() -> Option<Self> {
        at_hand(RABBITMQ)?;
        Self::with(Corner::RabbitMq(rabbitmq::Corner::with(QUEUES)))
    }

    pub fn nats() -> Option<Self> {
        at_hand(NATS)?;
        Self::with(Corner::Nats(nats::Corner::new()))
    }

    pub fn of_own_rabbitmq(server: &rabbitmq::OwnServer) -> Option<Self> {
        Self::with(Corner::RabbitMq(server.corner(QUEUES)))
    }

    pub fn of_own_nats(server: &nats::OwnServer) -> Option<Self> {
        Self::with(Corner::Nats(server.corner()))
    }

    fn with(corner: Corner) -> Option<Self> {
        Schema::new().map(|schema| Self { schema, corner })
    }

    pub fn way(&self) -> Way {
        match &self.corner {
            Corner::None => Way::Tables,
            Corner::RabbitMq(corner) => Way::RabbitMq {
                url: corner.url().to_owned(),
                prefix: corner.prefix().to_owned(),
            },
            Corner::Nats(corner) => Way::Nats {
                url: corner.address().to_owned(),
                namespace: corner.namespace().to_owned(),
            },
        }
    }

    /// The server that messages go through.
    pub fn place(&self) -> String {
        match &self.corner {
            Corner::None => self.schema.host(),
            Corner::RabbitMq(_) => RABBITMQ.place(),
            Corner::Nats(_) => NATS.place(),
        }
    }

    /// A bus here, to be completed.
    pub async fn bus(&self) -> Builder {
        self.way().bus(self.schema.connect().await).await
    }

    /// A bus whose messages go by way of another address.
    pub async fn bus_by(&self, address: SocketAddr) -> Builder {
        let (store, way) = match self.way() {
            Way::Tables => {
                let store: Postgres = self
                    .schema
                    .options_through(address.port())
                    .connect()
                    .await
                    .unwrap();
                (store, Way::Tables)
            }
            Way::RabbitMq { prefix, .. } => {
                let url = RABBITMQ.address_by(address);
                let options = RabbitMq::options(&url).prefix(&prefix).patience(PATIENCE);
                let broker = options.connect().await.unwrap();
                return Bus::with(broker, self.schema.connect().await);
            }
            Way::Nats { namespace, .. } => {
                let url = NATS.address_by(address);
                (self.schema.connect().await, Way::Nats { url, namespace })
            }
        };
        way.bus(store).await
    }

    /// Puts bytes that are no message among the others; whether the way can carry any.
    pub async fn put_garbage(&self, queue: &str, garbage: &str) -> bool {
        match &self.corner {
            Corner::None => return false,
            Corner::RabbitMq(corner) => corner.put_garbage(queue, garbage).await.unwrap(),
            Corner::Nats(corner) => corner.put_garbage(queue, garbage.to_owned()).await.unwrap(),
        }
        true
    }
}
