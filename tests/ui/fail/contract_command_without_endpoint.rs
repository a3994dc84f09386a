use saga_runtime::prelude::*;

#[derive(Command, Serialize, Deserialize)]
struct PlaceOrder {
    order_id: u64,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to)]
struct BillOrder;

fn main() {}
