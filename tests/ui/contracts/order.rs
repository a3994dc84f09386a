//! What the order says and hears.
#![allow(dead_code)] // messages have fields that nobody here reads

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Sales;
#[derive(Endpoint)]
pub struct Billing;
#[derive(Endpoint)]
pub struct Warehouse;

pub type OrderId = String;
pub type InvoiceId = u64;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
pub struct PlaceOrder {
    pub order_id: OrderId,
    pub total_cents: u64,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
pub struct BillOrder {
    pub order_id: OrderId,
    pub total_cents: u64,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(BillingCancelled), refusals(AlreadyBilled))]
pub struct CancelBilling {
    pub order_id: OrderId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderRefunded))]
pub struct RefundOrder {
    pub invoice: InvoiceId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse, replies(ShippingLabelCreated), refusals(OutOfStock))]
pub struct CreateShippingLabel {
    pub order_id: OrderId,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse)]
pub struct VoidLabel {
    pub order_id: OrderId,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct OrderConfirmed {}
#[derive(Reply, Serialize, Deserialize)]
pub struct OrderRejected {}
#[derive(Reply, Serialize, Deserialize)]
pub struct OrderBilled {
    pub invoice: InvoiceId,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct BillingDeclined {}
#[derive(Reply, Serialize, Deserialize)]
pub struct BillingCancelled {}
#[derive(Reply, Serialize, Deserialize)]
pub struct AlreadyBilled {}
#[derive(Reply, Serialize, Deserialize)]
pub struct OrderRefunded {}
#[derive(Reply, Serialize, Deserialize)]
pub struct ShippingLabelCreated {}
#[derive(Reply, Serialize, Deserialize)]
pub struct OutOfStock {}
#[derive(Event, Serialize, Deserialize)]
pub struct OrderReadyToShip {
    pub order_id: OrderId,
}
#[derive(Event, Serialize, Deserialize)]
pub struct OrderCancelled {
    pub order_id: OrderId,
}
