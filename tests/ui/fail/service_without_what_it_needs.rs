use saga_runtime::prelude::*;
use saga_test_contracts::billing::{Billing, InvoiceIssued};

struct Nowhere;
struct Idle;
struct Misspelt;
struct Other;

#[service]
impl Nowhere {
    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}
}

#[service(at = Billing)]
impl Idle {
    async fn file(&self, _: InvoiceIssued) {}
}

#[service(at = Billing, named = "x")]
impl Misspelt {
    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}
}

#[service(at = Billing)]
impl Clone for Other {
    #[on(InvoiceIssued)]
    fn clone(&self) -> Self {
        Self
    }
}

fn main() {}
