use saga_runtime::prelude::*;
use saga_test_contracts::billing::{Billing, InvoiceIssued};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(InvoiceIssued)]
    async fn issued(&self, _: InvoiceIssued) -> Result<(), String> {
        Err("no".into())
    }
}

fn main() {}
