//! Whoever uses the system: patient, asking again under the same id, now and then twice at once and at two nodes.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use saga_runtime::{Bus, Error, ErrorKind, clock::Clock, envelope::MessageId};
use tokio::task::JoinSet;

use crate::{
    cluster::Cluster,
    fault::Fault,
    shop::{Shop, contracts::*},
    world::World,
};

/// Counts from here on are never opened: what is counted for them is set aside.
pub const STRAY: u32 = 1_000_000;
/// Bids made in each sale.
pub const BIDS: u32 = 6;
/// The longest pause before a client asks again.
const PAUSE: Duration = Duration::from_secs(4);

/// All clients of a run, and what they were told.
#[derive(Debug)]
pub struct Clients {
    world: Arc<World>,
    cluster: Arc<Cluster>,
    /// Whether each order was confirmed.
    orders: Mutex<BTreeMap<u32, bool>>,
    /// Whether each trip was booked.
    trips: Mutex<BTreeMap<u32, bool>>,
    /// Tickets whose ring was answered: each must have been heard.
    rung: Mutex<Vec<u64>>,
    busy: AtomicU32,
}

/// How many trips, counts and stray messages there are beside a number of orders.
pub fn beside(orders: u32) -> u32 {
    orders.div_ceil(5)
}

/// The numbers counted for a count.
pub fn numbers(world: &World, count: u32) -> u32 {
    3 + u32::try_from(world.fate(count, 50) % 6).unwrap_or(0)
}

/// Whether a trip is asked for with a car.
pub fn with_car(world: &World, trip: u32) -> bool {
    world.fate(trip, 51).is_multiple_of(2)
}

impl Clients {
    /// Clients that have not begun.
    pub fn new(world: Arc<World>, cluster: Arc<Cluster>) -> Arc<Self> {
        Arc::new(Self {
            world,
            cluster,
            orders: Mutex::default(),
            trips: Mutex::default(),
            rung: Mutex::default(),
            busy: AtomicU32::new(0),
        })
    }

    /// Lets all of them begin.
    pub fn begin(self: &Arc<Self>, tasks: &mut JoinSet<()>) {
        for order in 0..self.world.plan.orders {
            self.spawn(tasks, Self::order, order);
        }
        for number in 0..beside(self.world.plan.orders) {
            self.spawn(tasks, Self::trip, number);
            self.spawn(tasks, Self::count, number);
            self.spawn(tasks, Self::stray, number);
            self.spawn(tasks, Self::sale, number);
        }
    }

    fn spawn<F>(self: &Arc<Self>, tasks: &mut JoinSet<()>, what: fn(Arc<Self>, u32) -> F, number: u32)
    where
        F: Future<Output = ()> + 'static,
    {
        self.busy.fetch_add(1, Ordering::SeqCst);
        let clients = Arc::clone(self);
        let wait = self.world.dice.between(Duration::ZERO, self.world.plan.rush);
        tasks.spawn_local(async move {
            tokio::time::sleep(wait).await;
            what(Arc::clone(&clients), number).await;
            clients.busy.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// How many have not been told all they asked for.
    pub fn busy(&self) -> u32 {
        self.busy.load(Ordering::SeqCst)
    }

    /// Whether an order was confirmed, as far as anybody was told.
    pub fn told_of_order(&self, order: u32) -> Option<bool> {
        lock(&self.orders).get(&order).copied()
    }

    /// Whether a trip was booked.
    pub fn told_of_trip(&self, trip: u32) -> Option<bool> {
        lock(&self.trips).get(&trip).copied()
    }

    /// The tickets whose ring was answered.
    pub fn rung(&self) -> Vec<u64> {
        lock(&self.rung).clone()
    }

    async fn order(self: Arc<Self>, order: u32) {
        let id = self.world.clock.new_id();
        match self.world.fate(order, 52) % 4 {
            0 => {
                self.patiently(async |bus| bus.send(PlaceOrder { order }).id(id).await.map(drop))
                    .await
            }
            1 => self.ask_for_order(order, None).await,
            2 => self.ask_for_order(order, Some(id)).await,
            _ => {
                // Twice at once: under one id, or each under its own.
                let other = (self.world.fate(order, 53).is_multiple_of(2)).then_some(id);
                tokio::join!(
                    self.ask_for_order(order, Some(id)),
                    self.ask_for_order(order, other)
                );
            }
        }
        if self.world.strikes(Fault::Resent) {
            self.patiently(async |bus| bus.send(PlaceOrder { order }).id(id).await.map(drop))
                .await;
        }
    }

    async fn ask_for_order(&self, order: u32, id: Option<MessageId>) {
        let reply = self
            .patiently(async |bus| {
                let request = bus.request(PlaceOrder { order }).deadline(self.deadline());
                match id {
                    Some(id) => request.id(id).await,
                    None => request.await,
                }
            })
            .await;
        let confirmed = matches!(reply, PlaceOrderReply::OrderConfirmed(_));
        self.told(&self.orders, "order", order, confirmed);
    }

    async fn trip(self: Arc<Self>, trip: u32) {
        let id = self.world.clock.new_id();
        let with_car = with_car(&self.world, trip);
        let book = self.patiently(async |bus| {
            let request = bus.request(BookTrip { trip, with_car });
            request.id(id).deadline(self.deadline()).await
        });
        let cancel = async {
            if self.world.fate(trip, 54).is_multiple_of(3) {
                let wait = self.world.dice.mostly_short(Duration::from_secs(20));
                tokio::time::sleep(wait).await;
                self.patiently(async |bus| bus.request(CancelTrip { trip }).deadline(self.deadline()).await)
                    .await;
            }
        };
        let (reply, ()) = tokio::join!(book, cancel);
        let booked = matches!(reply, BookTripReply::TripBooked(_));
        self.told(&self.trips, "trip", trip, booked);
    }

    async fn count(self: Arc<Self>, count: u32) {
        self.send_once(async |bus, id| bus.send(OpenCount { count }).id(id).await.map(drop))
            .await;
        for number in 0..numbers(&self.world, count) {
            self.publish_once(count, number).await;
        }
        for _ in 0..2 {
            self.patiently(async |bus| {
                let ticket = self.world.dice.ticket();
                bus.request(Stamp { count, ticket })
                    .deadline(self.deadline())
                    .await
            })
            .await;
            let rung = self
                .patiently(async |bus| {
                    let ticket = self.world.dice.ticket();
                    bus.request(Ring { ticket })
                        .deadline(self.deadline())
                        .await
                        .map(|_| ticket)
                })
                .await;
            lock(&self.rung).push(rung);
        }
        if !self.world.fate(count, 55).is_multiple_of(4) {
            self.patiently(async |bus| bus.request(Unlock { count }).deadline(self.deadline()).await)
                .await;
        }
    }

    /// Opens a sale and bids, most of all when it is about to close.
    async fn sale(self: Arc<Self>, sale: u32) {
        let opened = self
            .patiently(async |bus| bus.request(OpenSale { sale }).deadline(self.deadline()).await)
            .await;
        let OpenSaleReply::SaleOpened(SaleOpened { closes_at }) = opened;
        let bids = (0..BIDS).map(|bid| {
            let early = self.world.dice.mostly_short(Duration::from_secs(3));
            let at = closes_at.saturating_sub(early).unwrap_or(closes_at);
            let (clients, world) = (Arc::clone(&self), Arc::clone(&self.world));
            async move {
                world.clock.sleep_until(at).await;
                clients
                    .send_once(async |bus, id| bus.send(Bid { sale, bid }).id(id).await.map(drop))
                    .await;
            }
        });
        let mut bidding: JoinSet<()> = JoinSet::new();
        for bid in bids {
            bidding.spawn_local(bid);
        }
        while bidding.join_next().await.is_some() {}
    }

    async fn stray(self: Arc<Self>, number: u32) {
        self.publish_once(STRAY + number, number).await;
    }

    async fn publish_once(&self, count: u32, number: u32) {
        self.send_once(async |bus, id| bus.publish(Counted { count, number }).id(id).await.map(drop))
            .await;
    }

    /// Sends under one id until it is known to have been sent; at times once more.
    async fn send_once(&self, send: impl AsyncFn(Bus<Shop>, MessageId) -> Result<(), Error>) {
        let id = self.world.clock.new_id();
        self.patiently(async |bus| send(bus, id).await).await;
        if self.world.strikes(Fault::Resent) {
            self.patiently(async |bus| send(bus, id).await).await;
        }
    }

    /// Asks some node, and again another until it succeeds.
    async fn patiently<T>(&self, ask: impl AsyncFn(Bus<Shop>) -> Result<T, Error>) -> T {
        loop {
            let node = self.cluster.any().await;
            match node.life.survive(ask(node.bus.clone())).await {
                Some(Ok(reply)) => return reply,
                Some(Err(error)) => self.judge(&error),
                None => {}
            }
            drop(node);
            let pause = self.world.dice.mostly_short(PAUSE);
            tokio::time::sleep(pause + Duration::from_millis(1)).await;
        }
    }

    /// Only what asking again may help is a reason to be patient.
    fn judge(&self, error: &Error) {
        let temporary = matches!(
            error.kind(),
            ErrorKind::Deadline | ErrorKind::Closed | ErrorKind::Unavailable | ErrorKind::Unknown
        );
        if !temporary {
            self.world.journal.violation(format!("a client is told: {error}"));
        }
    }

    fn deadline(&self) -> Duration {
        self.world
            .dice
            .between(Duration::from_secs(5), Duration::from_secs(60))
    }

    fn told(&self, answers: &Mutex<BTreeMap<u32, bool>>, what: &str, number: u32, good: bool) {
        if let Some(other) = lock(answers).insert(number, good)
            && other != good
        {
            self.world
                .journal
                .violation(format!("{what} {number}: one was told {good}, another {other}"));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
