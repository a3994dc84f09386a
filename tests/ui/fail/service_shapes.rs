use saga_runtime::prelude::*;
use saga_test_contracts::billing::{Billing, InvoiceIssued};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(InvoiceIssued)]
    fn not_async(&self, _: InvoiceIssued) {}

    #[on(InvoiceIssued)]
    async fn not_shared(&mut self, _: InvoiceIssued) {}

    #[on(InvoiceIssued)]
    async fn without_self(_: InvoiceIssued) {}

    #[on(InvoiceIssued)]
    async fn without_message(&self) {}

    #[on(InvoiceIssued)]
    async fn with_too_much(&self, _: InvoiceIssued, _: &Context, _: u8) {}

    #[on(InvoiceIssued)]
    async fn generic<T>(&self, _: InvoiceIssued) {}

    #[on(InvoiceIssued)]
    #[cfg(unix)]
    async fn sometimes(&self, _: InvoiceIssued) {}

    #[on(InvoiceIssued)]
    #[on(InvoiceIssued)]
    async fn twice(&self, _: InvoiceIssued) {}
}

fn main() {}
