//! `self` is there while the instance lives.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(&self, _: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[on(PlaceOrder in end -> reply OrderRejected)]
    fn ended(&mut self, _: PlaceOrder) -> OrderRejected {
        OrderRejected
    }

    #[compensate(OrderBilled -> send RefundOrder)]
    fn refund(&mut self, billed: OrderBilled) -> RefundOrder {
        RefundOrder { invoice: billed.invoice }
    }

    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
