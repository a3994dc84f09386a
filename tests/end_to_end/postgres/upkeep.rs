//! What is past its retention goes, a little at a time and by one process at a time.

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
