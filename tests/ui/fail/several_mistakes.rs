//! Every mistake of a build is told at once.
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

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, ) -> OrderConfirmed {
        OrderConfirmed
    }

    #[on(BillingDeclined in AwaitingBil -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected
    }

    #[after(30 sec in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
