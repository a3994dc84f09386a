//! Every backend against the suites: one module per backend, one test per guarantee.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)] // Test code: a failure is the point.

mod letterbox;
mod memory;
#[cfg(feature = "nats")]
mod nats;
mod notebook;
mod postgres;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
#[path = "../servers/postgres.rs"]
mod servers;
mod sqlite;
