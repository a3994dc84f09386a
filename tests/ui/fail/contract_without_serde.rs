use saga_runtime::prelude::*;

#[derive(Event)]
struct OrderShipped {
    order_id: u64,
}

fn main() {}
