//! What a user is promised, shown on whole systems: a bus, its sagas and services, a backend.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)] // Test code: a failure is the point.

mod backends;
mod broker;
mod changing;
mod disk;
mod exactly_once;
mod job;
mod kill;
mod lifecycle;
mod locked;
mod nested;
mod order;
mod outage;
mod process;
mod services;
mod subscription;
mod telemetry;
mod waiting;
