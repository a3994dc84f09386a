//! Handlers alone do not say what identifies an instance.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(no_timeout(Active))]
impl Fulfilment {
    #[start(PlaceOrder -> reply OrderConfirmed => end)]
    fn place(_: PlaceOrder) -> (Self, OrderConfirmed) {
        todo!()
    }
}

fn main() {}
