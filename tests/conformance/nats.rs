//! The transport on NATS JetStream.

use saga_runtime::{testing::transport_suite::TransportFixture, transport::Nats};
use saga_tests::{nats::Corner, servers::NATS};

struct Server(Corner);

impl TransportFixture for Server {
    type Transport = Nats;

    #[allow(clippy::unwrap_used, reason = "without a server there is no test")]
    async fn connect(&self) -> Option<Nats> {
        Some(self.0.options().connect().await.unwrap())
    }

    fn missing(&self) -> Option<String> {
        NATS.missing()
    }
}

mod transport {
    saga_runtime::testing::transport_suite!(super::Server(super::Corner::new()));
}
