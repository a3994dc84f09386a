//! The order process of the example, explored to the end.

use saga_runtime::testing::{
    explore,
    explore::{Explorer, View},
    json,
};

use crate::{contracts::*, saga::Fulfilment};

pub(crate) fn place(order_id: &str) -> PlaceOrder {
    json(&format!(
        r#"{{ "order_id": "{order_id}", "total_cents": 4200, "items": [],
              "card": {{ "limit_cents": 5000, "charge_delay_ms": 0, "answer_delay_ms": 0 }} }}"#
    ))
}

pub(crate) fn shop() -> Explorer {
    let invoice = InvoiceId("i-1".into());
    explore().saga::<Fulfilment>().reply(OrderBilled { invoice })
}

#[test]
fn whatever_happens_to_an_order_it_comes_to_an_end() {
    let explored = shop().request(place("o-1")).check();
    println!("{explored}");
    assert!(explored.is_complete());
}

#[test]
fn whatever_happens_to_orders_that_are_placed_again_and_side_by_side() {
    let explored = shop()
        .request(place("o-1"))
        .request(place("o-2"))
        .repeats(2)
        .never("shipped and refunded", |order: &View<'_, Fulfilment>| {
            order.published::<OrderReadyToShip>() > 0 && order.sent::<RefundOrder>() > 0
        })
        .never("billed twice", |order: &View<'_, Fulfilment>| {
            order.sent::<BillOrder>() > 1
        })
        .always("one outcome", |order: &View<'_, Fulfilment>| {
            order.replied::<OrderConfirmed>() == 0 || order.replied::<OrderRejected>() == 0
        })
        .eventually("somebody is told", |order: &View<'_, Fulfilment>| {
            order.replied::<OrderConfirmed>() + order.replied::<OrderRejected>() > 0
        })
        .check();
    println!("{explored}");
    assert_eq!(explored.groups(), 2);
}

#[test]
fn orders_mixed_with_each_other_are_explored_completely() {
    let explored = ["o-1", "o-2", "o-3"]
        .into_iter()
        .fold(shop(), |shop, id| shop.request(place(id)))
        .together()
        .check();
    println!("{explored}");
    assert_eq!(explored.groups(), 1);
}
