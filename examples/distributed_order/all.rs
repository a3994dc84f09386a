//! A whole company for one run: every process is started, hundreds of orders are placed over HTTP, some processes are
//! killed if you like, and in the end every order is held against what the services did.

use std::{
    collections::BTreeMap,
    path::Path,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use saga_runtime::store::Store as _;
use tokio::time::sleep;

use crate::{
    Result,
    check::Check,
    clean_up::clean_up,
    company::Process,
    contracts::PlaceOrder,
    customers::Front,
    input::Input,
    ledger::Ledger,
    options::{Plan, Servers},
    report,
};

const ORDERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/orders.jsonl");

/// Beside the web front. Two processes that run one part share its work.
const PARTS: [&str; 5] = ["saga", "saga", "billing", "billing", "warehouse"];

/// The kinds of processes that have a store: each its own.
pub const SCHEMAS: [&str; 3] = ["sales", "billing", "warehouse"];

pub async fn run(servers: &Servers, plan: &Plan) -> Result<ExitCode> {
    let servers = servers.of_this_run();
    let done = work(&servers, plan).await;
    let cleaned = clean_up(&servers).await;
    let code = done?; // what went wrong first is what is told
    cleaned.map(|()| code)
}

async fn work(servers: &Servers, plan: &Plan) -> Result<ExitCode> {
    let input = Input::read(Path::new(ORDERS), plan.orders)?;
    let ledger = Ledger::open(servers).await?;
    let (sales, listening) = Process::start(servers, "sales").await?;
    let started = try_join_all(PARTS.map(|part| Process::start(servers, part))).await?;
    let mut parts: Vec<Process> = started.into_iter().map(|(process, _)| process).collect();
    println!("{} processes are up; sales is {listening}", parts.len() + 1);

    let front = Front::at(listening.trim_start_matches("listening on "));
    let ended = AtomicUsize::new(0);
    let placing = front.place_all(&input.orders, plan.in_flight, &ended);
    let killing = async {
        match plan.kill {
            true => kill(servers, &mut parts, &ended, input.orders.len()).await,
            false => Ok(()),
        }
    };
    let ((placed, outcomes), ()) = tokio::try_join!(placing, killing)?;
    let check = settled(&input.orders, &outcomes, &ledger).await?;

    parts.insert(0, sales);
    let dead = dead_letters(servers).await?;
    let handled = stop(parts).await?.into_iter();
    report::print(&input, &placed, &check, dead);
    let mut table = report::table(&["process", "messages handled since its start"]);
    table.add_rows(handled.map(|(part, count)| [part.to_owned(), count.to_string()]));
    println!("{table}");
    Ok(match check.faults.is_empty() && dead == 0 {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The Warehouse goes down while a quarter of the orders has ended, and comes back; then one of two sagas' processes.
async fn kill(servers: &Servers, parts: &mut [Process], ended: &AtomicUsize, orders: usize) -> Result<()> {
    for (victim, quarters, away) in [
        (PARTS.len() - 1, 1, Duration::from_secs(2)),
        (0, 2, Duration::ZERO),
    ] {
        while ended.load(Ordering::Relaxed) < orders * quarters / 4 {
            sleep(Duration::from_millis(1)).await;
        }
        parts[victim].kill().await?;
        sleep(away).await;
        let part = parts[victim].part;
        parts[victim] = Process::start(servers, part).await?.0;
        println!("{part} was killed, and is back after {away:?}");
    }
    Ok(())
}

/// Waits until the books have heard of every order, which they do after its customer; then nothing is to be found fault
/// with.
async fn settled(
    orders: &[PlaceOrder],
    outcomes: &BTreeMap<String, String>,
    ledger: &Ledger,
) -> Result<Check> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let check = Check::of(orders, outcomes, &ledger.entries().await?);
        if check.faults.is_empty() || Instant::now() > until {
            return Ok(check);
        }
        sleep(Duration::from_millis(50)).await;
    }
}

async fn dead_letters(servers: &Servers) -> Result<u64> {
    let mut dead = 0;
    for kind in SCHEMAS {
        let store = servers.store(kind).connect().await?;
        let counts = store.inspect().dead_letter_counts().await?;
        dead += counts.into_values().sum::<u64>();
    }
    Ok(dead)
}

async fn stop(parts: Vec<Process>) -> Result<Vec<(&'static str, u64)>> {
    let stopping = parts.into_iter().map(|process| async {
        let part = process.part;
        Result::Ok((part, process.stop().await?))
    });
    try_join_all(stopping).await
}
