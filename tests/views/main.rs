//! What people see of a saga and a system: golden texts, and documents held against their published schemas.
//!
//! `UPDATE_GOLDEN=1 cargo test -p saga-tests --test views` writes the golden files anew; the change then shows in review.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)] // Test code: a failure is the point.

#[path = "../end_to_end/order.rs"]
#[allow(dead_code)] // drawn here, run elsewhere
mod order;
#[allow(dead_code)] // drawn, never run
mod resort;

// The saga that the README shows, as the example has it.
#[path = "../../examples/order_fulfilment/contracts.rs"]
#[allow(dead_code)]
mod contracts;
#[path = "../../examples/order_fulfilment/saga.rs"]
#[allow(dead_code)]
mod saga;

mod documents;
mod golden;
mod pictures;
mod readme;
