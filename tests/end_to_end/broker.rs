//! Messages through a broker: delivered twice, mangled, late, or not at all.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use saga_runtime::{
    Bus, Error, ErrorKind, Timestamp,
    clock::ManualClock,
    codec::{Codec, Payload},
    dead_letter::{DeadLetterFilter, DeadMessage, Reason},
    envelope::{Envelope, MessageId},
    message::Message,
    service::BoxFuture,
    store::{Memory, Sqlite},
    transport::{
        Batch, Destination, Flow, MemoryTransport, Outgoing, Receiver, Sent, Settle, Topology, Transport,
        TransportCaps,
    },
};

use tokio::sync::Semaphore;

use crate::{
    backends::{Fault, Faulty},
    job::{
        Hands, StartReply, Work, jobs, leave_an_answer, letters, patient, start, state, until_dead, until_in,
    },
    nested::{Haul, Haulage},
    order::{PlaceOrderReply, World, eventually, order, shop},
};

pub fn envelope<M: Message>(message: &M, at: Timestamp) -> Envelope {
    let id = MessageId::random();
    Envelope {
        id,
        kind: M::INFO.kind,
        name: M::INFO.name.into(),
        version: M::INFO.version,
        content_type: Codec::Json,
        created_at: at,
        conversation: id,
        caused_by: None,
        reply_to: None,
        in_reply_to: None,
        to: None,
        traceparent: None,
        headers: Default::default(),
        body: Payload::of(message, Codec::Json).unwrap().body,
    }
}

fn work(job: &str) -> Work {
    Work {
        job: job.into(),
        note: String::new(),
    }
}

async fn put(broker: &MemoryTransport, queue: &str, envelope: &Envelope) {
    let outgoing = Outgoing {
        to: Destination::Queue(queue.into()),
        envelope: envelope.clone().into(),
    };
    assert_eq!(broker.send(&[outgoing]).await, [Sent::Accepted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_through_a_broker_with_a_store_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for durable in [false, true] {
        let broker = MemoryTransport::new();
        let builder = if durable {
            let store = Sqlite::open(folder.path().join("saga.db")).await.unwrap();
            Bus::with(broker, store)
        } else {
            Bus::with(broker, Memory::new())
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
async fn a_message_delivered_twice_is_handled_once() {
    let (broker, hands) = (MemoryTransport::new(), Hands::willing());
    let bus = jobs(Bus::with(broker.clone(), Memory::new()), &hands)
        .start()
        .await
        .unwrap();
    let message = envelope(&work("a"), Timestamp::now());
    for _ in 0..5 {
        put(&broker, "back", &message).await;
    }
    bus.request(start("b")).await.unwrap();
    let of_a = || {
        hands
            .tried
            .lock()
            .unwrap()
            .iter()
            .filter(|(job, _)| job == "a")
            .count()
    };
    eventually("it is handled", async || of_a() > 0).await;
    assert_eq!(of_a(), 1);
    assert!(letters(&bus).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_delivered_again_is_answered_again() {
    let (broker, hands) = (MemoryTransport::new(), Hands::willing());
    let bus = jobs(Bus::with(broker, Memory::new()), &hands)
        .start()
        .await
        .unwrap();
    let id = MessageId::random();
    for _ in 0..3 {
        let reply = bus
            .request(start("a"))
            .id(id)
            .deadline(Duration::from_secs(60))
            .await
            .unwrap();
        assert!(matches!(reply, StartReply::Finished(_)));
    }
    assert_eq!(hands.tries(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_older_than_duplicates_are_remembered_is_set_aside() {
    let (broker, hands) = (MemoryTransport::new(), Hands::willing());
    let bus = jobs(Bus::with(broker.clone(), Memory::new()), &hands)
        .start()
        .await
        .unwrap();
    let days_ago = Timestamp::now() - Duration::from_secs(2 * 24 * 3_600);
    put(&broker, "back", &envelope(&work("a"), days_ago)).await;
    assert_eq!(until_dead(&bus, 1).await[0].reason, Reason::TooOldToDeduplicate);
    assert_eq!(hands.tries(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_set_aside_with_all_its_bytes() {
    let broker = MemoryTransport::new();
    let bus = jobs(Bus::with(broker.clone(), Memory::new()), &Hands::willing())
        .start()
        .await
        .unwrap();
    let mut garbled = envelope(&work("a"), Timestamp::now());
    garbled.body = Bytes::from_static(b"{not json");
    put(&broker, "back", &garbled).await;
    let letters = until_dead(&bus, 1).await;
    assert_eq!(letters[0].reason, Reason::Undecodable);
    assert!(
        matches!(&letters[0].message, DeadMessage::Envelope(envelope) if &*envelope.body == b"{not json")
    );
}

/// A connection that may be cut, and that may hold one queue back.
#[derive(Clone, Debug, Default)]
struct Wire {
    inner: MemoryTransport,
    cut: Arc<AtomicBool>,
    /// Sends that came to nothing.
    lost: Arc<AtomicUsize>,
    held_back: Option<(&'static str, Arc<Semaphore>)>,
}

impl Wire {
    fn to(broker: &MemoryTransport) -> Self {
        Self {
            inner: broker.clone(),
            ..Self::default()
        }
    }

    fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }
}

impl Transport for Wire {
    fn caps(&self) -> TransportCaps {
        self.inner.caps()
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        if self.cut.load(Ordering::SeqCst) {
            let cut = Error::new(ErrorKind::Setup, "the wire is cut");
            return Box::pin(std::future::ready(Err(vec![cut])));
        }
        self.inner.declare(topology)
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        if self.cut.load(Ordering::SeqCst) {
            self.lost.fetch_add(1, Ordering::SeqCst);
            let unknown = batch
                .iter()
                .map(|_| Sent::Unknown("the wire is cut".into()))
                .collect();
            return Box::pin(std::future::ready(unknown));
        }
        self.inner.send(batch)
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        Box::pin(async move {
            if let Some((held, gate)) = &self.held_back
                && *held == queue
            {
                gate.acquire().await.unwrap().forget();
            }
            let inner = self.inner.subscribe(queue, flow).await?;
            Ok(Box::new(Mangling(inner)) as Box<dyn Receiver>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}

/// Loses the headers of what is marked for it.
struct Mangling(Box<dyn Receiver>);

impl Receiver for Mangling {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>> {
        Box::pin(async move {
            let mut batch = self.0.next().await?;
            for delivery in &mut batch.deliveries {
                if delivery.body.windows(6).any(|part| part == b"mangle") {
                    delivery.headers = vec![("via".into(), "a foreign program".into())];
                }
            }
            Ok(batch)
        })
    }

    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>> {
        self.0.settle(batch, how)
    }

    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>> {
        self.0.has_caught_up()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_tells_at_once_what_is_wrong_with_the_store_and_with_the_broker() {
    let (wire, (store, script)) = (Wire::default(), Faulty::new([Fault::Opening]));
    wire.cut(true);
    let refused = jobs(Bus::with(wire, store), &Hands::willing()).start().await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.to_string(), "the store is out of reach\nthe wire is cut");
    assert_eq!(refused.kind(), ErrorKind::Setup, "what does not pass by itself");
    assert!(script.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_is_no_message_is_set_aside_once_as_it_came() {
    let broker = MemoryTransport::new();
    let wire = Wire::to(&broker);
    let hands = Hands::willing();
    let bus = jobs(Bus::with(wire, Memory::new()), &hands)
        .start()
        .await
        .unwrap();
    let message = envelope(&work("mangle"), Timestamp::now());
    put(&broker, "back", &message).await;
    put(&broker, "back", &message).await;
    bus.request(start("b")).await.unwrap();
    let letters = until_dead(&bus, 1).await;
    assert_eq!((letters.len(), letters[0].reason), (1, Reason::Undecodable));
    let DeadMessage::Raw { headers, body } = &letters[0].message else {
        panic!("read as a message");
    };
    assert_eq!(headers[0].1, "a foreign program");
    assert_eq!(*body, message.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_broker_out_of_reach_does_not_take_is_kept_for_as_long_as_that_lasts() {
    let (broker, hands, clock) = (MemoryTransport::new(), Hands::willing(), ManualClock::default());
    let wire = Wire::to(&broker);
    let bus = jobs(Bus::with(wire.clone(), Memory::new()), &hands)
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    // It gets in by another way while the process itself cannot send.
    wire.cut(true);
    put(&broker, "front", &envelope(&start("a"), Timestamp::UNIX_EPOCH)).await;
    for tries in 0..30 {
        eventually("it is tried again", async || {
            clock.advance(Duration::from_secs(1));
            wire.lost.load(Ordering::SeqCst) > tries
        })
        .await;
    }
    assert!(letters(&bus).await.is_empty(), "an outage sets nothing aside");
    wire.cut(false);
    eventually("the work is done", async || {
        clock.advance(Duration::from_secs(1));
        hands.tries() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_left_unsent_is_sent_by_the_next() {
    let (broker, hands, store) = (MemoryTransport::new(), Hands::willing(), Memory::new());
    let wire = Wire::to(&broker);
    let first = jobs(Bus::with(wire.clone(), store.clone()), &hands)
        .start()
        .await
        .unwrap();
    wire.cut(true);
    put(&broker, "front", &envelope(&start("a"), Timestamp::now())).await;
    until_in(&first, "a", "Working").await;
    first.shutdown_within(Duration::ZERO).await.unwrap();
    assert_eq!(hands.tries(), 0);
    let second = jobs(Bus::with(broker, store), &hands).start().await.unwrap();
    until_in(&second, "a", "end").await;
    assert_eq!(hands.tries(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_destination_is_set_aside_and_can_be_sent_again() {
    let (broker, clock) = (MemoryTransport::new(), ManualClock::default());
    let front = Bus::with(broker.clone(), Memory::new())
        .clock(clock.clone())
        .saga::<crate::job::Job>()
        .start()
        .await
        .unwrap();
    front.send(start("a")).await.unwrap();
    until_in(&front, "a", "Working").await;
    eventually("it is given up", async || {
        clock.advance(Duration::from_secs(30));
        letters(&front).await.len() == 1
    })
    .await;
    assert_eq!(letters(&front).await[0].reason, Reason::Undeliverable);
    let hands = Hands::willing();
    let back = Bus::with(broker, Memory::new())
        .clock(clock.clone())
        .service(hands.clone())
        .start()
        .await
        .unwrap();
    let replayed = front
        .inspect()
        .replay_all(DeadLetterFilter::default())
        .await
        .unwrap();
    assert_eq!(replayed, 1);
    eventually("the work is done", async || hands.tries() == 1).await;
    drop(back);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_does_not_overtake_the_reply_that_waits_at_the_broker() {
    let (broker, store, clock) = (MemoryTransport::new(), Memory::new(), ManualClock::default());
    // The reply comes in time, but nobody is there until long after the timeout.
    leave_an_answer(async || broker.clone(), &store, &clock).await;
    let road = Bus::with(broker.clone(), store.clone())
        .clock(clock.clone())
        .saga::<Haulage>()
        .start()
        .await
        .unwrap();
    road.send(Haul { load: 1 }).await.unwrap();
    let haulage = async |bus: &Bus| {
        let haulage = bus.inspect().instance("Haulage", "1").await.unwrap();
        haulage.map_or("absent".into(), |haulage| haulage.state)
    };
    eventually("a lorry is on its way", async || {
        haulage(&road).await == "Driving"
    })
    .await;
    road.shutdown_within(Duration::ZERO).await.unwrap();

    clock.advance(Duration::from_secs(2 * 24 * 3_600));
    let gate = Arc::new(Semaphore::new(0));
    let wire = Wire {
        held_back: Some(("front.replies", gate.clone())),
        ..Wire::to(&broker)
    };
    let after = Bus::with(wire, store)
        .clock(clock)
        .limits(patient())
        .saga::<crate::job::Job>()
        .saga::<Haulage>()
        .start()
        .await
        .unwrap();
    eventually("a later timeout at another endpoint fires", async || {
        haulage(&after).await == "end"
    })
    .await;
    assert_eq!(state(&after, "a").await, "Working");
    gate.add_permits(1);
    until_in(&after, "a", "end").await;
    let answers = after
        .inspect()
        .instance("Job", "a")
        .await
        .unwrap()
        .unwrap()
        .answers;
    assert_eq!(answers[0].reply, "Finished", "the timeout fired first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_with_a_file_of_its_own_is_refused_the_endpoint_until_the_first_has_stopped() {
    let (broker, folder, hands) = (
        MemoryTransport::new(),
        tempfile::tempdir().unwrap(),
        Hands::willing(),
    );
    let store = |name: &str| Sqlite::open(folder.path().join(name));
    let first = jobs(
        Bus::with(broker.clone(), store("first.db").await.unwrap()),
        &hands,
    )
    .start()
    .await
    .unwrap();
    let second = jobs(
        Bus::with(broker.clone(), store("second.db").await.unwrap()),
        &hands,
    );
    let refused = second.start().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Locked);
    assert!(refused.to_string().contains("`front`"), "{refused}");
    assert!(refused.to_string().contains("`back`"), "{refused}");
    first.shutdown().await.unwrap();
    let third = jobs(Bus::with(broker, store("third.db").await.unwrap()), &hands);
    third.start().await.unwrap();
}
