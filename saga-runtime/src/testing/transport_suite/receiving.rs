//! Receiving waits and keeps to its flow.

#![allow(missing_docs, reason = "the titles are sentences")]

use super::{
    bench::{WIDE, assert_quiet, command, commands, consume, gather, ids, next, receive_from, send, sized},
    *,
};

pub async fn receiving_waits_for_a_message<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let mut receiver = receive_from(&transport, "billing").await;
    let sending = async {
        tokio::task::yield_now().await;
        send(&transport, &[command("billing")]).await
    };
    let (batch, sent) = futures_util::future::join(next(&mut receiver), sending).await;
    assert_eq!(ids(&batch), sent);
}

pub async fn a_wait_that_is_abandoned_loses_nothing<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let mut receiver = receive_from(&transport, "billing").await;
    let mut sent = Vec::new();
    for _ in 0..20 {
        // Polled once, about when the message comes, and dropped.
        let impatient = async {
            tokio::select! {
                biased;
                batch = receiver.next() => Some(batch.unwrap()),
                () = tokio::task::yield_now() => None,
            }
        };
        let batch = [command("billing")];
        let (caught, id) = futures_util::future::join(impatient, send(&transport, &batch)).await;
        sent.extend(id);
        if let Some(caught) = caught {
            sent.retain(|id| !ids(&caught).contains(id));
        }
    }
    sent.sort();
    let rest = sent.len();
    assert_eq!(consume(&mut receiver, rest).await, sent);
}

pub async fn unsettled_deliveries_keep_to_the_flow_in_messages<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    send(&transport, &commands("billing", 5)).await;
    let flow = Flow { messages: 3, ..WIDE };
    let mut receiver = transport.subscribe("billing", flow).await.unwrap();
    let batch = gather(&mut receiver, 3).await;
    assert_eq!(batch.deliveries.len(), 3);
    assert_quiet(&mut receiver).await;
    receiver.settle(batch, Settle::Ack).await.unwrap();
    consume(&mut receiver, 2).await;
}

pub async fn unsettled_deliveries_keep_to_the_flow_in_bytes<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let outgoing: Vec<_> = (0..4).map(|_| sized("billing", 1_000)).collect();
    send(&transport, &outgoing).await;
    let flow = Flow { bytes: 2_500, ..WIDE };
    let mut receiver = transport.subscribe("billing", flow).await.unwrap();
    let batch = gather(&mut receiver, 2).await;
    assert_eq!(batch.deliveries.len(), 2);
    assert_quiet(&mut receiver).await;
    receiver.settle(batch, Settle::Ack).await.unwrap();
    assert_eq!(gather(&mut receiver, 2).await.deliveries.len(), 2);
}

pub async fn one_message_fits_whatever_the_flow<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    send(&transport, &[sized("billing", 5_000), sized("billing", 5_000)]).await;
    let flow = Flow {
        messages: 9,
        bytes: 100,
    };
    let mut receiver = transport.subscribe("billing", flow).await.unwrap();
    for _ in 0..2 {
        let batch = next(&mut receiver).await;
        assert_eq!(batch.deliveries.len(), 1);
        assert_quiet(&mut receiver).await;
        receiver.settle(batch, Settle::Ack).await.unwrap();
    }
}

pub async fn receivers_of_one_queue_share_its_messages<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["billing"]).await;
    let flow = Flow { messages: 2, ..WIDE };
    let mut one = transport.subscribe("billing", flow).await.unwrap();
    let mut two = transport.subscribe("billing", flow).await.unwrap();
    let sent = send(&transport, &commands("billing", 4)).await;
    let mut received = ids(&gather(&mut one, 2).await);
    received.extend(ids(&gather(&mut two, 2).await));
    received.sort();
    assert_eq!(received, sent, "each once");
}

pub async fn one_queue_does_not_hold_up_another<F: TransportFixture>(bench: Bench<F>) {
    let transport = bench.with_queues(&["slow", "quick"]).await;
    let flow = Flow { messages: 1, ..WIDE };
    let mut slow = transport.subscribe("slow", flow).await.unwrap();
    send(&transport, &commands("slow", 3)).await;
    next(&mut slow).await;
    let sent = send(&transport, &commands("quick", 3)).await;
    let mut quick = receive_from(&transport, "quick").await;
    assert_eq!(consume(&mut quick, 3).await, sent);
}
