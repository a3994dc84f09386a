use saga_runtime::prelude::*;
use saga_test_contracts::{
    CreateLabel,
    billing::{Billing, InvoiceIssued},
};

struct Desk;
struct Clerk;

#[service(at = Billing)]
impl Desk {
    #[on(InvoiceIssued)]
    async fn issued(&self, _: CreateLabel) {}
}

#[service(at = Billing)]
impl Clerk {
    #[on(InvoiceIssued)]
    async fn issued(&self, _: InvoiceIssued, _: &str) {}
}

fn main() {}
