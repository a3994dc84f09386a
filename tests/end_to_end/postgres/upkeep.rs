//! What the server does at the side: it removes what is over, a little at a time, and reads no more than it must.

use std::sync::Arc;

use saga_runtime::{
    clock::SystemClock,
    envelope::MessageId,
    limits::Limits,
    store::{Catalog, Node, Store as _},
};

use crate::servers::Schema;

/// So many tombstones and ids that are long over, and a few of today.
const LEFT_BEHIND: &str = "
    INSERT INTO finished SELECT 'Job', convert_to(n::text, 'UTF8'), 1, at, at, '' FROM generate_series(1, 2500) AS n,
        (SELECT now() - interval '1 year') AS long_ago (at);
    INSERT INTO inbox SELECT gen_random_uuid(), 'Job', now() - interval '1 year' FROM generate_series(1, 1500);
    INSERT INTO finished SELECT 'Job', convert_to('today ' || n, 'UTF8'), 1, now(), now(), '' FROM generate_series(1, 7) AS n;
    INSERT INTO inbox SELECT gen_random_uuid(), 'Job', now() FROM generate_series(1, 5);";

const BUSY: &str = "BEGIN; SELECT pg_advisory_xact_lock('message'::regclass::oid::integer, 1)";

#[tokio::test]
async fn what_is_past_its_retention_is_removed_in_chunks_by_one_process_at_a_time() {
    let Some(schema) = Schema::new() else { return };
    let store = schema.connect().await;
    let node = Node {
        id: MessageId::random(),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
    };
    store.open(&node, &Catalog::default()).await.unwrap();
    let client = schema.client().await;
    client.batch_execute(LEFT_BEHIND).await.unwrap();

    let another = schema.client().await;
    another.batch_execute(BUSY).await.unwrap();
    assert_eq!(
        store.beat().await.unwrap().collected,
        0,
        "another process is at it"
    );
    another.batch_execute("COMMIT").await.unwrap();

    let mut beats = Vec::new();
    for _ in 0..4 {
        let beat = store.beat().await.unwrap();
        beats.push((beat.collected, beat.more));
    }
    assert_eq!(beats, [(2_000, true), (1_500, true), (500, false), (0, false)]);
    let left = "SELECT (SELECT count(*) FROM finished), (SELECT count(*) FROM inbox)";
    let left = client.query_one(left, &[]).await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (7, 5));
    store.close().await.unwrap();
}

/// As the connections that take are set.
const PINNED: &str =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; BEGIN";

const OLDEST: &str = "SELECT oldest_1(ARRAY['sales'], ARRAY['Fulfilment'])";

const READ_WHOLE: &str = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'message'::regclass";

#[tokio::test]
async fn the_oldest_message_is_found_without_reading_all_that_waits() {
    let Some(schema) = Schema::new() else { return };
    schema.options().migrate().await.unwrap();
    let client = schema.client().await;
    client.batch_execute(PINNED).await.unwrap();
    client.batch_execute(OLDEST).await.unwrap();
    let whole = client.query_one(READ_WHOLE, &[]).await.unwrap();
    // The schema cannot be dropped while it is in use.
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(whole.get::<_, i64>(0), 0);
}
