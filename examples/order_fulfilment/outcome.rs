//! What may become of an order, and what became of those of one run.

use std::time::Duration;

use crate::contracts::{OrderRejected, PlaceOrderReply, Rejection};

/// The outcomes, as the table names them.
pub const OUTCOMES: [&str; 5] = [SHIPPED, DECLINED, OUT_OF_STOCK, BILLING_LATE, WAREHOUSE_LATE];
pub const SHIPPED: &str = "shipped";
pub const DECLINED: &str = "declined by Billing";
pub const OUT_OF_STOCK: &str = "out of stock, refunded";
pub const BILLING_LATE: &str = "Billing late, cancelled";
pub const WAREHOUSE_LATE: &str = "Warehouse late, refunded";

/// The outcome that an answer means.
pub fn outcome(reply: &PlaceOrderReply) -> &'static str {
    match reply {
        PlaceOrderReply::OrderConfirmed(_) => SHIPPED,
        PlaceOrderReply::OrderRejected(OrderRejected(why)) => match why {
            Rejection::Declined => DECLINED,
            Rejection::OutOfStock => OUT_OF_STOCK,
            Rejection::BillingLate => BILLING_LATE,
            Rejection::WarehouseLate => WAREHOUSE_LATE,
        },
    }
}

/// The outcomes of this run and what they took.
pub struct Placed {
    /// In order of completion.
    pub answers: Vec<Answer>,
    /// From the first order placed to the last answer.
    pub elapsed: Duration,
    /// Orders an earlier run had brought to an end.
    pub earlier: usize,
}

/// What became of one order.
pub struct Answer {
    pub outcome: &'static str,
    /// From the request to its answer.
    pub took: Duration,
    /// From the first request of the run to this answer.
    pub at: Duration,
}
