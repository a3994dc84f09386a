//! Processes that share the order process are killed at random while orders come in, some of them poisonous.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use saga_runtime::{Bus, ErrorKind, dead_letter::Reason};
use saga_tests::{
    chance::Chance,
    watch::{eventually, letters},
};
use tokio::{sync::Mutex, task::JoinSet};

use crate::{
    crew::{Member, Part},
    effects::{Effects, mixed},
    ground::Ground,
    order::{PlaceOrderReply, order},
};

/// Processes at work at any time.
const PROCESSES: usize = 4;

/// The most customers that wait for an answer.
const CUSTOMERS: usize = 5_000;

/// An order comes in every so often.
const PACE: Duration = Duration::from_millis(10);

/// Each of these tests has some thirty connections to PostgreSQL, which takes a hundred.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A worker in a debug build, its libraries included.
const MOST_MEMORY_MIB: u64 = 200;

/// Who kills, and how many were killed.
struct Killing {
    ground: Ground,
    kills: usize,
    killed: AtomicUsize,
    /// The most memory that one of the killed ever had in use.
    memory_mib: AtomicU64,
}

impl Killing {
    /// Starts a process, kills it at a random instant, starts the next; the last one may live.
    fn run(&self) -> Member {
        let mut chance = Chance::new();
        loop {
            let mut member = Member::start(&self.ground, Part::Work);
            if chance.below(4) > 0 {
                assert!(member.has_opened()); // else it dies while it starts
            }
            // The instant of death is the random input of this test; nothing is waited for.
            thread::sleep(Duration::from_micros(chance.below(800_000)));
            self.memory_mib
                .fetch_max(member.most_memory_mib(), Ordering::SeqCst);
            if self.killed.fetch_add(1, Ordering::SeqCst) >= self.kills {
                return member;
            }
        }
    }

    fn killed(&self) -> usize {
        self.killed.load(Ordering::SeqCst)
    }

    /// Until then orders come in, and now and then something that is no message; how often that.
    async fn all_are_killed(&self, customers: &mut Customers) -> usize {
        let mut pace = tokio::time::interval(PACE);
        let mut garbage = 0;
        while self.killed() < self.kills {
            pace.tick().await;
            customers.order().await;
            let is_time = customers.orders % 100 == 50;
            let bytes = format!("{garbage} is no message");
            if is_time && self.ground.put_garbage("billing", &bytes).await {
                garbage += 1;
            }
        }
        garbage
    }
}

/// Every twentieth order kills its service; the others go as they go.
fn or_poisonous(number: usize) -> String {
    if number % 20 == 11 {
        format!("panic-{number}")
    } else {
        mixed(number)
    }
}

/// A customer who is not told asks again under the same order; whoever wants what is poisonous does not wait.
async fn is_answered(bus: Bus, id: String) {
    if id.starts_with("panic") {
        bus.send(order(&id)).await.unwrap();
        return;
    }
    let reply = loop {
        match bus.request(order(&id)).await {
            Ok(reply) => break reply,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Deadline, "{error}"),
        }
    };
    let is_confirmed = matches!(reply, PlaceOrderReply::OrderConfirmed(_));
    assert_eq!(is_confirmed, id.starts_with('A'), "{id}");
}

/// The customers, each waiting for the answer.
struct Customers {
    bus: Bus,
    asking: JoinSet<()>,
    orders: usize,
}

impl Customers {
    /// One more orders, after another was answered if there are many.
    async fn order(&mut self) {
        if self.asking.len() >= CUSTOMERS {
            self.asking.join_next().await.unwrap().unwrap();
        }
        self.asking
            .spawn(is_answered(self.bus.clone(), or_poisonous(self.orders)));
        self.orders += 1;
    }

    async fn are_answered(&mut self) {
        while let Some(answered) = self.asking.join_next().await {
            answered.unwrap();
        }
    }
}

/// Kills so many processes while orders come in.
async fn nothing_is_lost_and_nothing_doubled(ground: Ground, kills: usize) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let effects = Effects::create(&ground.schema).await;
    let killing = Arc::new(Killing {
        ground,
        kills,
        killed: AtomicUsize::new(0),
        memory_mib: AtomicU64::new(0),
    });
    // The queues come to be with whoever serves them.
    assert!(Member::start(&killing.ground, Part::Work).has_opened());
    let killers = (0..PROCESSES).map(|_| {
        let killing = Arc::clone(&killing);
        tokio::task::spawn_blocking(move || killing.run())
    });
    let killers: Vec<_> = killers.collect();
    let bus = killing.ground.bus().await.start().await.unwrap();
    let (asking, orders) = (JoinSet::new(), 0);
    let mut customers = Customers { bus, asking, orders };
    let garbage = killing.all_are_killed(&mut customers).await;
    let mut crew = Vec::new();
    for killer in killers {
        crew.push(killer.await.unwrap());
    }
    customers.are_answered().await;
    let Customers { bus, orders, .. } = customers;
    effects.are_those_of(&bus, (0..orders).map(or_poisonous)).await;
    let panics = (0..orders).map(or_poisonous).filter(|id| id.starts_with("panic"));
    let panics = panics.count();
    eventually("what is poisonous is set aside", async || {
        letters(&bus).await.len() >= panics + garbage
    })
    .await;
    let letters = letters(&bus).await;
    let of = |reason: Reason| letters.iter().filter(|letter| letter.reason == reason).count();
    assert_eq!(
        (of(Reason::HandlerPanicked), of(Reason::Undecodable)),
        (panics, garbage)
    );
    assert_eq!(letters.len(), panics + garbage);
    let memory = killing.memory_mib.load(Ordering::SeqCst);
    println!("{kills} killed, {orders} orders, {panics} + {garbage} dead letters, {memory} MiB");
    assert!(memory <= MOST_MEMORY_MIB, "{memory} MiB");
    crew.into_iter().for_each(Member::ends);
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_processes_killed_on_rabbitmq_lose_no_order_and_do_nothing_twice() {
    if let Some(ground) = Ground::rabbitmq() {
        nothing_is_lost_and_nothing_doubled(ground, 100).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_killed_on_nats_lose_no_order_and_do_nothing_twice() {
    if let Some(ground) = Ground::nats() {
        nothing_is_lost_and_nothing_doubled(ground, 30).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_killed_on_postgres_alone_lose_no_order_and_do_nothing_twice() {
    if let Some(ground) = Ground::tables() {
        nothing_is_lost_and_nothing_doubled(ground, 30).await;
    }
}
