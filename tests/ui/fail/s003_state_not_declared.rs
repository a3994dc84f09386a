//! A state that is not among the declared ones, named three times, is one mistake.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => Packing)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in Packing => end)]
    fn billed(&mut self, _: OrderBilled) {}

    #[after(1 h in Packing => end)]
    fn late(&mut self) {}
}

fn main() {}
