//! Looking at instances and queues.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    samples::{finish, instance, instance_id, message, put, start, tombstone},
    *,
};
use crate::store::{InstanceCount, InstanceFilter, InstanceRow, NewMessage, Wait};

async fn keys<S: Store>(process: &Process<S>, filter: InstanceFilter) -> Vec<String> {
    let rows = process.inspect().instances(filter).await.unwrap().into_iter();
    rows.map(|row| row.id.key.to_string()).collect()
}

/// Four instances, a to d, one second apart; c and d with timers, b parked, d of another saga.
async fn with_four<F: StoreFixture>(bench: &Bench<F>) -> Process<F::Store> {
    let process = bench.start().await;
    let row = |key: &str, second: i64| InstanceRow {
        created_at: bench.after(second),
        updated_at: bench.after(10 + second),
        ..instance(key, 1)
    };
    let mut d = InstanceRow {
        due: Some(bench.after(50)),
        ..row("d", 3)
    };
    d.id.saga = "Travel".into();
    let rows = [
        InstanceRow {
            state: "AwaitingLabel".into(),
            ..row("a", 0)
        },
        InstanceRow {
            parked: Some("refused".into()),
            ..row("b", 1)
        },
        InstanceRow {
            due: Some(bench.after(60)),
            ..row("c", 2)
        },
        d,
    ];
    process.commit(rows.map(start).to_vec()).await.unwrap();
    process
        .apply(finish(None, tombstone("finished", bench.now())))
        .await;
    process
}

pub async fn live_instances_are_listed_and_filtered<F: StoreFixture>(bench: Bench<F>) {
    let process = with_four(&bench).await;
    let all = InstanceFilter::default;
    let mut listed = keys(&process, all()).await;
    listed.sort();
    assert_eq!(listed, ["a", "b", "c", "d"]);
    let label = InstanceFilter {
        state: Some("AwaitingLabel".into()),
        ..all()
    };
    assert_eq!(keys(&process, label).await, ["a"]);
    assert_eq!(
        keys(
            &process,
            InstanceFilter {
                saga: Some("Travel".into()),
                ..all()
            }
        )
        .await,
        ["d"]
    );
    assert_eq!(
        keys(
            &process,
            InstanceFilter {
                key: Some("c".into()),
                ..all()
            }
        )
        .await,
        ["c"]
    );
    assert_eq!(
        keys(
            &process,
            InstanceFilter {
                parked: true,
                ..all()
            }
        )
        .await,
        ["b"]
    );
    let old = InstanceFilter {
        created_before: Some(bench.after(1)),
        ..all()
    };
    assert_eq!(keys(&process, old).await, ["a"]);
    let still = InstanceFilter {
        updated_before: Some(bench.after(11)),
        ..all()
    };
    assert_eq!(keys(&process, still).await, ["a"]);
}

pub async fn instances_with_timers_are_listed_earliest_first<F: StoreFixture>(bench: Bench<F>) {
    let process = with_four(&bench).await;
    let timers = InstanceFilter {
        with_timer: true,
        ..Default::default()
    };
    assert_eq!(keys(&process, timers).await, ["d", "c"]);
}

pub async fn instances_are_listed_in_pages<F: StoreFixture>(bench: Bench<F>) {
    let process = with_four(&bench).await;
    let page = |offset| InstanceFilter {
        offset,
        limit: 3,
        ..Default::default()
    };
    let mut listed = keys(&process, page(0)).await;
    assert_eq!(listed.len(), 3);
    listed.extend(keys(&process, page(3)).await);
    listed.sort();
    assert_eq!(listed, ["a", "b", "c", "d"]);
}

pub async fn one_instance_is_inspected_alive_or_finished<F: StoreFixture>(bench: Bench<F>) {
    let process = with_four(&bench).await;
    let look = |key| process.inspect().instance(instance_id(key));
    assert!(matches!(look("a").await.unwrap(), Found::Live(row) if *row.state == *"AwaitingLabel"));
    assert!(matches!(look("finished").await.unwrap(), Found::Finished(_)));
    assert_eq!(look("never").await.unwrap(), Found::Absent);
}

pub async fn live_instances_are_counted_by_saga_and_state<F: StoreFixture>(bench: Bench<F>) {
    let process = with_four(&bench).await;
    let mut counts = process.inspect().counts().await.unwrap();
    counts.sort();
    let count = |saga: &str, state: &str, count| InstanceCount {
        saga: saga.into(),
        state: state.into(),
        count,
    };
    let expected = [
        count("Fulfilment", "AwaitingBill", 2),
        count("Fulfilment", "AwaitingLabel", 1),
        count("Travel", "AwaitingBill", 1),
    ];
    assert_eq!(counts, expected);
}

pub async fn queue_depths_are_told_by_reason_for_waiting<F: StoreFixture>(bench: Bench<F>) {
    let process = bench.start().await;
    let first = bench.now();
    process.apply(put([message("billing")])).await;
    bench.advance_secs(1).await;
    let retry = NewMessage {
        wait: Wait::Retry,
        due: Some(bench.after(9)),
        ..message("billing")
    };
    process
        .apply(put([message("billing"), retry, message("sales")]))
        .await;
    process.claim_up_to("billing", 1).await;

    let depths = process.inspect().queues().await.unwrap();
    let depth = |queue: &str, wait| {
        let depth = depths
            .iter()
            .find(|depth| depth.queue == queue && depth.wait == wait);
        depth.map(|depth| (depth.count, depth.oldest))
    };
    assert_eq!(depths.len(), 3);
    assert_eq!(
        depth("billing", Wait::Ready),
        Some((2, Some(first))),
        "claimed ones included"
    );
    assert_eq!(depth("billing", Wait::Retry), Some((1, Some(bench.now()))));
    assert_eq!(depth("sales", Wait::Ready), Some((1, Some(bench.now()))));
}
