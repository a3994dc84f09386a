//! A join takes its messages for itself.
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

    #[all(AddressChanged, OrderBilled in AwaitingBill => end)]
    fn moved_and_paid(&mut self, _: AddressChanged, _: OrderBilled) {}

    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
