//! Whole systems whose messages go through NATS.

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt as _;
use saga_runtime::{
    Bus,
    bus::Builder,
    clock::ManualClock,
    dead_letter::Reason,
    envelope::MessageId,
    store::{Memory, Sqlite},
};
use saga_tests::{
    nats::{Corner, connect},
    servers::NATS,
};

use crate::{
    job::{Hands, Job, jobs, leave_an_answer, letters, patient, start, until_dead, until_in},
    order::{PlaceOrderReply, World, eventually, order, shop},
};

mod secured;

/// `None`, said aloud, without a server.
fn corner() -> Option<Corner> {
    let missing = NATS.missing();
    missing.iter().for_each(|why| eprintln!("skipped: {why}"));
    missing.is_none().then(Corner::new)
}

async fn on_nats(corner: &Corner) -> Builder {
    Bus::with(corner.options().connect().await.unwrap(), Memory::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_through_nats_with_a_store_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for durable in [false, true] {
        let Some(corner) = corner() else { return };
        let nats = corner.options().connect().await.unwrap();
        let builder = if durable {
            Bus::with(nats, Sqlite::open(folder.path().join("saga.db")).await.unwrap())
        } else {
            Bus::with(nats, Memory::new())
        };
        let world = World::default();
        let bus = shop(builder, &world).start().await.unwrap();
        let reply = bus.request(order("A1")).await.unwrap();
        assert!(matches!(reply, PlaceOrderReply::OrderConfirmed(_)));
        let reply = bus.request(order("rare")).await.unwrap();
        assert!(matches!(reply, PlaceOrderReply::OrderRejected(_)));
        eventually("the event is heard", async || {
            world.announced.load(Ordering::SeqCst) == 1
        })
        .await;
        assert_eq!(world.refunded.load(Ordering::SeqCst), 1);
        assert!(letters(&bus).await.is_empty());
        bus.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_is_done_once_and_whoever_asks_again_is_answered_again() {
    let Some(corner) = corner() else { return };
    let hands = Hands::willing();
    let bus = jobs(on_nats(&corner).await, &hands).start().await.unwrap();
    let id = MessageId::random();
    for _ in 0..3 {
        bus.send(start("a")).id(id).await.unwrap();
    }
    let asked = MessageId::random();
    for _ in 0..3 {
        bus.request(start("b")).id(asked).await.unwrap();
    }
    eventually("both are heard of", async || hands.heard() == 2).await;
    assert_eq!(hands.tries(), 2);
    assert!(letters(&bus).await.is_empty());
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_set_aside_with_the_reason_among_good_ones() {
    let Some(corner) = corner() else { return };
    let hands = Hands::willing();
    let bus = jobs(on_nats(&corner).await, &hands).start().await.unwrap();
    let foreign = connect(&NATS.address()).await.unwrap();
    for queue in ["front", "back"] {
        let subject = format!("{}.queue.{queue}", corner.namespace());
        let sent = foreign
            .publish(subject, Bytes::from_static(b"\xff not ours"))
            .await
            .unwrap();
        sent.await.unwrap();
    }
    bus.request(start("good")).await.unwrap();
    let letters = until_dead(&bus, 2).await;
    for letter in &letters {
        assert_eq!(letter.reason, Reason::Undecodable);
        assert!(
            letter.detail.contains("saga-id") && letter.detail.contains(&*letter.queue),
            "{letter:?}"
        );
    }
    eventually("the good one is done", async || hands.heard() == 1).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_on_the_server_otherwise_is_named_with_the_remedy_and_all_at_once() {
    let Some(corner) = corner() else { return };
    let foreign = connect(&NATS.address()).await.unwrap();
    for queue in ["front", "back"] {
        let lossy = async_nats::jetstream::stream::Config {
            name: format!("{}-queue-{queue}", corner.namespace()),
            subjects: vec![format!("{}.queue.{queue}", corner.namespace())],
            max_age: std::time::Duration::from_secs(3_600),
            ..Default::default()
        };
        foreign.create_stream(lossy).await.unwrap();
    }
    let refused = jobs(on_nats(&corner).await, &Hands::willing())
        .start()
        .await
        .unwrap_err();
    let text = refused.to_string();
    for said in [
        "queue-front",
        "queue-back",
        "max_age",
        "discard policy",
        "retention",
        "nats stream rm",
        "NATS at nats://",
    ] {
        assert!(text.contains(said), "{said} is missing in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_with_a_store_of_its_own_is_refused_until_the_first_ends() {
    let Some(corner) = corner() else { return };
    let folder = tempfile::tempdir().unwrap();
    let process = async |name: &str| {
        let store = Sqlite::open(folder.path().join(name)).await.unwrap();
        let nats = corner.options().connect().await.unwrap();
        jobs(Bus::with(nats, store), &Hands::willing()).start().await
    };
    let first = process("first.db").await.unwrap();
    let refused = process("second.db").await.unwrap_err().to_string();
    assert!(
        refused.contains("another process serves the queue `front`"),
        "{refused}"
    );
    first.shutdown().await.unwrap();
    let second = process("second.db").await.unwrap();
    second.request(start("a")).await.unwrap();
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_does_not_overtake_the_answer_that_a_killed_process_had_in_hand() {
    let Some(corner) = corner() else { return };
    let (store, clock) = (Memory::new(), ManualClock::default());
    let connect = async || corner.options().connect().await.unwrap();
    leave_an_answer(connect, &store, &clock).await;
    // Received like a process of ours does, and never acknowledged: the server waits for that for ten seconds.
    let killed = saga_tests::nats::connect(&NATS.address()).await.unwrap();
    let stream = killed
        .get_stream(format!("{}-queue-front+replies", corner.namespace()))
        .await
        .unwrap();
    let names: Vec<String> = stream.consumer_names().map(|name| name.unwrap()).collect().await;
    let consumer: async_nats::jetstream::consumer::PullConsumer =
        stream.get_consumer(&names[0]).await.unwrap();
    let in_hand = consumer
        .fetch()
        .max_messages(1)
        .messages()
        .await
        .unwrap()
        .next()
        .await;
    in_hand.expect("the answer is in the queue").unwrap();

    clock.advance(Duration::from_secs(2 * 24 * 3_600));
    let after = Bus::with(connect().await, store)
        .clock(clock)
        .limits(patient())
        .saga::<Job>()
        .start()
        .await
        .unwrap();
    until_in(&after, "a", "end").await;
    let job = after.inspect().instance("Job", "a").await.unwrap().unwrap();
    assert_eq!(job.answers[0].reply, "Finished", "the timeout fired first");
    after.shutdown().await.unwrap();
}
