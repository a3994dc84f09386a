//! The order process in a shop with a second desk that refunds.
#[path = "../contracts/shop.rs"]
mod shop;

use saga_runtime::prelude::*;
use shop::*;

struct Complaints;

#[service(at = Billing)]
impl Complaints {
    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> RefundOrderReply {
        OrderRefunded {}.into()
    }
}

saga_runtime::system! {
    pub Shop { Fulfilment, BillingDesk, WarehouseDesk, Newsroom, Complaints }
    accepts(PlaceOrder)
}

fn main() {}
