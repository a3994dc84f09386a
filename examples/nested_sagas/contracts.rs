//! The shop asks for a delivery; the delivery asks for a courier.

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Shop;
#[derive(Endpoint)]
pub struct Logistics;
#[derive(Endpoint)]
pub struct Couriers;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Shop, replies(Delivered), refusals(NotDelivered))]
pub struct Order {
    pub order: u32,
    pub to: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct Delivered {
    pub by: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct NotDelivered;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Logistics, replies(ParcelHandedOver), refusals(Undeliverable))]
pub struct Deliver {
    pub parcel: String,
    pub to: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct ParcelHandedOver {
    pub courier: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct Undeliverable;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Couriers, replies(HandedOver), refusals(NobodyHome))]
pub struct TryDoor {
    pub to: String,
    pub attempt: u32,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct HandedOver {
    pub courier: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct NobodyHome;
