//! What an order's saga says and hears.

use saga_runtime::prelude::*;

pub use crate::{OutOfStock, billing::*};

/// Where orders are placed.
#[derive(Endpoint)]
pub struct Sales;

/// Asks for an order.
#[derive(Command, Debug, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
pub struct PlaceOrder {
    /// Which.
    pub order_id: u64,
}

/// It is on its way.
#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct OrderConfirmed;

/// It is not.
#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct OrderRejected;

/// Asks to give the money back.
#[derive(Command, Debug, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderRefunded))]
pub struct RefundOrder {
    /// The invoice's number.
    pub invoice: u64,
}

/// It was given back.
#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct OrderRefunded;

/// Tells a person that somebody waits.
#[derive(Command, Debug, Serialize, Deserialize)]
#[command(to = Billing)]
pub struct RemindCashier {
    /// Whose order.
    pub order_id: u64,
}

/// The customer moved.
#[derive(Event, Debug, Serialize, Deserialize)]
pub struct AddressChanged {
    /// Which order.
    pub order_id: u64,
}

/// Something is sold out. It knows nothing of orders.
#[derive(Event, Debug, Serialize, Deserialize)]
pub struct SoldOut {
    /// What.
    pub article: String,
}

/// The parcel left.
#[derive(Event, Debug, Serialize, Deserialize)]
pub struct ParcelLeft {
    /// What is in it.
    pub parcel: Parcel,
}

/// A parcel.
#[derive(Debug, Serialize, Deserialize)]
pub struct Parcel {
    /// Whose order.
    pub order: u64,
}
