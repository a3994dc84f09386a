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
mod certificates;
mod changing;
mod clocked;
mod crash;
mod disk;
mod exactly_once;
mod failing_disk;
mod failing_sync;
mod job;
mod joining;
mod kill;
mod lifecycle;
mod locked;
mod lost_answers;
mod narrow;
#[cfg(feature = "nats")]
mod nats;
mod nested;
mod order;
mod outage;
mod postgres;
mod process;
#[cfg(all(feature = "nats", feature = "rabbitmq"))]
mod processes;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
mod refused;
#[cfg(all(feature = "nats", feature = "rabbitmq"))]
mod secrets;
mod serial;
#[path = "../servers/postgres.rs"]
mod servers;
mod services;
mod subscription;
mod telemetry;
mod waiting;
