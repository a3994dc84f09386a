//! The order process from the outside.

use std::sync::atomic::Ordering;

use saga_runtime::{
    Bus,
    clock::ManualClock,
    dead_letter::{DeadLetterFilter, Reason},
    retry::RetryPolicy,
    store::Memory,
};

use crate::order::{PlaceOrderReply, World, eventually, order, shop};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_billed_labelled_and_confirmed() {
    let world = World::default();
    let bus = shop(Bus::new(Memory::new()), &world).start().await.unwrap();
    let reply = bus.request(order("A1")).await.unwrap();
    assert!(matches!(reply, PlaceOrderReply::OrderConfirmed(confirmed) if confirmed.order_id == "A1"));
    eventually("the event is heard", async || {
        world.announced.load(Ordering::SeqCst) == 1
    })
    .await;
    assert!(
        bus.inspect()
            .dead_letters(DeadLetterFilter::default())
            .await
            .unwrap()
            .is_empty()
    );
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_order_is_rejected_with_the_reason() {
    let bus = shop(Bus::new(Memory::new()), &World::default())
        .start()
        .await
        .unwrap();
    let reply = bus.request(order("poor")).await.unwrap();
    assert!(matches!(reply, PlaceOrderReply::OrderRejected(rejected) if rejected.reason == "no funds"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_out_of_stock_is_refunded_before_it_is_rejected() {
    let world = World::default();
    let bus = shop(Bus::new(Memory::new()), &world).start().await.unwrap();
    let reply = bus.request(order("rare")).await.unwrap();
    assert!(matches!(reply, PlaceOrderReply::OrderRejected(_)));
    assert_eq!(world.refunded.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_order_gets_the_recorded_answer_and_is_done_once() {
    let world = World::default();
    let bus = shop(Bus::new(Memory::new()), &world).start().await.unwrap();
    bus.request(order("A1")).await.unwrap();
    let again = bus.request(order("A1")).await.unwrap();
    assert!(matches!(again, PlaceOrderReply::OrderConfirmed(_)));
    assert_eq!(world.billed.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_cancels_the_bill_and_tells_the_customer() {
    let (world, clock) = (World::default(), ManualClock::default());
    let bus = shop(Bus::new(Memory::new()), &world)
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    let asking = {
        let bus = bus.clone();
        let days = std::time::Duration::from_secs(30 * 24 * 3_600);
        tokio::spawn(async move { bus.request(order("never")).deadline(days).await })
    };
    let inspect = bus.inspect();
    eventually("the bill is awaited", async || {
        inspect.instance("Fulfilment", "never").await.unwrap().is_some()
    })
    .await;
    clock.advance(std::time::Duration::from_secs(30 * 60));
    eventually("the bill is being cancelled", async || {
        inspect
            .instance("Fulfilment", "never")
            .await
            .unwrap()
            .is_some_and(|instance| instance.state == "compensate")
    })
    .await;
    assert_eq!(
        inspect
            .instance("Fulfilment", "never")
            .await
            .unwrap()
            .unwrap()
            .open_requests,
        ["BillOrder"]
    );
    asking.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_undo_parks_and_goes_on_when_retried() {
    let world = World::default();
    world.refuse_refunds.store(1, Ordering::SeqCst);
    let bus = shop(Bus::new(Memory::new()), &world).start().await.unwrap();
    let inspect = bus.inspect();
    let asking = {
        let bus = bus.clone();
        tokio::spawn(async move { bus.request(order("rare")).await })
    };
    let parked = async || {
        inspect
            .instance("Fulfilment", "rare")
            .await
            .unwrap()
            .and_then(|instance| instance.parked)
    };
    eventually("the compensation is parked", async || parked().await.is_some()).await;
    assert_eq!(
        parked().await.as_deref(),
        Some("`RefundOrder` was refused with `RefundRefused`")
    );
    inspect.retry_compensation("Fulfilment", "rare").await.unwrap();
    assert!(matches!(
        asking.await.unwrap().unwrap(),
        PlaceOrderReply::OrderRejected(_)
    ));
    assert_eq!(world.refunded.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_service_is_a_dead_letter_once_the_retries_are_used_up() {
    let bus = shop(
        Bus::new(Memory::new()).retry(RetryPolicy::never()),
        &World::default(),
    )
    .start()
    .await
    .unwrap();
    bus.send(order("panic")).await.unwrap();
    let inspect = bus.inspect();
    let letters = async || inspect.dead_letters(DeadLetterFilter::default()).await.unwrap();
    eventually("the message is set aside", async || letters().await.len() == 1).await;
    let letter = letters().await.remove(0).letter;
    assert_eq!(
        (letter.reason, letter.message.name()),
        (Reason::HandlerPanicked, Some("BillOrder"))
    );
    assert!(letter.detail.contains("a bug in billing"), "{}", letter.detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_replayed_goes_on_where_it_stopped() {
    let world = World::default();
    world.fail_billing.store(1, Ordering::SeqCst);
    let bus = shop(Bus::new(Memory::new()).retry(RetryPolicy::never()), &world)
        .start()
        .await
        .unwrap();
    let inspect = bus.inspect();
    let asking = {
        let bus = bus.clone();
        tokio::spawn(async move { bus.request(order("A1")).await })
    };
    let letters = async || inspect.dead_letters(DeadLetterFilter::default()).await.unwrap();
    eventually("the message is set aside", async || letters().await.len() == 1).await;
    assert_eq!(letters().await[0].letter.reason, Reason::RetriesExhausted);
    assert_eq!(inspect.replay_all(DeadLetterFilter::default()).await.unwrap(), 1);
    assert!(matches!(
        asking.await.unwrap().unwrap(),
        PlaceOrderReply::OrderConfirmed(_)
    ));
    assert!(letters().await.is_empty());
}
