//! Older versions: numbers that are none, the same twice, a list that is none.
use saga_runtime::prelude::*;

#[derive(Endpoint)]
struct Sales;

#[derive(Deserialize)]
struct PlaceOrderV1 {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, upgrade(1 = PlaceOrderV1))]
struct PlaceOrder {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, version = 3, upgrade(1 = PlaceOrderV1, 3 = PlaceOrderV1, 1 = PlaceOrderV1))]
struct CloseOrder {}

impl From<PlaceOrderV1> for CloseOrder {
    fn from(_: PlaceOrderV1) -> Self {
        Self {}
    }
}

#[derive(Event, Serialize, Deserialize)]
#[event(version = 2, upgrade = PlaceOrderV1)]
struct OrderClosed {}

#[saga(by = order_id, at = Sales, upgrade(1 = FulfilmentV1))]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

fn main() {}
