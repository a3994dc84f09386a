//! What an older build had given back would have to be undone.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill),
    retired(send RefundOrder),
    ignore(OrderRefunded in AwaitingBill),
    unexpected(OrderRefunded in end),
    no_undo(BillOrder),
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

    #[on(BillingDeclined in AwaitingBill => compensate)]
    fn declined(&mut self, _: BillingDeclined) {}

    #[on(OutOfStock in AwaitingBill => compensate)]
    fn sold_out(&mut self, _: OutOfStock) {}

    #[after(1 h in AwaitingBill => compensate)]
    fn bill_is_late(&mut self) {}

    #[compensated(-> reply OrderRejected => end)]
    fn undone(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
