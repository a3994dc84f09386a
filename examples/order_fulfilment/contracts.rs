//! What the services say to each other. In a company this is a crate of its own, shared by all of them.

use saga_runtime::prelude::*;

/// Takes orders and runs the process.
#[derive(Endpoint)]
pub struct Sales;

/// Charges cards.
#[derive(Endpoint)]
pub struct Billing;

/// Packs and labels.
#[derive(Endpoint)]
pub struct Warehouse;

/// Keeps the books: hears what became of every order.
#[derive(Endpoint)]
pub struct Books;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderId(pub String);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvoiceId(pub String);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    pub sku: String,
    pub quantity: u64,
    pub unit_cents: u64,
    pub in_stock: u64,
}

/// The customer's card, and how long Billing takes over it (see `examples/data/README.md`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Card {
    pub limit_cents: u64,
    pub charge_delay_ms: u64,
    pub answer_delay_ms: u64,
}

/// Why an order was not fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    Declined,
    OutOfStock,
    BillingLate,
    WarehouseLate,
}

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
pub struct PlaceOrder {
    pub order_id: OrderId,
    pub total_cents: u64,
    pub card: Card,
    pub items: Vec<Item>,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct OrderConfirmed;

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct OrderRejected(pub Rejection);

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
pub struct BillOrder {
    pub order_id: OrderId,
    pub total_cents: u64,
    pub card: Card,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct OrderBilled {
    pub invoice: InvoiceId,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct BillingDeclined;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Billing, replies(BillingCancelled), refusals(AlreadyBilled))]
pub struct CancelBilling {
    pub order_id: OrderId,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct BillingCancelled;

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct AlreadyBilled;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderRefunded))]
pub struct RefundOrder {
    pub invoice: InvoiceId,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct OrderRefunded;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Warehouse, replies(ShippingLabelCreated), refusals(OutOfStock))]
pub struct CreateShippingLabel {
    pub order_id: OrderId,
    pub total_cents: u64,
    pub items: Vec<Item>,
}

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct ShippingLabelCreated;

#[derive(Reply, Clone, Debug, Serialize, Deserialize)]
pub struct OutOfStock;

#[derive(Command, Clone, Debug, Serialize, Deserialize)]
#[command(to = Warehouse)]
pub struct VoidLabel {
    pub order_id: OrderId,
}

#[derive(Event, Clone, Debug, Serialize, Deserialize)]
pub struct OrderReadyToShip {
    pub order_id: OrderId,
}

#[derive(Event, Clone, Debug, Serialize, Deserialize)]
pub struct OrderCancelled {
    pub order_id: OrderId,
}
