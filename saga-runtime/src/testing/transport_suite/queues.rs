//! Queues exist when they were declared, and vanish only if they are ephemeral.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    bench::{WIDE, binding, command, consume, eventually, receive_from, send},
    *,
};
use crate::ErrorKind;

pub async fn declaring_twice_changes_nothing<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let ids = send(&transport, &[command("billing")]).await;
    let topology = Topology {
        queues: vec!["billing".into(), "sales".into()],
        ..Topology::default()
    };
    transport.declare(&topology).await.unwrap();
    transport.declare(&topology).await.unwrap();
    let mut receiver = receive_from(&transport, "billing").await;
    assert_eq!(consume(&mut receiver, 1).await, ids);
}

pub async fn all_faults_of_a_topology_are_reported_at_once<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let topology = Topology {
        bindings: vec![
            binding("OrderPlaced", "nowhere"),
            binding("OrderPlaced", "billing"),
            binding("OrderBilled", "neverland"),
        ],
        ..Topology::default()
    };
    let faults = transport.declare(&topology).await.unwrap_err();
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 2, "{texts:?}");
    assert!(
        texts[0].contains("nowhere") && texts[1].contains("neverland"),
        "{texts:?}"
    );
    assert!(faults.iter().all(|fault| fault.kind() == ErrorKind::Setup));
}

pub async fn a_queue_that_was_not_declared_cannot_be_received_from<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let refused = transport.subscribe("nowhere", WIDE).await.err();
    let refused = refused.expect("there is no such queue");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert!(refused.to_string().contains("nowhere"), "{refused}");
}

pub async fn a_queue_outlives_the_process_that_declared_it<F: TransportFixture>(bench: Bench<F>) {
    let receiving = bench.with_queues(&["billing"]).await;
    let Some(sending) = bench.with(Topology::default()).await else {
        return;
    };
    drop(receiving);
    let ids = send(&sending, &[command("billing")]).await;
    let again = bench.with_queues(&["billing"]).await;
    let mut receiver = receive_from(&again, "billing").await;
    assert_eq!(consume(&mut receiver, 1).await, ids);
}

pub async fn an_ephemeral_queue_vanishes_with_its_process<F: TransportFixture>(bench: Bench<F>) {
    let asking = bench.with(Topology {
        ephemeral: vec!["requester.1".into()],
        ..Topology::default()
    });
    let asking = asking.await.unwrap();
    let Some(answering) = bench.with(Topology::default()).await else {
        return;
    };
    let ids = send(&answering, &[command("requester.1")]).await;
    let mut receiver = receive_from(&asking, "requester.1").await;
    assert_eq!(consume(&mut receiver, 1).await, ids);

    drop(receiver);
    drop(asking);
    eventually("that the queue has vanished", async || {
        answering.send(&[command("requester.1")]).await == [Sent::NoRoute]
    })
    .await;
}

pub async fn an_owned_queue_is_refused_to_others_until_its_owner_closes<F: TransportFixture>(
    bench: Bench<F>,
) {
    let topology = Topology {
        queues: vec!["billing".into(), "sales".into()],
        owned: vec!["billing".into(), "sales".into()],
        ..Topology::default()
    };
    let owner = bench.with(topology.clone()).await.unwrap();
    if !owner.caps().owns {
        return super::super::skip("this transport gives no queue to one process alone");
    }
    owner.declare(&topology).await.unwrap();
    let other = bench.with(Topology::default()).await.unwrap();
    let faults = other.declare(&topology).await.unwrap_err();
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 2, "{texts:?}");
    assert!(
        texts[0].contains("billing") && texts[1].contains("sales"),
        "{texts:?}"
    );
    assert!(faults.iter().all(|fault| fault.kind() == ErrorKind::Locked));
    owner.close().await;
    eventually("that the queues are free", async || {
        other.declare(&topology).await.is_ok()
    })
    .await;
}
