//! The same thing comes twice: delivered again, sent by two processes under one id, ordered at two processes at once.

use std::collections::{HashSet, VecDeque};

use saga_runtime::{
    Bus, Error,
    envelope::MessageId,
    service::BoxFuture,
    transport::{Batch, Flow, Outgoing, Receiver, Sent, Settle, Topology, Transport, TransportCaps},
};
use saga_tests::watch::letters;

use crate::{
    crew::{Member, Part},
    effects::{Effects, mixed},
    ground::Ground,
    order::order,
    rush::Rush,
};

/// Delivers everything twice.
#[derive(Debug)]
struct Twice(Box<dyn Transport>);

impl Transport for Twice {
    fn caps(&self) -> TransportCaps {
        self.0.caps()
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        self.0.declare(topology)
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        self.0.send(batch)
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        Box::pin(async move {
            let inner = self.0.subscribe(queue, flow).await?;
            let again = VecDeque::new();
            Ok(Box::new(Repeating {
                inner,
                again,
                repeated: HashSet::new(),
            }) as Box<dyn Receiver>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.close()
    }
}

struct Repeating {
    inner: Box<dyn Receiver>,
    /// Delivered and settled once.
    again: VecDeque<Batch>,
    /// The first tags of what is here for the second time.
    repeated: HashSet<Option<u64>>,
}

impl Receiver for Repeating {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>> {
        Box::pin(async move {
            match self.again.pop_front() {
                Some(batch) => {
                    self.repeated.insert(first_tag(&batch));
                    Ok(batch)
                }
                None => self.inner.next().await,
            }
        })
    }

    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            if self.repeated.remove(&first_tag(&batch)) {
                return Ok(());
            }
            self.again.push_back(batch.clone());
            self.inner.settle(batch, how).await
        })
    }

    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>> {
        self.inner.has_caught_up()
    }
}

fn first_tag(batch: &Batch) -> Option<u64> {
    batch.deliveries.first().map(|delivery| delivery.tag)
}

async fn is_done_once(ground: Ground) {
    const ORDERS: usize = 200;
    let effects = Effects::create(&ground.schema).await;
    let bus = async || {
        let broker = ground.way().broker().await.unwrap();
        Bus::with(Twice(broker), ground.schema.connect().await)
    };
    let rush = Rush::start([bus().await, bus().await], &effects).await;
    rush.place(0..ORDERS).await;
    rush.finish(ORDERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rabbitmq_delivers_twice_is_done_once() {
    if let Some(ground) = Ground::rabbitmq() {
        is_done_once(ground).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nats_delivers_twice_is_done_once() {
    if let Some(ground) = Ground::nats() {
        is_done_once(ground).await;
    }
}

/// Each order is sent by two buses at once under one id.
async fn one_id_counts_once(ground: Ground) {
    const ORDERS: usize = 100;
    let effects = Effects::create(&ground.schema).await;
    let mut worker = Member::start(&ground, Part::Work);
    assert!(worker.has_opened()); // the queues are there
    let senders = [ground.bus().await, ground.bus().await];
    let [one, two] = senders.map(saga_runtime::bus::Builder::start);
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    for number in 0..ORDERS {
        let (id, order) = (MessageId::random(), order(&mixed(number)));
        let (first, second) = tokio::join!(one.send(order.clone()).id(id), two.send(order).id(id));
        first.unwrap();
        second.unwrap();
    }
    effects.are_those_of(&one, (0..ORDERS).map(mixed)).await;
    assert!(letters(&one).await.is_empty());
    worker.ends();
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();
}

/// Two processes ask for the same orders at the same time, of two others that work.
async fn an_order_has_one_outcome(ground: Ground) {
    const ORDERS: usize = 100;
    let effects = Effects::create(&ground.schema).await;
    let mut workers = [(); 2].map(|()| Member::start(&ground, Part::Work));
    for worker in &mut workers {
        assert!(worker.has_opened());
    }
    let askers = [(); 2].map(|()| Member::start(&ground, Part::Ask { orders: ORDERS }));
    let orders = || (0..ORDERS).map(|number| format!("A{number:03}"));
    let expected: Vec<String> = orders().map(|id| format!("answer {id} {id}")).collect();
    for asker in askers {
        let mut answers = asker.says();
        answers.retain(|line| line.starts_with("answer "));
        answers.sort();
        assert_eq!(answers, expected);
    }
    let looking = ground.bus().await.start().await.unwrap();
    effects.are_those_of(&looking, orders()).await;
    assert!(letters(&looking).await.is_empty());
    workers.into_iter().for_each(Member::ends);
    looking.shutdown().await.unwrap();
}

macro_rules! everywhere {
    ($($title:ident: $scenario:ident;)*) => {
        $(mod $title {
            use crate::ground::Ground;

            #[tokio::test(flavor = "multi_thread")]
            async fn tables() {
                if let Some(ground) = Ground::tables() {
                    super::$scenario(ground).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn rabbitmq() {
                if let Some(ground) = Ground::rabbitmq() {
                    super::$scenario(ground).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn nats() {
                if let Some(ground) = Ground::nats() {
                    super::$scenario(ground).await;
                }
            }
        })*
    };
}

everywhere! {
    sent_by_two_under_one_id_it_is_done_once: one_id_counts_once;
    placed_at_two_processes_at_once_it_has_one_outcome: an_order_has_one_outcome;
}
