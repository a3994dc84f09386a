//! The store in memory.

use saga_runtime::{store::Memory, testing::store_suite::StoreFixture};

/// Processes that share one memory: each gets a handle of its own.
#[derive(Default)]
struct Shared(Memory);

impl StoreFixture for Shared {
    type Store = Memory;

    async fn connect(&self) -> Memory {
        self.0.clone()
    }
}

mod store {
    saga_runtime::testing::store_suite!(super::Shared::default());
}
