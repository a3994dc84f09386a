use saga_runtime::prelude::*;

#[derive(Endpoint)]
#[endpoint(queue = "sales")]
struct Sales;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, reply(OrderConfirmed), version = 0, "x", name: "PlaceOrder")]
struct PlaceOrder;

#[derive(Reply, Serialize, Deserialize)]
#[reply(to = Sales, refusal)]
struct OrderConfirmed;

#[derive(Event, Serialize, Deserialize)]
#[event(outsider, external = true, name = "a", name = "b")]
struct OrderShipped;

#[derive(Event, Serialize, Deserialize)]
#[event = "OrderLost"]
struct OrderLost;

fn main() {}
