//! A saga has one graph and one stored name.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
struct Generic<T> {
    order_id: u64,
    rest: T,
}

#[saga(no_timeout(Active))]
impl<T> Generic<T> {
    #[start(PlaceOrder -> reply OrderConfirmed)]
    fn place(_: PlaceOrder) -> (Self, OrderConfirmed) {
        todo!()
    }
}

fn main() {}
