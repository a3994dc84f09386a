//! Who hears that the money has been paid back? The runtime, which awaits it before it undoes the next step.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill, Packing))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill => Packing)]
    fn billed(&mut self, _: OrderBilled) {}

    #[on(BillingDeclined in AwaitingBill => compensate)]
    fn declined(&mut self, _: BillingDeclined) {}

    #[on(OutOfStock in AwaitingBill => compensate)]
    fn sold_out(&mut self, _: OutOfStock) {}

    #[after(1 h in AwaitingBill | Packing => compensate)]
    fn late(&mut self) {}

    #[on(OrderRefunded in compensate -> reply OrderRejected)]
    fn refunded(&mut self, _: OrderRefunded) -> OrderRejected {
        OrderRejected
    }

    #[compensate(OrderBilled -> send RefundOrder)]
    fn refund(&self, _: OrderBilled) -> RefundOrder {
        todo!()
    }

    #[compensated(-> reply OrderRejected => end)]
    fn undone(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
