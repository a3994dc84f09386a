//! The store in a SQLite file.

use saga_runtime::{store::Sqlite, testing::store_suite::StoreFixture};
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

mod store {
    saga_runtime::testing::store_suite!(super::File::new());
}
