use saga_runtime::prelude::*;

#[derive(Endpoint)]
struct Sales;

#[derive(Event, Serialize, Deserialize)]
struct OrderShipped;

struct Plain;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderShipped), refusals(Plain))]
struct PlaceOrder;

fn main() {}
