//! A refusal leads back to waiting for an answer that cannot come any more.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill), unexpected(OrderBilled, BillingDeclined, OutOfStock in end))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[on(BillingDeclined in AwaitingBill => AwaitingBill)]
    fn declined(&mut self, _: BillingDeclined) {}

    #[on(OutOfStock in AwaitingBill -> reply OrderRejected => end)]
    fn sold_out(&mut self, _: OutOfStock) -> OrderRejected {
        OrderRejected
    }

    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
