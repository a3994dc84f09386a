use saga_runtime::prelude::*;

struct Sales;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales)]
struct PlaceOrder;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Salse)]
struct CancelOrder;

fn main() {}
