//! A saga and a service with mistakes of their own: the system does not add that something is missing.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBil)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }
}

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    fn bill(&self, _: BillOrder) -> BillOrderReply {
        BillingDeclined.into()
    }

    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}
}

saga_runtime::system! { pub Shop { Fulfilment, BillingDesk } accepts(PlaceOrder, BillOrder) }

fn main() {}
