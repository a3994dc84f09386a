//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// A thousand orders through three services and a saga, durably.
#[derive(Parser)]
#[command(version)]
pub struct Options {
    /// The orders, one JSON object per line
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data/orders.jsonl"))]
    pub input: PathBuf,

    /// Take only the first so many orders of the input
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    pub orders: usize,

    /// Where messages and sagas live; what the services did is kept beside it, in `<name>.ledger.db`
    #[arg(long, default_value = "order_fulfilment.db")]
    pub database: PathBuf,

    /// What carries the messages
    #[arg(long, value_enum, default_value_t = Transport::Sqlite)]
    pub transport: Transport,

    /// How many orders may be on their way at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub in_flight: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Transport {
    /// One SQLite file is queue and store: survives everything
    Sqlite,
    /// Everything in memory: gone when the process is
    Memory,
    /// Messages travel in memory, sagas live in SQLite: messages under way are gone when the process is
    MemorySqlite,
}

impl Options {
    /// Where the shop is, in words.
    pub fn place(&self) -> String {
        match self.transport {
            Transport::Memory => "a shop in memory".into(),
            Transport::Sqlite | Transport::MemorySqlite => self.database.display().to_string(),
        }
    }

    /// Where the services' ledger is; `None` keeps it in memory, where the sagas are.
    pub fn ledger(&self) -> Option<PathBuf> {
        (self.transport != Transport::Memory).then(|| self.database.with_extension("ledger.db"))
    }
}
