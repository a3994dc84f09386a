//! One event that nobody hears, one that nobody publishes, one accepted in vain.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder -> publish InvoiceIssued)]
    async fn bill(&self, order: BillOrder) -> (BillOrderReply, InvoiceIssued) {
        (BillingDeclined.into(), InvoiceIssued { order_id: order.order_id })
    }

    #[on(AddressChanged)]
    async fn moved(&self, _: AddressChanged) {}
}

saga_runtime::system! { pub Shop { BillingDesk } accepts(BillOrder, SoldOut) }

fn main() {}
