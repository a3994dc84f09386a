use saga_runtime::prelude::*;

#[derive(Endpoint)]
struct Sales;

#[derive(Event, Reply, Serialize, Deserialize)]
struct OrderShipped;

#[derive(Event, Command, Serialize, Deserialize)]
#[command(to = Sales)]
struct ShipOrder {
    order_id: u64,
}

fn main() {}
