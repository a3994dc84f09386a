//! Delays that say no time.
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
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[after(30 minutes in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }

    #[after(30 in AwaitingBill => end)]
    fn unitless(&mut self) {}

    #[every(0 s in AwaitingBill -> send RemindCashier)]
    fn busy(&mut self) -> RemindCashier {
        todo!()
    }

    #[after(1.5 h in AwaitingBill => end)]
    fn fraction(&mut self) {}

    #[after(99999999999 d in AwaitingBill => end)]
    fn far(&mut self) {}
}

fn main() {}
