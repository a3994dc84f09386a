//! PostgreSQL crashes and recovers while orders go through it.

use saga_runtime::Bus;
use saga_tests::postgres::Cluster;

use crate::{effects::Effects, rush::Rush, servers::Schema};

const CRASHES: usize = 5;

/// Orders placed between two crashes.
const LOT: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_crashing_under_load_loses_nothing_and_doubles_nothing() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    // What was done is written down elsewhere: the world does not crash with the database.
    let Some(world) = Schema::new() else { return };
    let effects = Effects::create(&world).await;
    let bus = async || Bus::new(cluster.options().connect().await.unwrap());
    let rush = Rush::start([bus().await, bus().await], &effects).await;
    let crashing = async {
        for crash in 1..=CRASHES {
            rush.has_come_to(crash * LOT * 7 / 10).await;
            tokio::task::block_in_place(|| cluster.crash()).unwrap();
        }
    };
    tokio::join!(rush.place(0..(CRASHES + 1) * LOT), crashing);
    rush.finish((CRASHES + 1) * LOT).await;
}
