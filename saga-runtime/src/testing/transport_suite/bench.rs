//! What the cases stand on: a broker, and how long to wait for it.

use super::*;

/// How long something may take that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing must happen for it to count as nothing.
const QUIET: Duration = Duration::from_millis(50);

/// A fixture and how the cases use it.
#[derive(Debug)]
pub struct Bench<F> {
    fixture: F,
}

/// No bound that matters.
pub(super) const WIDE: Flow = Flow {
    messages: 10_000,
    bytes: 64 << 20,
};

impl<F: TransportFixture> Bench<F> {
    /// A bench around a fixture.
    pub fn new(fixture: F) -> Self {
        Self { fixture }
    }

    /// Whether there is something to be tested; if not, it is said aloud.
    pub fn can_be_tested(&self) -> bool {
        let missing = self.fixture.missing();
        missing.iter().for_each(|why| super::super::skip(why));
        missing.is_none()
    }

    /// A process with these queues.
    pub(super) async fn with_queues(&self, queues: &[&str]) -> F::Transport {
        let topology = Topology {
            queues: queues.iter().copied().map(Into::into).collect(),
            ..Topology::default()
        };
        self.with(topology).await.unwrap()
    }

    /// A process with this topology; `None`, said aloud, if there cannot be one more.
    pub(super) async fn with(&self, topology: Topology) -> Option<F::Transport> {
        let Some(transport) = self.fixture.connect().await else {
            super::super::skip("this transport serves one process at a time");
            return None;
        };
        transport.declare(&topology).await.unwrap();
        Some(transport)
    }
}

pub(super) fn binding(event: &str, queue: &str) -> Subscription {
    Subscription {
        event: event.into(),
        queue: queue.into(),
    }
}

/// `count` commands for a queue.
pub(super) fn commands(queue: &str, count: usize) -> Vec<Outgoing> {
    (0..count).map(|_| command(queue)).collect()
}

pub(super) fn command(queue: &str) -> Outgoing {
    sized(queue, 16)
}

pub(super) fn sized(queue: &str, bytes: usize) -> Outgoing {
    Outgoing {
        to: Destination::Queue(queue.into()),
        envelope: samples::with_body("BillOrder", vec![b'x'; bytes].into()),
    }
}

pub(super) fn event(name: &str) -> Outgoing {
    Outgoing {
        to: Destination::Event(name.into()),
        envelope: samples::envelope(name),
    }
}

/// Sends what must be accepted; the ids.
pub(super) async fn send(transport: &impl Transport, batch: &[Outgoing]) -> Vec<MessageId> {
    let sent = transport.send(batch).await;
    assert_eq!(sent, vec![Sent::Accepted; batch.len()]);
    let mut ids: Vec<_> = batch.iter().map(|outgoing| outgoing.envelope.id).collect();
    ids.sort();
    ids
}

pub(super) async fn receive_from(transport: &impl Transport, queue: &str) -> Box<dyn Receiver> {
    transport.subscribe(queue, WIDE).await.unwrap()
}

/// The next batch, which must come.
pub(super) async fn next(receiver: &mut Box<dyn Receiver>) -> Batch {
    let batch = tokio::time::timeout(PATIENCE, receiver.next()).await;
    batch.expect("something is delivered").unwrap()
}

/// Receives at least `count` deliveries without settling them, as one batch.
pub(super) async fn gather(receiver: &mut Box<dyn Receiver>, count: usize) -> Batch {
    let mut gathered = Batch::default();
    while gathered.deliveries.len() < count {
        let batch = next(receiver).await;
        assert!(!batch.deliveries.is_empty(), "a batch has at least one delivery");
        gathered.deliveries.extend(batch.deliveries);
    }
    gathered
}

/// Receives and acknowledges exactly `count` deliveries; their ids.
pub(super) async fn consume(receiver: &mut Box<dyn Receiver>, count: usize) -> Vec<MessageId> {
    let batch = gather(receiver, count).await;
    let ids = ids(&batch);
    receiver.settle(batch, Settle::Ack).await.unwrap();
    ids
}

/// The ids of a batch, in the order of ids.
pub(super) fn ids(batch: &Batch) -> Vec<MessageId> {
    let mut ids: Vec<_> = batch
        .deliveries
        .iter()
        .map(|delivery| envelope(delivery).id)
        .collect();
    ids.sort();
    ids
}

pub(super) fn envelope(delivery: &Delivery) -> Envelope {
    Envelope::from_wire(&delivery.headers, delivery.body.clone()).unwrap()
}

pub(super) async fn assert_quiet(receiver: &mut Box<dyn Receiver>) {
    let batch = tokio::time::timeout(QUIET, receiver.next()).await;
    assert!(
        batch.is_err(),
        "nothing is delivered, but {:?} was",
        batch.map(|batch| batch.unwrap())
    );
}

/// Asks again until the answer is yes.
pub(super) async fn eventually(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let answered = tokio::time::timeout(PATIENCE, asking).await;
    assert!(answered.is_ok(), "{what} did not come to be within {PATIENCE:?}");
}
