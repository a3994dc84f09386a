//! The order process through RabbitMQ, in one process and in several.

use std::sync::atomic::Ordering;

use saga_runtime::{
    Bus, Error, ErrorKind,
    bus::Builder,
    store::{Memory, Sqlite, Store},
    transport::RabbitMq,
};
use saga_tests::{rabbitmq::Corner, servers::RABBITMQ};

use crate::{
    job::letters,
    order::{BillingDesk, Fulfilment, PlaceOrderReply, WarehouseDesk, World, eventually, order, shop},
};

mod foreign;
mod limits;
mod refused;
mod tls;

/// The endpoints of the order process, and of the small system whose service does what it is told.
const QUEUES: &[&str] = &[
    "sales",
    "sales.replies",
    "billing",
    "warehouse",
    "front",
    "front.replies",
    "back",
];

/// A corner of the server; `None`, said aloud, if there is no server.
fn corner() -> Option<Corner> {
    match RABBITMQ.missing() {
        Some(why) => {
            eprintln!("skipped: {why}");
            None
        }
        None => Some(Corner::with(QUEUES)),
    }
}

async fn connect(corner: &Corner) -> RabbitMq {
    corner.options().connect().await.unwrap()
}

async fn all_goes_well(corner: &Corner, store: impl Store) {
    let world = World::default();
    let bus = shop(Bus::with(connect(corner).await, store), &world)
        .start()
        .await
        .unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_through_with_the_state_in_memory() {
    let Some(corner) = corner() else { return };
    all_goes_well(&corner, Memory::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_through_with_the_state_in_a_file() {
    let Some(corner) = corner() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path().join("saga.db")).await.unwrap();
    all_goes_well(&corner, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_can_be_a_process_with_a_file_of_its_own() {
    let Some(corner) = corner() else { return };
    let (folder, world) = (tempfile::tempdir().unwrap(), World::default());
    let builder = async |name: &str| -> Builder {
        let store = Sqlite::open(folder.path().join(name)).await.unwrap();
        Bus::with(connect(&corner).await, store)
    };
    let warehouse = builder("warehouse.db")
        .await
        .service(WarehouseDesk(world.clone()));
    let warehouse = warehouse.start().await.unwrap();
    let billing = builder("billing.db").await.service(BillingDesk(world.clone()));
    let billing = billing.start().await.unwrap();
    let sales = builder("sales.db")
        .await
        .saga::<Fulfilment>()
        .start()
        .await
        .unwrap();
    let web = builder("web.db").await.start().await.unwrap();
    for id in ["A1", "A2", "A3"] {
        let reply = web.request(order(id)).await.unwrap();
        assert!(matches!(reply, PlaceOrderReply::OrderConfirmed(_)));
    }
    eventually("the events are heard", async || {
        world.announced.load(Ordering::SeqCst) == 3
    })
    .await;
    assert_eq!(world.billed.load(Ordering::SeqCst), 3);
    for bus in [warehouse, billing, sales, web] {
        assert!(letters(&bus).await.is_empty());
        bus.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_while_a_service_is_down_waits_for_it() {
    let Some(corner) = corner() else { return };
    let world = World::default();
    // Once, so that its queue exists.
    let billing = async || -> Result<Bus, Error> {
        let builder = Bus::with(connect(&corner).await, Memory::new());
        builder.service(BillingDesk(world.clone())).start().await
    };
    billing().await.unwrap().shutdown().await.unwrap();
    let rest = Bus::with(connect(&corner).await, Memory::new())
        .saga::<Fulfilment>()
        .service(WarehouseDesk(world.clone()))
        .start()
        .await
        .unwrap();
    for number in 0..20 {
        rest.send(order(&format!("A{number}"))).await.unwrap();
    }
    let billing = billing().await.unwrap();
    eventually("all orders are shipped", async || {
        world.announced.load(Ordering::SeqCst) == 20
    })
    .await;
    assert_eq!(world.billed.load(Ordering::SeqCst), 20);
    assert!(letters(&rest).await.is_empty());
    billing.shutdown().await.unwrap();
    rest.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_with_a_file_of_its_own_is_refused_the_endpoint() {
    let Some(corner) = corner() else { return };
    let folder = tempfile::tempdir().unwrap();
    let sales = async |name: &str| -> Result<Bus, Error> {
        let store = Sqlite::open(folder.path().join(name)).await.unwrap();
        let builder = Bus::with(connect(&corner).await, store);
        builder.saga::<Fulfilment>().start().await
    };
    let first = sales("first.db").await.unwrap();
    let refused = sales("second.db").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Locked);
    assert!(refused.to_string().contains("queue `sales`"), "{refused}");
    first.shutdown().await.unwrap();
    sales("second.db").await.unwrap().shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_share_a_store_share_an_endpoint() {
    let Some(corner) = corner() else { return };
    let (store, world) = (Memory::new(), World::default());
    let start = async || {
        let builder = Bus::with(connect(&corner).await, store.clone());
        shop(builder, &world).start().await.unwrap()
    };
    let (one, two) = (start().await, start().await);
    for number in 0..20 {
        let bus = if number % 2 == 0 { &one } else { &two };
        let reply = bus.request(order(&format!("A{number}"))).await.unwrap();
        assert!(matches!(reply, PlaceOrderReply::OrderConfirmed(_)));
    }
    assert_eq!(world.billed.load(Ordering::SeqCst), 20);
    assert!(letters(&one).await.is_empty());
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();
}
