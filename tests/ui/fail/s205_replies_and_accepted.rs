//! A reply that is called like another, a version that is not the same, and a twin that looks alike.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

mod old {
    use saga_runtime::prelude::*;

    use saga_test_contracts::order::Billing;

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Billing, version = 2)]
    pub struct RemindCashier {
        pub order_id: u64,
    }

    #[derive(Command, Serialize, Deserialize)]
    #[command(to = Billing, name = "GiveBack", replies(OrderRefunded))]
    pub struct RefundOrder {
        pub invoice: u64,
    }

    #[derive(Reply, Serialize, Deserialize)]
    pub struct OrderRefunded;
}

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> RefundOrderReply {
        OrderRefunded.into()
    }

    #[on(RemindCashier)]
    async fn remind(&self, _: RemindCashier) {}
}

struct Archive;

#[service(at = Billing)]
impl Archive {
    #[on(old::RefundOrder)]
    async fn refund(&self, _: old::RefundOrder) -> old::RefundOrderReply {
        old::OrderRefunded.into()
    }
}

saga_runtime::system! { pub Shop { BillingDesk, Archive } accepts(RefundOrder, old::RemindCashier) }

fn main() {}
