use saga_runtime::prelude::*;

#[derive(Event, Reply, Serialize, Deserialize)]
struct OrderShipped;

fn main() {}
