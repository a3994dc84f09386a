//! Two services at one endpoint both bill.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

struct Cashier;

#[service(at = Billing)]
impl Cashier {
    #[on(BillOrder)]
    async fn bill(&self, _: BillOrder) -> BillOrderReply {
        BillingDeclined.into()
    }
}

struct Accountant;

#[service(at = Billing)]
impl Accountant {
    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> RefundOrderReply {
        OrderRefunded.into()
    }

    #[on(BillOrder)]
    async fn bill(&self, _: BillOrder) -> BillOrderReply {
        BillingDeclined.into()
    }
}

saga_runtime::system! { pub Shop { Cashier, Accountant } accepts(BillOrder, RefundOrder) }

fn main() {}
