//! What was accepted is delivered, as it was sent.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    bench::{command, commands, consume, envelope, event, gather, receive_from, send, sized},
    *,
};

/// The largest body that the suite is willing to make.
const AFFORDABLE: usize = 64 << 20;

pub async fn a_message_is_delivered_as_it_was_sent<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let outgoing = command("billing");
    send(&transport, std::slice::from_ref(&outgoing)).await;
    let mut receiver = receive_from(&transport, "billing").await;
    let batch = gather(&mut receiver, 1).await;
    assert_eq!(envelope(&batch.deliveries[0]), *outgoing.envelope);
}

pub async fn a_message_for_no_queue_has_no_route<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    assert_eq!(transport.send(&[command("nowhere")]).await, [Sent::NoRoute]);
}

pub async fn each_message_of_a_batch_has_its_own_answer_in_order<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let batch = ["billing", "nowhere", "billing", "neverland"].map(command);
    let sent = transport.send(&batch).await;
    assert_eq!(
        sent,
        [Sent::Accepted, Sent::NoRoute, Sent::Accepted, Sent::NoRoute]
    );
    let mut receiver = receive_from(&transport, "billing").await;
    let mut expected = [batch[0].envelope.id, batch[2].envelope.id];
    expected.sort();
    assert_eq!(consume(&mut receiver, 2).await, expected);
}

pub async fn sending_nothing_has_no_answers<F: TransportFixture>(bench: Bench<F>) {
    assert_eq!(bench.with_queues(&["billing"]).await.send(&[]).await, []);
}

pub async fn an_event_that_nobody_hears_has_no_route<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    assert_eq!(transport.send(&[event("OrderPlaced")]).await, [Sent::NoRoute]);
}

pub async fn a_body_over_the_limit_is_refused_and_harms_no_other<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let max_body = transport.caps().max_body;
    if max_body > AFFORDABLE {
        return super::super::skip("this transport carries larger bodies than the test can afford");
    }
    let sent = transport
        .send(&[sized("billing", max_body + 1), command("billing")])
        .await;
    assert!(
        matches!(&sent[0], Sent::Refused(why) if why.contains("bytes")),
        "{sent:?}"
    );
    assert_eq!(sent[1], Sent::Accepted);
}

pub async fn a_message_waits_for_its_receiver<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing", "sales"]).await;
    let ids = send(&transport, &commands("billing", 3)).await;
    let mut receiver = receive_from(&transport, "billing").await;
    assert_eq!(consume(&mut receiver, 3).await, ids);
}

pub async fn a_message_comes_from_another_process<F: TransportFixture>(bench: Bench<F>) {
    let receiving = bench.with_queues(&["billing"]).await;
    let Some(sending) = bench.with(Topology::default()).await else {
        return;
    };
    let mut receiver = receive_from(&receiving, "billing").await;
    let ids = send(&sending, &commands("billing", 3)).await;
    assert_eq!(consume(&mut receiver, 3).await, ids);
}

pub async fn nothing_of_a_large_batch_is_lost<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let ids = send(&transport, &commands("billing", 2_000)).await;
    let mut receiver = receive_from(&transport, "billing").await;
    assert_eq!(consume(&mut receiver, 2_000).await, ids);
}

pub async fn nothing_of_concurrent_senders_is_lost<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let batches: Vec<_> = (0..20).map(|_| commands("billing", 10)).collect();
    let senders = batches.iter().map(|batch| send(&transport, batch));
    let mut ids = futures_util::future::join_all(senders).await.concat();
    ids.sort();
    let mut receiver = receive_from(&transport, "billing").await;
    assert_eq!(consume(&mut receiver, 200).await, ids);
}
