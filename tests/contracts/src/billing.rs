//! What the billing department says and hears.

use saga_runtime::prelude::*;

/// Where money is asked for.
#[derive(Endpoint)]
pub struct Billing;

/// Asks for money.
#[derive(Command, Debug, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined, crate::OutOfStock))]
pub struct BillOrder {
    /// Whose.
    pub order_id: u64,
    /// How much, in cents.
    pub total_cents: u64,
}

/// It was paid.
#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct OrderBilled {
    /// The invoice's number.
    pub invoice: u64,
}

/// It was not.
#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct BillingDeclined;

/// An invoice is on its way.
#[derive(Event, Debug, Serialize, Deserialize)]
pub struct InvoiceIssued {
    /// Whose.
    pub order_id: u64,
}
