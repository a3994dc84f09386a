//! Orders per second, beside what this machine's disk and a program without a library can do.
//!
//! `cargo bench -p saga-benches --bench orders [-- --quick]`
//!
//! ```text
//!  fsync       append 4 KiB, fdatasync, again                      what the disk allows
//!  ceiling     the same rows in grouped transactions, no library   what SQLite allows
//!  store       the library's store, fed by hand                     whose the difference is
//!  sqlite      the library with full sync, in turn with the ceiling
//!  memory      the library without a disk
//!  raw-nats    NATS by hand: an order's six messages, headers and all, published, stored, consumed, acknowledged
//!  nats-sqlite messages through NATS, beside a SQLite file
//!  postgres-ceiling, postgres    the same on a PostgreSQL server, where one answers
//!  postgres-twice                two processes on one database, each with as many orders in flight
//!  nats-postgres                 messages through NATS, beside that server
//!  raw-rabbit-mq, rabbit-mq-sqlite, rabbit-mq-postgres   the same on RabbitMQ, beside a file and beside that server
//!  timers      how late timers are
//!  resident    memory held after many orders
//!  stored      throughput with many instances in the database
//! ```
//!
//! Contenders take turns within each round and medians over the rounds are reported, so that a noisy neighbour harms all
//! alike. Who talks to servers on this machine, by hand or not, works on half its cores. Ratios are to be trusted, absolute numbers are this machine's. All contenders allocate with mimalloc, as a program
//! that is in a hurry would; with glibc's allocator the library in memory is markedly slower.

mod ceiling;
mod commits;
mod contest;
mod fsync;
mod library;
mod machine;
mod measured;
mod nats;
mod options;
mod post;
mod postgres;
mod rabbitmq;
mod resident;
mod shop;
mod sizes;
mod store_alone;
mod stored;
mod timers;

use std::time::Duration;

use clap::Parser as _;
use saga_benches::{Outcome, Report};

use crate::options::{Child, Options};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Outcome<()> {
    let options = Options::parse();
    match options.child() {
        Some(Child::Resident { database, milestones }) => {
            return resident::tell(database.as_deref(), milestones);
        }
        Some(Child::Serve {
            url,
            in_flight,
            seconds,
        }) => {
            return postgres::serve(url, *in_flight, Duration::from_secs_f64(*seconds));
        }
        None => {}
    }
    let mut report = Report::new(&["", "in flight", "orders/s", "p50 ms", "p99 ms", "commits/order"]);
    contest::disk(&options, &mut report)?;
    contest::throughput(&options, &mut report)?;
    if options.with_timers() {
        contest::timers(&options, &mut report)?;
    }
    if options.with_scale() {
        contest::scale(&options, &mut report)?;
    }
    println!("{report}");
    Ok(())
}
