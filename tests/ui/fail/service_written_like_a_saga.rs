use saga_runtime::prelude::*;
use saga_test_contracts::billing::{BillOrder, Billing, BillingDeclined, InvoiceIssued};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(InvoiceIssued in Idle -> send BillOrder => Busy)]
    async fn with_places(&self, _: InvoiceIssued) -> BillOrder {
        BillOrder {
            order_id: 1,
            total_cents: 1,
        }
    }

    #[on(InvoiceIssued -> send BillOrder => end)]
    async fn with_target(&self, _: InvoiceIssued) -> BillOrder {
        BillOrder {
            order_id: 1,
            total_cents: 1,
        }
    }

    #[on(InvoiceIssued { Yes -> send BillOrder | No })]
    async fn with_labels(&self, _: InvoiceIssued) {}

    #[on(BillOrder -> reply BillingDeclined)]
    async fn with_reply(&self, _: BillOrder) -> BillingDeclined {
        BillingDeclined
    }

    #[on(InvoiceIssued*)]
    async fn with_many(&self, _: Vec<InvoiceIssued>) {}

    #[on(BillingDeclined of BillOrder)]
    async fn with_of(&self, _: BillingDeclined) {}

    #[on(InvoiceIssued -> BillOrder)]
    async fn without_verb(&self, _: InvoiceIssued) {}

    #[start(InvoiceIssued)]
    async fn begin(&self, _: InvoiceIssued) {}

    #[after(30 min)]
    async fn late(&self) {}
}

fn main() {}
