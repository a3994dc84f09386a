use saga_runtime::prelude::*;
use saga_test_contracts::billing::{BillOrder, Billing, InvoiceIssued, OrderBilled};

struct Desk;

#[service(at = Billing)]
impl Desk {
    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}
}

struct Table;

saga_runtime::system! { pub Shop { Desk, Table } accepts(BillOrder, OrderBilled, Table) remote(Table) }

fn main() {}
