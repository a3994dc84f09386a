//! Teaches: many processes. The saga and the services of `order_fulfilment`, not a line of them changed, as processes of
//! their own: Sales with a web front, the saga, Billing and Warehouse. Messages go through a broker, and what must be
//! remembered is in PostgreSQL, one schema for each kind of process.
//!
//! `cargo run --release --example distributed_order --features servers -- all` starts them all on RabbitMQ, places three
//! hundred orders over HTTP and counts what became of them; `--broker nats` does so on NATS, and `--kill` kills processes
//! on the way. `-- sales`, `-- saga`, `-- billing` and `-- warehouse` run one each, as often as you like.
//!
//! Read `servers.rs` (the one line that differs), `sales.rs` (the web front), then `process.rs`.
#![allow(
    unreachable_pub,
    reason = "the contracts are written as the crate they would be in a company"
)]

mod all;
#[path = "../order_fulfilment/check.rs"]
mod check;
mod clean_up;
mod company;
#[path = "../order_fulfilment/contracts.rs"]
mod contracts;
mod customers;
#[path = "../order_fulfilment/entries.rs"]
mod entries;
mod handled;
#[path = "../order_fulfilment/input.rs"]
mod input;
mod ledger;
mod options;
#[path = "../order_fulfilment/outcome.rs"]
mod outcome;
mod process;
#[path = "../order_fulfilment/report.rs"]
mod report;
#[path = "../order_fulfilment/saga.rs"]
mod saga;
mod sales;
mod servers;
#[path = "../order_fulfilment/services.rs"]
mod services;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    ledger::Ledger,
    options::{Options, Run},
    saga::Fulfilment,
    services::{BillingDesk, Bookkeeper, WarehouseDesk},
};

/// What goes wrong is told to whoever started it, and ends the process.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> ExitCode {
    run(Options::parse()).await.unwrap_or_else(|why| {
        eprintln!("{why}");
        ExitCode::FAILURE
    })
}

async fn run(Options { run, servers }: Options) -> Result<ExitCode> {
    match run {
        Run::All(plan) => return all::run(&servers, &plan).await,
        Run::Sales(sales) => sales::serve(&servers, &sales).await?,
        Run::Saga(part) => {
            let bus = servers.open("sales").await?.saga::<Fulfilment>();
            process::serve(bus, &part).await?;
        }
        Run::Billing(part) => {
            let ledger = Ledger::open(&servers).await?;
            let bus = servers.open("billing").await?.service(BillingDesk(ledger));
            process::serve(bus, &part).await?;
        }
        Run::Warehouse(part) => {
            let ledger = Ledger::open(&servers).await?;
            let bus = servers.open("warehouse").await?;
            let bus = bus.service(WarehouseDesk(ledger.clone()));
            process::serve(bus.service(Bookkeeper(ledger)), &part).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
