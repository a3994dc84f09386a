//! A server that refuses what one message of many writes: that one is set aside, and the others never hear of it.

use saga_runtime::{Bus, dead_letter::Reason};

use crate::{
    job::{Hands, jobs, letters, start, state, until_dead, until_idle},
    servers::Schema,
};

/// As many as fit into one commit, all of which wait before the first worker starts.
const JOBS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_that_the_server_refuses_is_set_aside_with_its_words() {
    let Some(schema) = Schema::new() else { return };
    schema.options().migrate().await.unwrap();
    let unlucky = "ALTER TABLE instance ADD CONSTRAINT unlucky CHECK (key <> 'job 13'::bytea)";
    schema.client().await.batch_execute(unlucky).await.unwrap();
    let outside = Bus::new(schema.connect().await).start().await.unwrap();
    for n in 0..JOBS {
        outside.send(start(&format!("job {n}"))).await.unwrap();
    }
    outside.shutdown().await.unwrap();

    let hands = Hands::willing();
    let builder = jobs(Bus::new(schema.connect().await), &hands).workers(1);
    let bus = builder.start().await.unwrap();
    let dead = until_dead(&bus, 1).await;
    assert_eq!(dead[0].reason, Reason::RefusedByStore);
    assert!(
        dead[0].detail.contains("violates check constraint \"unlucky\""),
        "{}",
        dead[0].detail
    );
    until_idle(&bus).await;
    assert_eq!(letters(&bus).await.len(), 1);
    for n in (0..JOBS).filter(|n| *n != 13) {
        assert_eq!(state(&bus, &format!("job {n}")).await, "end");
    }
    assert_eq!(state(&bus, "job 13").await, "absent");
    bus.shutdown().await.unwrap();
}
