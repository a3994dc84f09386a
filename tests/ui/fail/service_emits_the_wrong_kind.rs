use saga_runtime::prelude::*;
use saga_test_contracts::{
    CreateLabel, LabelCreated,
    billing::{Billing, InvoiceIssued},
};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(InvoiceIssued -> publish CreateLabel, send InvoiceIssued?, send LabelCreated*)]
    async fn file(&self, _: InvoiceIssued) -> (CreateLabel, Option<InvoiceIssued>, Vec<LabelCreated>) {
        (CreateLabel { order_id: 1 }, None, vec![])
    }
}

fn main() {}
