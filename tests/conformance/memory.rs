//! The store in memory, the transport in memory, and the one made into the other.

use saga_runtime::{
    store::Memory,
    testing::{store_suite::StoreFixture, transport_suite::TransportFixture},
    transport::{MemoryTransport, QueueOver},
};

/// Processes that share one memory: each gets a handle of its own.
#[derive(Default)]
struct Shared<T>(T);

impl StoreFixture for Shared<Memory> {
    type Store = Memory;

    async fn connect(&self) -> Memory {
        self.0.clone()
    }
}

impl TransportFixture for Shared<MemoryTransport> {
    type Transport = MemoryTransport;

    async fn connect(&self) -> Option<MemoryTransport> {
        Some(self.0.clone())
    }
}

impl TransportFixture for Shared<Memory> {
    type Transport = QueueOver<Memory>;

    async fn connect(&self) -> Option<QueueOver<Memory>> {
        Some(QueueOver::new(self.0.clone()))
    }
}

mod store {
    saga_runtime::testing::store_suite!(super::Shared::<super::Memory>::default());
}

mod transport {
    saga_runtime::testing::transport_suite!(super::Shared::<super::MemoryTransport>::default());
}

mod queue_over {
    saga_runtime::testing::transport_suite!(super::Shared::<super::Memory>::default());
}
