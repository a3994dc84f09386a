//! The machine searches for the order of events that breaks a process: it finds what was put there, and nothing in the
//! processes of the examples.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    dead_code,
    reason = "test code, beside the contracts of the examples"
)]

mod apart;
#[path = "../../examples/order_fulfilment/contracts.rs"]
mod contracts;
#[path = "../../examples/order_fulfilment/entries.rs"]
mod entries;
#[path = "../../examples/order_fulfilment/ledger.rs"]
mod ledger;
mod moves;
mod order;
mod rehearsal;
#[path = "../../examples/order_fulfilment/saga.rs"]
mod saga;
mod seeded;
#[path = "../../examples/order_fulfilment/services.rs"]
mod services;
