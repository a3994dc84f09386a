//! Whether a full database is slower than an empty one: the same load with few and with many instances stored.

use std::{path::Path, time::Duration};

use saga_benches::Outcome;
use saga_runtime::store::{Catalog, Change, InstanceChange, InstanceId, Sqlite, Store as _, Unit};
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::{
    library::{Backend, run},
    measured::Measured,
    store_alone::{node, row},
};

/// How many orders are in flight meanwhile.
pub(crate) const IN_FLIGHT: usize = 256;

/// Instances stored at the beginning of the measurement everything else is compared with.
pub(crate) const FEW: u64 = 1_000;

/// Throughput with [`FEW`] live instances stored, in a database of its own.
pub(crate) fn with_few(directory: &Path, window: Duration) -> Outcome<Measured> {
    let home = tempfile::tempdir_in(directory)?;
    let database = home.path().join("few.db");
    fill(&database, FEW)?;
    with(&database, window)
}

/// Throughput on a database that was filled before.
pub(crate) fn with(database: &Path, window: Duration) -> Outcome<Measured> {
    run(Backend::Sqlite(database.to_owned()), IN_FLIGHT, window)
}

/// Stores `live` instances that wait for a label, through the store's own contract.
pub(crate) fn fill(database: &Path, live: u64) -> Outcome<()> {
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let store = Sqlite::open(database).await?;
            store.open(&node(), &Catalog::default()).await?;
            let mut left = live;
            while left > 0 {
                let chunk = left.min(10_000);
                store.commit((0..chunk).map(|_| birth()).collect()).await?;
                left -= chunk;
            }
            store.close().await?;
            Ok(())
        })
}

/// An instance under a random key.
fn birth() -> Unit {
    let id = InstanceId {
        saga: "Fulfilment".into(),
        key: Uuid::new_v4().to_string().into(),
    };
    let change = Change::Put(row(id.clone(), 1, "AwaitingLabel"));
    Unit {
        instance: Some(InstanceChange {
            id,
            expect: None,
            change,
        }),
        ..Unit::default()
    }
}
