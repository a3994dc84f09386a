//! The transport on RabbitMQ.

use saga_runtime::{testing::transport_suite::TransportFixture, transport::RabbitMq};
use saga_tests::{rabbitmq::Corner, servers::RABBITMQ};

/// The queues that the suite declares.
const QUEUES: &[&str] = &["audit", "billing", "mail", "quick", "sales", "slow"];

struct Broker(Corner);

impl TransportFixture for Broker {
    type Transport = RabbitMq;

    #[allow(clippy::unwrap_used, reason = "without a server there is no test")]
    async fn connect(&self) -> Option<RabbitMq> {
        Some(self.0.options().connect().await.unwrap())
    }

    fn missing(&self) -> Option<String> {
        RABBITMQ.missing()
    }
}

mod transport {
    saga_runtime::testing::transport_suite!(super::Broker(super::Corner::with(super::QUEUES)));
}
