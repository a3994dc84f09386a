//! The order process in a shop whose archive has a bill of its own, called alike.
#[path = "../contracts/shop.rs"]
mod shop;

use saga_runtime::prelude::*;
use shop::*;

mod archive {
    use saga_runtime::prelude::*;

    #[derive(Event, Serialize, Deserialize)]
    #[event(external)]
    pub struct OrderReadyToShip {
        pub shelf: u32,
    }
}

struct Archive;

#[service(at = Warehouse)]
impl Archive {
    #[on(archive::OrderReadyToShip)]
    async fn file(&self, _: archive::OrderReadyToShip) {}
}

saga_runtime::system! {
    pub Shop { Fulfilment, BillingDesk, WarehouseDesk, Newsroom, Archive }
    accepts(PlaceOrder)
}

fn main() {}
