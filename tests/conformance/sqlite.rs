//! The store in a SQLite file, and the transport over it.

use std::sync::atomic::{AtomicBool, Ordering};

use saga_runtime::{
    store::Sqlite,
    testing::{store_suite::StoreFixture, transport_suite::TransportFixture},
    transport::QueueOver,
};
use tempfile::TempDir;

/// Processes that follow each other on one file.
struct File(TempDir);

impl File {
    #[allow(clippy::unwrap_used, reason = "without a directory there is no test")]
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl StoreFixture for File {
    type Store = Sqlite;

    #[allow(clippy::unwrap_used, reason = "without a store there is no test")]
    async fn connect(&self) -> Sqlite {
        Sqlite::open(self.0.path().join("suite.db")).await.unwrap()
    }
}

/// A file serves one process at a time.
struct Queues {
    file: File,
    is_taken: AtomicBool,
}

impl Queues {
    fn new() -> Self {
        Self {
            file: File::new(),
            is_taken: AtomicBool::new(false),
        }
    }
}

impl TransportFixture for Queues {
    type Transport = QueueOver<Sqlite>;

    async fn connect(&self) -> Option<QueueOver<Sqlite>> {
        if self.is_taken.swap(true, Ordering::Relaxed) {
            return None;
        }
        Some(QueueOver::new(self.file.connect().await))
    }
}

mod store {
    saga_runtime::testing::store_suite!(super::File::new());
}

mod queue_over {
    saga_runtime::testing::transport_suite!(super::Queues::new());
}
