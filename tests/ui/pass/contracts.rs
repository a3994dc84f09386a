//! Contracts from this crate and from another one, under every kind of path.

use saga_runtime::prelude::*;
use saga_test_contracts::billing;

#[derive(Endpoint)]
struct Sales;

#[derive(Endpoint)]
#[endpoint(name = "card-payments.eu")]
struct Cards;

/// Private, and with answers from two crates.
#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed, billing::OrderBilled), refusals(saga_test_contracts::OutOfStock))]
struct PlaceOrder {
    order_id: u64,
    r#type: Option<Vec<String>>,
}

#[derive(Reply, Serialize, Deserialize)]
struct OrderConfirmed(u64);

/// To an endpoint of another crate.
#[derive(Command, Serialize, Deserialize)]
#[command(to = billing::Billing, name = "billing.Remind", version = 2)]
struct Remind;

/// Nothing but a `Message` is asked of its fields: no `Debug`, no `Clone`.
#[derive(Event, Serialize, Deserialize)]
#[event(outsiders)]
struct Moved(Opaque);

#[derive(Serialize, Deserialize)]
struct Opaque;

/// A message may be seen further than the types of its fields.
#[derive(Event, Serialize, Deserialize)]
pub struct Sealed {
    inner: Opaque,
}

fn main() {
    let _ = Sealed { inner: Opaque };
    assert_eq!(Cards::NAME, "card-payments.eu");
    assert_eq!(Remind::INFO.endpoint, Some("billing"));
    assert!(Moved::INFO.outsiders);
    let answers: Vec<_> = PlaceOrder::INFO
        .replies
        .iter()
        .map(|reply| reply.message.name)
        .collect();
    assert_eq!(answers, ["OrderConfirmed", "OrderBilled", "OutOfStock"]);
    match PlaceOrderReply::from(billing::OrderBilled { invoice: 7 }) {
        PlaceOrderReply::OrderBilled(billed) => assert_eq!(billed.invoice, 7),
        PlaceOrderReply::OrderConfirmed(_) | PlaceOrderReply::OutOfStock(_) => unreachable!(),
    }
}
