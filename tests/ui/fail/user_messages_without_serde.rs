//! Messages without serde are told where they are derived, and not wherever they are named.
use saga_runtime::prelude::*;

#[derive(Endpoint)]
struct Sales;

#[derive(Command, Serialize)]
#[command(to = Sales, replies(Confirmed))]
struct Ship {
    order_id: u64,
}

#[derive(Reply, Serialize, Deserialize)]
struct Confirmed;

#[derive(Event, Deserialize)]
struct Shipped {
    order_id: u64,
}

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Shipping {
    order_id: u64,
}

#[saga(states(Open))]
impl Shipping {
    #[start(Ship -> reply Confirmed, publish Shipped => Open)]
    fn place(_: Ship) -> (Self, Confirmed, Shipped) {
        todo!()
    }

    #[after(1 h in Open => end)]
    fn over(&mut self) {}
}

fn main() {}
