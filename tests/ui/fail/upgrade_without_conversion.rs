//! An older version that nothing makes into the next one, and one that cannot be read.
use saga_runtime::prelude::*;

#[derive(Endpoint)]
struct Sales;

#[derive(Deserialize)]
struct PlaceOrderV1 {}

struct PlaceOrderV2 {}

impl From<PlaceOrderV2> for PlaceOrder {
    fn from(_: PlaceOrderV2) -> Self {
        Self {}
    }
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, version = 3, upgrade(1 = PlaceOrderV1, 2 = PlaceOrderV2))]
struct PlaceOrder {}

#[derive(Deserialize)]
struct FulfilmentV1 {}

#[saga(by = order_id, at = Sales, version = 2, upgrade(1 = FulfilmentV1))]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

fn main() {}
