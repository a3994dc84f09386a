//! Without `states(..)` there is `Active`.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => Waiting)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[after(1 h => end)]
    fn late(&mut self) {}
}

fn main() {}
