//! Two departments wrote down the same message, and not in the same words.
use saga_runtime::prelude::*;
use saga_test_contracts::order::{BillOrder, BillOrderReply, Billing, BillingDeclined, InvoiceIssued};

mod archive {
    use saga_runtime::prelude::*;

    #[derive(Event, Serialize, Deserialize)]
    pub struct InvoiceIssued {
        pub invoice: String,
    }
}

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder -> publish InvoiceIssued)]
    async fn bill(&self, order: BillOrder) -> (BillOrderReply, InvoiceIssued) {
        (BillingDeclined.into(), InvoiceIssued { order_id: order.order_id })
    }
}

struct Archive;

#[service(at = Billing)]
impl Archive {
    #[on(archive::InvoiceIssued)]
    async fn file(&self, _: archive::InvoiceIssued) {}
}

saga_runtime::system! { pub Shop { BillingDesk, Archive } accepts(BillOrder) }

fn main() {}
