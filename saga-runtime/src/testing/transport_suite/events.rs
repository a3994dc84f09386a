//! An event goes to every queue bound to it once, and to no other.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    bench::{assert_quiet, binding, consume, event, receive_from, send},
    *,
};

fn topology() -> Topology {
    Topology {
        queues: ["audit", "mail", "billing"].map(Into::into).to_vec(),
        bindings: vec![
            binding("OrderPlaced", "audit"),
            binding("OrderPlaced", "mail"),
            binding("OrderBilled", "billing"),
        ],
        ..Topology::default()
    }
}

pub async fn an_event_goes_to_every_bound_queue_and_to_no_other<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with(topology()).await.unwrap();
    let ids = send(&transport, &[event("OrderPlaced")]).await;
    for queue in ["audit", "mail"] {
        let mut receiver = receive_from(&transport, queue).await;
        assert_eq!(consume(&mut receiver, 1).await, ids, "in {queue}");
    }
    assert_quiet(&mut receive_from(&transport, "billing").await).await;
}

pub async fn an_event_reaches_a_queue_once_however_often_it_was_bound<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with(topology()).await.unwrap();
    transport.declare(&topology()).await.unwrap();
    let mut twice = topology();
    twice.bindings.push(binding("OrderPlaced", "audit"));
    transport.declare(&twice).await.unwrap();
    let ids = send(&transport, &[event("OrderPlaced")]).await;
    let mut receiver = receive_from(&transport, "audit").await;
    assert_eq!(consume(&mut receiver, 1).await, ids);
    assert_quiet(&mut receiver).await;
}

pub async fn an_event_comes_from_another_process<F: TransportFixture>(bench: Bench<F>) {
    let hearing = bench.with(topology()).await.unwrap();
    let Some(publishing) = bench.with(Topology::default()).await else {
        return;
    };
    let ids = send(&publishing, &[event("OrderBilled")]).await;
    let mut receiver = receive_from(&hearing, "billing").await;
    assert_eq!(consume(&mut receiver, 1).await, ids);
}

pub async fn one_queue_taking_its_copy_leaves_the_others_theirs<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with(topology()).await.unwrap();
    let ids = send(&transport, &[event("OrderPlaced")]).await;
    let mut audit = receive_from(&transport, "audit").await;
    consume(&mut audit, 1).await;
    drop(audit);
    let mut mail = receive_from(&transport, "mail").await;
    assert_eq!(consume(&mut mail, 1).await, ids);
}
