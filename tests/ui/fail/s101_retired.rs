//! Older builds gave money back first: the answer may still come to what they left, and a reminder is never answered.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill),
    retired(send RefundOrder in AwaitingBill, send RemindCashier),
    unexpected(OrderBilled, BillingDeclined, OutOfStock in end),
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected
    }

    #[on(OutOfStock in AwaitingBill -> reply OrderRejected => end)]
    fn sold_out(&mut self, _: OutOfStock) -> OrderRejected {
        OrderRejected
    }

    #[after(1 h in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
