//! A saga is changed while instances of it are under way: what an older build left, a newer one goes on with.

mod rolled_back;
#[allow(dead_code, reason = "not all of the older build runs in every test")]
mod v1;
mod v2;

mod retired;
mod rolling;
#[cfg(all(feature = "nats", feature = "rabbitmq"))]
pub(crate) use rolling::two_builds_side_by_side;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use saga_runtime::{
    Bus,
    bus::Builder,
    clock::ManualClock,
    inspect::InstanceView,
    prelude::*,
    store::{Memory, Wait},
    system::System,
};

use crate::{
    backends::{Backend, on_each_backend},
    order::eventually,
};

#[derive(Endpoint)]
pub struct Sales;
#[derive(Endpoint)]
pub struct Billing;
#[derive(Endpoint)]
pub struct Warehouse;

/// What the services were asked for.
pub type Ledger = Arc<Mutex<Vec<String>>>;

fn placed(order_id: &str) -> v1::PlaceOrder {
    let order_id = order_id.to_owned();
    v1::PlaceOrder { order_id }
}

async fn view<Sys: System>(bus: &Bus<Sys>, key: &str) -> Option<InstanceView> {
    bus.inspect().instance("Fulfilment", key).await.unwrap()
}

async fn comes_to<Sys: System>(bus: &Bus<Sys>, key: &str, state: &str) {
    eventually(&format!("`{key}` comes to `{state}`"), async || {
        view(bus, key)
            .await
            .is_some_and(|instance| instance.state == state)
    })
    .await;
}

/// What the older build leaves: one order being labelled, one being billed, one not yet looked at.
async fn leave_orders(backend: &Backend, clock: &ManualClock) {
    let open = async || backend.builder().await.clock(clock.clone());
    let bus = open()
        .await
        .saga::<v1::Fulfilment>()
        .service(v1::BillingDesk(Ledger::default()))
        .start()
        .await
        .unwrap();
    bus.send(placed("billed")).await.unwrap();
    comes_to(&bus, "billed", "Labelling").await;
    bus.shutdown().await.unwrap();

    let bus = open().await.saga::<v1::Fulfilment>().start().await.unwrap();
    bus.send(placed("placed")).await.unwrap();
    comes_to(&bus, "placed", "Billing").await;
    bus.shutdown().await.unwrap();

    let bus = open().await.start().await.unwrap();
    bus.send(placed("sent")).await.unwrap();
    bus.shutdown().await.unwrap();
}

on_each_backend! {
    async fn orders_and_messages_of_an_older_build_are_carried_through(backend) {
        let clock = ManualClock::default();
        leave_orders(backend, &clock).await;

        let ledger = Ledger::default();
        let bus = backend
            .builder()
            .await
            .clock(clock)
            .saga::<v2::Fulfilment>()
            .service(v2::BillingDesk(ledger.clone()))
            .service(v2::WarehouseDesk(ledger.clone()))
            .system::<v2::Shop>()
            .start()
            .await
            .unwrap();
        for key in ["billed", "placed", "sent"] {
            comes_to(&bus, key, "end").await;
        }
        let mut done = ledger.lock().unwrap().clone();
        done.sort();
        let expected = [
            "bill placed in EUR",
            "bill sent in EUR",
            "label billed",
            "label placed",
            "label sent",
        ];
        assert_eq!(done, expected);
        assert!(bus.inspect().dead_letter_counts().await.unwrap().is_empty());
        bus.shutdown().await.unwrap();
    }

    async fn a_timer_armed_by_an_older_build_fires_under_its_new_name(backend) {
        let clock = ManualClock::default();
        leave_orders(backend, &clock).await;

        let bus = backend
            .builder()
            .await
            .clock(clock.clone())
            .saga::<v2::Fulfilment>()
            .start()
            .await
            .unwrap();
        comes_to(&bus, "sent", "AwaitingBill").await;
        clock.advance(Duration::from_secs(31 * 60));
        comes_to(&bus, "placed", "end").await;
        comes_to(&bus, "sent", "end").await;
        bus.shutdown().await.unwrap();
    }

    async fn a_step_done_under_an_older_build_is_undone_with_the_reply_it_got_then(backend) {
        let clock = ManualClock::default();
        leave_orders(backend, &clock).await;

        let ledger = Ledger::default();
        let bus = backend
            .builder()
            .await
            .clock(clock.clone())
            .saga::<v2::Fulfilment>()
            .service(v2::BillingDesk(ledger.clone()))
            .start()
            .await
            .unwrap();
        comes_to(&bus, "placed", "Labelling").await;
        clock.advance(Duration::from_secs(8 * 24 * 3_600));
        // The invoice of version 1 was the number 1.
        eventually("the bill is refunded", async || {
            ledger.lock().unwrap().contains(&"refund I-1".to_owned())
        })
        .await;
        bus.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_an_older_build_what_is_newer_waits_for_the_newer_one() {
    let (store, clock) = (Memory::new(), ManualClock::default());
    let open = || Bus::new(store.clone()).clock(clock.clone());
    let old = open()
        .saga::<v1::Fulfilment>()
        .service(v1::BillingDesk(Ledger::default()))
        .start()
        .await
        .unwrap();
    let outside = open().start().await.unwrap();
    let order = v2::PlaceOrder {
        order_id: "new".into(),
        currency: "CHF".into(),
    };
    outside.send(order).await.unwrap();
    eventually("the order waits for a build that knows it", async || {
        let queues = outside.inspect().queues().await.unwrap();
        queues
            .iter()
            .any(|depth| depth.queue == "sales" && depth.wait == Wait::Unknown)
    })
    .await;
    assert!(view(&outside, "new").await.is_none());
    outside.send(placed("old")).await.unwrap();
    comes_to(&outside, "old", "Labelling").await;

    let ledger = Ledger::default();
    let new = open()
        .saga::<v2::Fulfilment>()
        .service(v2::BillingDesk(ledger.clone()))
        .service(v2::WarehouseDesk(ledger.clone()))
        .start()
        .await
        .unwrap();
    for key in ["old", "new"] {
        eventually("the order is done by whoever knows each step", async || {
            // What one build has set back is due again, for either.
            clock.advance(Duration::from_secs(1));
            view(&outside, key)
                .await
                .is_some_and(|instance| instance.state == "end")
        })
        .await;
    }
    assert!(outside.inspect().dead_letter_counts().await.unwrap().is_empty());
    assert!(ledger.lock().unwrap().contains(&"bill new in CHF".to_owned()));
    for bus in [old, new, outside] {
        bus.shutdown().await.unwrap();
    }
}
