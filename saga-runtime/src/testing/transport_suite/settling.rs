//! What is unsettled comes again; what is acknowledged never does; and whether anything is unsettled can be asked.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    bench::{assert_quiet, commands, consume, eventually, gather, ids, next, receive_from, send},
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

pub async fn a_receiver_of_an_empty_queue_has_caught_up<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let mut receiver = receive_from(&transport, "billing").await;
    assert!(receiver.has_caught_up().await.unwrap());
}

pub async fn a_receiver_has_not_caught_up_before_all_is_settled<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    send(&transport, &commands("billing", 3)).await;
    let flow = Flow {
        messages: 2,
        bytes: 1 << 20,
    };
    let mut receiver = transport.subscribe("billing", flow).await.unwrap();
    assert!(!receiver.has_caught_up().await.unwrap(), "nothing is received");
    let first = gather(&mut receiver, 2).await;
    assert!(
        !receiver.has_caught_up().await.unwrap(),
        "one is left in the queue"
    );
    receiver.settle(first, Settle::Ack).await.unwrap();
    let last = gather(&mut receiver, 1).await;
    assert!(!receiver.has_caught_up().await.unwrap(), "one is in hand");
    receiver.settle(last, Settle::Ack).await.unwrap();
    eventually("that it has caught up", async || {
        receiver.has_caught_up().await.unwrap()
    })
    .await;
}

pub async fn a_receiver_catches_up_while_more_is_sent<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    send(&transport, &commands("billing", 3)).await;
    let mut receiver = receive_from(&transport, "billing").await;
    assert!(!receiver.has_caught_up().await.unwrap());
    let mut asked_about = gather(&mut receiver, 3).await;
    eventually("that it has caught up with what there was", async || {
        send(&transport, &commands("billing", 1)).await;
        let later = next(&mut receiver).await;
        let settled = std::mem::replace(&mut asked_about, later);
        receiver.settle(settled, Settle::Ack).await.unwrap();
        receiver.has_caught_up().await.unwrap()
    })
    .await;
    assert!(
        !receiver.has_caught_up().await.unwrap(),
        "the last one is in hand"
    );
}

pub async fn a_receiver_has_not_caught_up_with_what_another_left<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let mut one = receive_from(&transport, "billing").await;
    let sent = send(&transport, &commands("billing", 3)).await;
    gather(&mut one, 3).await;
    drop(one);
    let mut two = receive_from(&transport, "billing").await;
    let left = gather(&mut two, 3).await;
    assert_eq!(ids(&left), sent);
    assert!(
        !two.has_caught_up().await.unwrap(),
        "what was left is in hand again"
    );
    two.settle(left, Settle::Ack).await.unwrap();
    eventually("that it has caught up", async || {
        two.has_caught_up().await.unwrap()
    })
    .await;
}
