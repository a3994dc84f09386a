use saga_runtime::prelude::*;
use saga_test_contracts::billing::{BillOrder, Billing, InvoiceIssued};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}
}

saga_runtime::system! { pub Shop { Desk, Desk } accept(BillOrder) remote(Billing, Billing) remote(Billing) }

saga_runtime::system! { Empty {} }

saga_runtime::system! { pub struct Shop2 { Desk } }

fn main() {}
