//! The process without a server: what is said, what is sent, and what happens when somebody is late.

use std::time::Duration;

use saga_runtime::testing::{Scenario, explore, explore::View, json};

use crate::{contracts::*, saga::Fulfilment};

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn order() -> PlaceOrder {
    json(
        r#"{ "order_id": "o-1", "total_cents": 4200, "items": [],
             "card": { "limit_cents": 5000, "charge_delay_ms": 0, "answer_delay_ms": 0 } }"#,
    )
}

fn billed() -> OrderBilled {
    let invoice = InvoiceId("i-1".into());
    OrderBilled { invoice }
}

#[test]
fn an_order_is_billed_labelled_and_confirmed() {
    let mut order_process = Scenario::<Fulfilment>::new();
    order_process.request(order()).is_in("AwaitingBill");
    assert_eq!(order_process.sent::<BillOrder>().total_cents, 4_200);
    order_process.reply(billed()).is_in("AwaitingLabel");
    order_process.sent::<CreateShippingLabel>();
    order_process
        .reply(ShippingLabelCreated)
        .publishes(&OrderReadyToShip {
            order_id: OrderId("o-1".into()),
        })
        .replies(&OrderConfirmed)
        .emits_nothing_more()
        .ends();
}

#[test]
fn without_stock_the_order_is_refunded_and_rejected() {
    Scenario::<Fulfilment>::new()
        .request(order())
        .reply(billed())
        .reply(OutOfStock)
        .sends(&RefundOrder {
            invoice: InvoiceId("i-1".into()),
        })
        .is_in("compensate")
        .reply(OrderRefunded)
        .replies(&OrderRejected(Rejection::OutOfStock))
        .ends();
}

#[test]
fn a_bill_that_comes_late_is_refunded() {
    let mut late = Scenario::<Fulfilment>::new();
    late.request(order())
        .timeout("bill_is_late")
        .is_in("CancellingBill");
    late.sent::<CancelBilling>();
    late.reply(billed());
    late.sent::<RefundOrder>();
    late.reply(AlreadyBilled)
        .reply(OrderRefunded)
        .replies(&OrderRejected(Rejection::BillingLate))
        .ends();
}

#[test]
fn a_label_that_never_comes_is_given_up_after_a_week() {
    let in_the_middle = json(r#"{ "order_id": "o-1", "total_cents": 4200, "items": [], "trouble": null }"#);
    let mut stuck = Scenario::<Fulfilment>::given("AwaitingLabel", in_the_middle);
    stuck
        .asked(&order())
        .done::<BillOrder>(billed())
        .advance(6 * DAY)
        .is_in("AwaitingLabel");
    stuck
        .advance(DAY)
        .is_in("compensate")
        .reply(OrderRefunded)
        .replies(&OrderRejected(Rejection::WarehouseLate))
        .ends();
}

#[test]
fn whatever_happens_an_order_is_shipped_or_refunded_and_never_both() {
    let explored = explore()
        .saga::<Fulfilment>()
        .reply(billed())
        .request(order())
        .repeats(1)
        .never("shipped and refunded", |order: &View<'_, Fulfilment>| {
            order.published::<OrderReadyToShip>() > 0 && order.sent::<RefundOrder>() > 0
        })
        .check();
    println!("{explored}");
}
