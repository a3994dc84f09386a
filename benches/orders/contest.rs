//! Who is measured against whom, and what is expected of them.

use saga_benches::{Check, Outcome, Report, median};

use crate::{
    ceiling, fsync,
    library::{self, Backend},
    measured::Measured,
    nats,
    options::Options,
    postgres, rabbitmq, resident, store_alone, stored, timers,
};

/// The disk by itself.
pub(crate) fn disk(options: &Options, report: &mut Report) -> Outcome<()> {
    let mut rounds = Vec::new();
    for _ in 0..options.rounds() {
        rounds.push(fsync::per_second(options.directory(), options.window() / 4)?);
    }
    report.row("disk: fsyncs of 4 KiB a second", &[1.0, median(rounds)], &[]);
    Ok(())
}

/// All contenders in turn, at each number of orders in flight.
pub(crate) fn throughput(options: &Options, report: &mut Report) -> Outcome<()> {
    for in_flight in options.in_flight() {
        let contenders = options.contenders();
        let mut rounds = vec![Vec::new(); contenders.len()];
        for _ in 0..options.rounds() {
            for (contender, rounds) in contenders.iter().zip(&mut rounds) {
                rounds.push(contender.run(options, in_flight)?);
            }
        }
        let (mut ceiling, mut postgres_ceiling, mut postgres) = (None, None, None);
        let (mut raw_nats, mut raw_rabbitmq) = (None, None);
        for (contender, rounds) in contenders.iter().zip(&rounds) {
            let measured = Measured::median(rounds);
            let checks = match contender {
                Contender::Ceiling
                | Contender::Store
                | Contender::RawNats
                | Contender::RawRabbitMq
                | Contender::RabbitMqSent
                | Contender::PostgresCeiling => vec![],
                Contender::NatsSqlite => of_broker(0.3, in_flight, &measured, raw_nats.as_ref()),
                Contender::NatsPostgres => {
                    of_nats_and_postgres(in_flight, &measured, raw_nats.as_ref(), postgres_ceiling.as_ref())
                }
                Contender::RabbitMqSqlite | Contender::RabbitMqPostgres => {
                    of_broker(0.5, in_flight, &measured, raw_rabbitmq.as_ref())
                }
                Contender::Postgres => of_postgres(in_flight, &measured, postgres_ceiling.as_ref()),
                Contender::PostgresTwice => of_two_processes(in_flight, &measured, postgres.as_ref()),
                Contender::Sqlite => of_sqlite(in_flight, &measured, ceiling.as_ref()),
                Contender::Memory => of_memory(in_flight, &measured),
            };
            report.row(contender.name(), &measured.numbers(in_flight), &checks);
            if let Some(load) = measured.load {
                println!("{} at {in_flight}: {load}", contender.name());
            }
            match contender {
                Contender::Ceiling => ceiling = Some(measured),
                Contender::RawNats => raw_nats = Some(measured),
                Contender::RawRabbitMq => raw_rabbitmq = Some(measured),
                Contender::PostgresCeiling => postgres_ceiling = Some(measured),
                Contender::Postgres => postgres = Some(measured),
                _ => {}
            }
        }
    }
    Ok(())
}

/// How late timers are.
pub(crate) fn timers(options: &Options, report: &mut Report) -> Outcome<()> {
    let home = tempfile::tempdir_in(options.directory())?;
    let database = home.path().join("timers.db");
    timers::row("memory", &Backend::Memory, report)?;
    timers::row("sqlite, full sync", &Backend::Sqlite(database), report)
}

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Contender {
    Ceiling,
    Store,
    Sqlite,
    Memory,
    /// NATS by hand.
    RawNats,
    NatsSqlite,
    PostgresCeiling,
    Postgres,
    /// Two processes on one database.
    PostgresTwice,
    NatsPostgres,
    /// RabbitMQ by hand.
    RawRabbitMq,
    /// `Bus::send` by as many callers, and nobody there to receive.
    RabbitMqSent,
    RabbitMqSqlite,
    RabbitMqPostgres,
}

impl Contender {
    /// All of them; the ceiling first, since others are held against it.
    pub(crate) const ALL: [Self; 14] = [
        Self::Ceiling,
        Self::Store,
        Self::Sqlite,
        Self::Memory,
        Self::RawNats,
        Self::NatsSqlite,
        Self::PostgresCeiling,
        Self::Postgres,
        Self::PostgresTwice,
        Self::NatsPostgres,
        Self::RawRabbitMq,
        Self::RabbitMqSent,
        Self::RabbitMqSqlite,
        Self::RabbitMqPostgres,
    ];

    /// Whether what it needs is here.
    pub(crate) fn is_possible(self) -> bool {
        match self {
            Self::RawNats | Self::NatsSqlite => nats::answers(),
            Self::PostgresCeiling | Self::Postgres | Self::PostgresTwice => postgres::is_there(),
            Self::NatsPostgres => nats::answers() && postgres::is_there(),
            Self::RawRabbitMq | Self::RabbitMqSent | Self::RabbitMqSqlite => rabbitmq::answers(),
            Self::RabbitMqPostgres => rabbitmq::answers() && postgres::is_there(),
            _ => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ceiling => "ceiling: SQLite by hand",
            Self::Store => "its store alone",
            Self::Sqlite => "sqlite, full sync",
            Self::Memory => "memory",
            Self::RawNats => "raw NATS, of 6 messages each",
            Self::NatsSqlite => "nats + sqlite, full sync",
            Self::PostgresCeiling => "ceiling: PostgreSQL by hand",
            Self::Postgres => "postgres",
            Self::PostgresTwice => "postgres, two such processes",
            Self::NatsPostgres => "nats + postgres",
            Self::RawRabbitMq => "raw RabbitMQ, of 6 messages each",
            Self::RabbitMqSent => "rabbitmq: only sent, of 6 messages each",
            Self::RabbitMqSqlite => "rabbitmq + sqlite, full sync",
            Self::RabbitMqPostgres => "rabbitmq + postgres",
        }
    }

    fn run(self, options: &Options, in_flight: usize) -> Outcome<Measured> {
        let (directory, window) = (options.directory(), options.window());
        match self {
            Self::Ceiling => ceiling::run(directory, in_flight, window),
            Self::Store => store_alone::run(directory, in_flight, window),
            Self::Sqlite => library::run_in(directory, in_flight, window),
            Self::Memory => library::run(Backend::Memory, in_flight, window),
            Self::RawNats => nats::by_hand(in_flight, window),
            Self::NatsSqlite => library::run_on_nats(directory, in_flight, window),
            Self::PostgresCeiling => postgres::by_hand(in_flight, window),
            Self::Postgres => postgres::on_the_library(in_flight, window),
            Self::PostgresTwice => postgres::of_two_processes(in_flight, window),
            Self::NatsPostgres => postgres::behind_nats(in_flight, window),
            Self::RawRabbitMq => rabbitmq::by_hand(in_flight, window),
            Self::RabbitMqSent => rabbitmq::only_sent(in_flight, window),
            Self::RabbitMqSqlite => library::run_on_rabbitmq(directory, in_flight, window),
            Self::RabbitMqPostgres => postgres::behind_rabbitmq(in_flight, window),
        }
    }
}

fn of_sqlite(in_flight: usize, sqlite: &Measured, ceiling: Option<&Measured>) -> Vec<Check> {
    let Some(ceiling) = ceiling else {
        return vec![];
    };
    let share = sqlite.orders_per_second / ceiling.orders_per_second;
    let throughput = Check::at_least(0.4, share, "× ceiling");
    let latency = Check::at_most(1.5, sqlite.p50_ms / ceiling.p50_ms, "× ceiling's p50");
    let commits = Check::at_most(0.1, sqlite.commits_per_order, "commits/order");
    match in_flight {
        1 => vec![latency],
        256.. => vec![throughput, commits],
        _ => vec![throughput],
    }
}

/// Through a broker, beside what the broker does by itself.
fn of_broker(target: f64, in_flight: usize, measured: &Measured, raw: Option<&Measured>) -> Vec<Check> {
    match (in_flight, raw) {
        (256.., Some(raw)) => {
            let share = measured.orders_per_second / raw.orders_per_second;
            vec![Check::at_least(target, share, "× raw")]
        }
        _ => vec![],
    }
}

/// Through NATS, beside PostgreSQL: neither is asked for more than it is by itself.
fn of_nats_and_postgres(
    in_flight: usize,
    measured: &Measured,
    raw: Option<&Measured>,
    ceiling: Option<&Measured>,
) -> Vec<Check> {
    match (in_flight, raw, ceiling) {
        (256.., Some(raw), Some(ceiling)) => {
            let lower = (0.3 * raw.orders_per_second).min(0.5 * ceiling.orders_per_second);
            let share = measured.orders_per_second / lower;
            vec![Check::at_least(1.0, share, "× 0.3 raw NATS or 0.5 ceiling")]
        }
        _ => vec![],
    }
}

fn of_postgres(in_flight: usize, postgres: &Measured, ceiling: Option<&Measured>) -> Vec<Check> {
    let Some(ceiling) = ceiling else {
        return vec![];
    };
    let share = postgres.orders_per_second / ceiling.orders_per_second;
    match in_flight {
        1 => vec![Check::at_most(
            1.5,
            postgres.p50_ms / ceiling.p50_ms,
            "× ceiling's p50",
        )],
        _ => vec![Check::at_least(0.5, share, "× ceiling")],
    }
}

fn of_two_processes(in_flight: usize, two: &Measured, one: Option<&Measured>) -> Vec<Check> {
    match (in_flight, one) {
        (64.., Some(one)) => {
            let share = two.orders_per_second / one.orders_per_second;
            vec![Check::at_least(1.3, share, "× one process")]
        }
        _ => vec![],
    }
}

fn of_memory(in_flight: usize, memory: &Measured) -> Vec<Check> {
    match in_flight {
        256.. => vec![Check::at_least(70_000.0, memory.orders_per_second, "orders/s")],
        _ => vec![],
    }
}

/// Memory held after many orders, and throughput with many instances stored: finished ones and live ones.
pub(crate) fn scale(options: &Options, report: &mut Report) -> Outcome<()> {
    let home = tempfile::tempdir_in(options.directory())?;
    let (finished, live) = (home.path().join("finished.db"), home.path().join("live.db"));
    memory_held("memory", &Backend::Memory, options, report)?;
    memory_held("sqlite", &Backend::Sqlite(finished.clone()), options, report)?;
    stored::fill(&live, options.many())?;

    let (mut few, mut with_finished, mut with_live) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds() {
        few.push(stored::with_few(options.directory(), options.window())?);
        with_finished.push(stored::with(&finished, options.window())?);
        with_live.push(stored::with(&live, options.window())?);
    }
    let few = Measured::median(&few);
    report.row(
        &format!("sqlite, {} live instances", stored::FEW),
        &few.numbers(stored::IN_FLIGHT),
        &[],
    );
    for (what, rounds) in [("finished", with_finished), ("live", with_live)] {
        let many = Measured::median(&rounds);
        let share = many.orders_per_second / few.orders_per_second;
        let check = Check::at_least(0.8, share, format!("× that with {}", stored::FEW));
        report.row(
            &format!("sqlite, {} {what} instances", options.many()),
            &many.numbers(stored::IN_FLIGHT),
            &[check],
        );
    }
    Ok(())
}

/// Caches and indexes fill up first; past half the orders nothing may grow but by the odd page of the allocator.
fn memory_held(what: &str, backend: &Backend, options: &Options, report: &mut Report) -> Outcome<()> {
    let many = options.many();
    let milestones = [many / 10, many / 2, many];
    let [some, half, all] = resident::after(backend, milestones)?;
    let held = Check::at_most(150.0, some, "MB resident");
    let growth = Check::at_most(1.2, all / half, format!("× the {half:.0} MB at half of them"));
    report.row(&format!("{what}, after {} orders", many / 10), &[], &[held]);
    report.row(&format!("{what}, after {many} orders"), &[], &[growth]);
    Ok(())
}
