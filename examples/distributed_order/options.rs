//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Orders through four kinds of processes on a broker and PostgreSQL.
#[derive(Parser)]
#[command(version)]
pub struct Options {
    #[command(subcommand)]
    pub run: Run,

    #[command(flatten)]
    pub servers: Servers,
}

#[derive(Subcommand)]
pub enum Run {
    /// Start every process, place orders over HTTP, and check what became of them
    All(Plan),
    /// The web front: POST /orders, GET /orders/{id}
    Sales(Sales),
    /// The process that each order goes through
    Saga(Part),
    /// Charges cards
    Billing(Part),
    /// Packs, labels, and keeps the books
    Warehouse(Part),
}

/// What the processes share.
#[derive(Args, Clone)]
pub struct Servers {
    /// What carries the messages
    #[arg(long, global = true, value_enum, default_value_t = Broker::Rabbitmq)]
    pub broker: Broker,

    /// What schemas, queues and streams begin with; processes of one name work together
    #[arg(long, global = true, default_value = "shop")]
    pub name: String,

    /// Where PostgreSQL is
    #[arg(long, global = true, env = "SAGA_POSTGRES_URL", hide_env_values = true)]
    #[arg(default_value = "postgres://postgres@127.0.0.1:5432/test")]
    pub postgres: String,

    /// Where RabbitMQ is
    #[arg(long, global = true, env = "SAGA_RABBITMQ_URL", hide_env_values = true)]
    #[arg(default_value = "amqp://guest:guest@127.0.0.1:5672")]
    pub rabbitmq: String,

    /// Where NATS is
    #[arg(long, global = true, env = "SAGA_NATS_URL", hide_env_values = true)]
    #[arg(default_value = "nats://127.0.0.1:4222")]
    pub nats: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Broker {
    Rabbitmq,
    Nats,
}

/// How `all` goes about it.
#[derive(Args)]
pub struct Plan {
    /// How many orders are placed
    #[arg(long, default_value_t = 300)]
    pub orders: usize,

    /// How many orders may be on their way at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub in_flight: u16,

    /// Kill the Warehouse and one of the sagas' processes on the way, and start them again
    #[arg(long)]
    pub kill: bool,
}

#[derive(Args)]
pub struct Sales {
    /// Where the web front listens; 0 takes a port that is free
    #[arg(long, default_value_t = 3000)]
    pub port: u16,

    #[command(flatten)]
    pub part: Part,
}

/// Of every process.
#[derive(Args)]
pub struct Part {
    /// Stop when standard input ends, too: whoever started it is gone
    #[arg(long, hide = true)]
    pub attached: bool,
}
