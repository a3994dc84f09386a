//! Teaches: the whole thing. A thousand orders go from placed to shipped, refunded or rejected through three services
//! and a saga, durably, on one embedded SQLite file. Kill it half-way and start it again: it goes on.
//!
//! Read `contracts.rs` (what is said), `saga.rs` (the process), `services.rs` (who does the work), then this file.
#![allow(
    unreachable_pub,
    reason = "the contracts are written as the crate they would be in a company"
)]

mod check;
mod contracts;
mod entries;
mod input;
mod ledger;
mod options;
mod outcome;
mod place;
mod report;
mod saga;
mod services;
#[cfg(test)]
mod tests;

use std::{error::Error, process::ExitCode};

use clap::Parser as _;
use saga_runtime::{
    Bus,
    limits::Limits,
    store::{Memory, Sqlite},
    transport::MemoryTransport,
};

use crate::{
    check::Check,
    input::Input,
    ledger::Ledger,
    options::{Options, Transport},
    saga::Fulfilment,
    services::{BillingDesk, Bookkeeper, Shop, WarehouseDesk},
};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::parse();
    let input = Input::read(&options.input, options.orders)?;
    let ledger = Ledger::open(options.ledger().as_deref())?;
    let bus = open(&options, &ledger).await?;
    println!("{} is open: {} orders", options.place(), input.orders.len());

    let placed = place::all(&bus, &ledger, &input.orders, options.in_flight).await?;
    place::settled(&bus).await?;
    let dead = bus.inspect().dead_letter_counts().await?.into_values().sum();
    bus.shutdown().await?;

    let check = Check::of(&input.orders, &ledger.answers()?, &ledger.entries()?);
    report::print(&input, &placed, &check, dead);
    Ok(match check.faults.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// A message that was in hand when a process died is tried alone, and set aside when that happens too often. Here it is you
/// who kills the process, so that no message is to blame.
fn limits() -> Limits {
    Limits {
        crashes: u32::MAX,
        ..Limits::default()
    }
}

/// Opens the shop: queue and store are one file, or live in memory, or one of each.
async fn open(options: &Options, ledger: &Ledger) -> Result<Bus<Shop>, saga_runtime::Error> {
    let bus = match options.transport {
        Transport::Sqlite => Bus::new(Sqlite::open(&options.database).await?),
        Transport::Memory => Bus::new(Memory::new()),
        Transport::MemorySqlite => Bus::with(MemoryTransport::new(), Sqlite::open(&options.database).await?),
    };
    bus.limits(limits())
        .saga::<Fulfilment>()
        .service(BillingDesk(ledger.clone()))
        .service(WarehouseDesk(ledger.clone()))
        .service(Bookkeeper(ledger.clone()))
        .system::<Shop>()
        .start()
        .await
}
