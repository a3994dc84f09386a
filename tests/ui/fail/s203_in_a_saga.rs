//! A saga waits for news that no part of the system has to tell, and tells what no part wants to hear.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill, Packing),
    unexpected(OrderBilled, BillingDeclined, OutOfStock in end),
    ignore(AddressChanged in end),
    no_undo(BillOrder)
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let order_id = order.order_id;
        (Self { order_id }, BillOrder { order_id, total_cents: 1 })
    }

    #[on(OrderBilled in AwaitingBill -> publish InvoiceIssued, publish SoldOut? => Packing)]
    fn billed(&mut self, _: OrderBilled) -> (InvoiceIssued, Option<SoldOut>) {
        (InvoiceIssued { order_id: self.order_id }, None)
    }

    #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected
    }

    #[on(OutOfStock in AwaitingBill -> reply OrderRejected => end)]
    fn sold_out(&mut self, _: OutOfStock) -> OrderRejected {
        OrderRejected
    }

    #[on(AddressChanged)]
    fn moved(&mut self, _: AddressChanged) {}

    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }

    #[after(1 d in Packing -> reply OrderConfirmed => end)]
    fn packed(&mut self) -> OrderConfirmed {
        OrderConfirmed
    }
}

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    async fn bill(&self, _: BillOrder) -> BillOrderReply {
        BillingDeclined.into()
    }

    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}
}

saga_runtime::system! { pub Shop { Fulfilment, BillingDesk } accepts(PlaceOrder) }

fn main() {}
