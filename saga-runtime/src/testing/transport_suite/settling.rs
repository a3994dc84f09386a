//! What is unsettled comes again; what is acknowledged never does.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    bench::{assert_quiet, commands, consume, gather, ids, receive_from, send},
    *,
};

pub async fn what_was_acknowledged_never_comes_again<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    send(&transport, &commands("billing", 3)).await;
    let mut receiver = receive_from(&transport, "billing").await;
    consume(&mut receiver, 3).await;
    drop(receiver);
    assert_quiet(&mut receive_from(&transport, "billing").await).await;
}

pub async fn a_batch_that_is_given_back_comes_again<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let sent = send(&transport, &commands("billing", 3)).await;
    let mut receiver = receive_from(&transport, "billing").await;
    let batch = gather(&mut receiver, 3).await;
    receiver.settle(batch, Settle::GiveBack).await.unwrap();
    assert_eq!(consume(&mut receiver, 3).await, sent);
}

pub async fn batches_are_settled_each_on_its_own<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let mut receiver = receive_from(&transport, "billing").await;
    send(&transport, &commands("billing", 2)).await;
    let first = gather(&mut receiver, 2).await;
    let sent = send(&transport, &commands("billing", 3)).await;
    let second = gather(&mut receiver, 3).await;
    receiver.settle(first, Settle::Ack).await.unwrap();
    receiver.settle(second, Settle::GiveBack).await.unwrap();
    assert_eq!(consume(&mut receiver, 3).await, sent);
    assert_quiet(&mut receiver).await;
}

pub async fn unsettled_deliveries_come_again_when_the_receiver_is_dropped<F: TransportFixture>(
    bench: Bench<F>,
) {
    let transport = bench.with_queues(&["billing"]).await;
    let sent = send(&transport, &commands("billing", 3)).await;
    let mut receiver = receive_from(&transport, "billing").await;
    gather(&mut receiver, 3).await;
    drop(receiver);
    let mut receiver = receive_from(&transport, "billing").await;
    assert_eq!(consume(&mut receiver, 3).await, sent);
}

pub async fn unsettled_deliveries_come_again_to_another_receiver<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let mut one = receive_from(&transport, "billing").await;
    let sent = send(&transport, &commands("billing", 3)).await;
    assert_eq!(ids(&gather(&mut one, 3).await), sent);
    let mut two = receive_from(&transport, "billing").await;
    assert_quiet(&mut two).await;
    drop(one);
    assert_eq!(consume(&mut two, 3).await, sent);
}

pub async fn unsettled_deliveries_of_another_process_come_again_when_it_ends<F: TransportFixture>(
    bench: Bench<F>,
) {
    let first = bench.with_queues(&["billing"]).await;
    let sent = send(&first, &commands("billing", 3)).await;
    let mut receiver = receive_from(&first, "billing").await;
    gather(&mut receiver, 3).await;
    let Some(second) = bench.with(Topology::default()).await else {
        return;
    };
    drop(receiver);
    drop(first);
    let mut receiver = receive_from(&second, "billing").await;
    assert_eq!(consume(&mut receiver, 3).await, sent);
}

pub async fn what_a_receiver_never_got_to_see_comes_to_the_next<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let receiver = receive_from(&transport, "billing").await;
    let sent = send(&transport, &commands("billing", 3)).await;
    // Time for a receiver that fetches ahead to do so.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    drop(receiver);
    let mut receiver = receive_from(&transport, "billing").await;
    assert_eq!(consume(&mut receiver, 3).await, sent);
}
