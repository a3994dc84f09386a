//! The saga's data can be written but not read.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize)]
struct WithoutDeserialize {
    order_id: u64,
}

#[saga(states(Open))]
impl WithoutDeserialize {
    #[start(PlaceOrder -> reply OrderConfirmed => Open)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[after(1 h in Open => end)]
    fn over(&mut self) {}
}

fn main() {}
