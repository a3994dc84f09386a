use saga_runtime::prelude::*;
use saga_test_contracts::billing::{Billing, InvoiceIssued};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}

    #[on(InvoiceIssued)]
    async fn print(&self, _: InvoiceIssued) {}
}

fn main() {}
