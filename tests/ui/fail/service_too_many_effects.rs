//! One effect more than a service's handler may have.
use saga_runtime::prelude::*;
use saga_test_contracts::{billing::InvoiceIssued, order::*};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(
        InvoiceIssued -> send RemindCashier?, send RemindCashier?, send RemindCashier?, send RemindCashier?,
        send RemindCashier?, send RemindCashier?, send RemindCashier?, send RemindCashier?, send RemindCashier?,
        send RemindCashier?, send RemindCashier?, send RemindCashier?, send RefundOrder?
    )]
    async fn issued(&self, _: InvoiceIssued) {}
}

fn main() {}
