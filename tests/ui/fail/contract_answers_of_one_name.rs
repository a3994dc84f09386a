use saga_runtime::prelude::*;

mod fast {
    use saga_runtime::prelude::*;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Shipped;
}

mod slow {
    use saga_runtime::prelude::*;

    #[derive(Reply, Serialize, Deserialize)]
    pub struct Shipped;
}

#[derive(Endpoint)]
struct Carrier;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Carrier, replies(fast::Shipped), refusals(slow::Shipped))]
struct Ship;

fn main() {
    let _ = ShipReply::from(fast::Shipped);
}
