//! What cannot be read is told at its token, once, and accuses no state.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill, Packing), ignor(OrderBilled), by = order_id)]
impl Fulfilment {
    #[start(PlaceOrder -> BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed -> end)]
    fn billed(&mut self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[on]
    fn nothing(&mut self) {}

    #[at(in Packing => end)]
    fn never(&mut self) {}
    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
