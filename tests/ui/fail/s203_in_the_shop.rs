//! The order process in a shop where nobody hears what becomes of an order, and somebody waits for a strike.
#[path = "../contracts/shop.rs"]
mod shop;

use saga_runtime::prelude::*;
use shop::*;

#[derive(Event, Serialize, Deserialize)]
struct StrikeBegan {
    order_id: OrderId,
}

struct Union;

#[service(at = Warehouse)]
impl Union {
    #[on(StrikeBegan)]
    async fn strike(&self, _: StrikeBegan) {}
}

saga_runtime::system! {
    pub Shop { Fulfilment, BillingDesk, WarehouseDesk, Union }
    accepts(PlaceOrder)
}

fn main() {}
