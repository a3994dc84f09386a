use saga_runtime::prelude::*;

#[derive(Event, Serialize, Deserialize)]
enum OrderChanged {
    Shipped,
    Lost,
}

fn main() {}
