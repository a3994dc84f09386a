//! What goes wrong around a system while orders go through it; the effects are counted afterwards. Nothing is lost,
//! nothing is done twice, and what was begun in vain is undone.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)] // Test code: a failure is the point.

mod backlog;
mod broker;
mod crew;
mod database;
mod effects;
mod ground;
mod kill;
mod line;
#[path = "../end_to_end/order.rs"]
#[allow(dead_code)] // its services count in memory; those here count for all processes
mod order;
mod rush;
#[path = "../servers/postgres.rs"]
#[allow(dead_code)] // not everything is needed here
mod servers;
mod twice;
