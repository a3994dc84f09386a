//! The order process in a shop where a second saga refunds.
#[path = "../contracts/shop.rs"]
mod shop;

use saga_runtime::prelude::*;
use shop::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Goodwill {
    order_id: OrderId,
}

#[saga(states(Asking), ignore(OrderCancelled, OrderRefunded in end))]
impl Goodwill {
    #[start(OrderCancelled -> send RefundOrder => Asking)]
    fn begin(cancelled: OrderCancelled) -> (Self, RefundOrder) {
        (Self { order_id: cancelled.order_id }, RefundOrder { invoice: 1 })
    }

    #[on(OrderCancelled in Asking)]
    fn again(&mut self, _: OrderCancelled) {}

    #[on(OrderRefunded in Asking => end)]
    fn refunded(&mut self, _: OrderRefunded) {}

    #[after(30 d in Asking => end)]
    fn late(&mut self) {}
}

saga_runtime::system! {
    pub Shop { Fulfilment, Goodwill, BillingDesk, WarehouseDesk, Newsroom }
    accepts(PlaceOrder)
}

fn main() {}
