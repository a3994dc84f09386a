//! A command is accepted, and the service at its endpoint has no handler for it.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(RemindCashier)]
    async fn remind(&self, _: RemindCashier) {}
}

saga_runtime::system! { pub Shop { BillingDesk } accepts(RemindCashier, BillOrder) }

fn main() {}
