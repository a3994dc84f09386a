//! One run: chaos for a while, then peace until all is at rest, then judgement.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::{
    clients::Clients, cluster::Cluster, fault::Fault, journal::Findings, operator::Operator, plan::Plan,
    verdict, world::World,
};

/// What became of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Where it came from.
    pub seed: u64,
    /// Orders placed.
    pub orders: u32,
    /// How often each kind of fault struck.
    pub faults: [u64; Fault::COUNT],
    /// How long it took, in its own time.
    pub virtual_time: Duration,
    /// What the journal holds.
    pub findings: Findings,
}

/// Runs a seed with this many orders; prints all that happens, if asked.
///
/// # Errors
/// If no runtime can be had of the operating system.
pub fn run(seed: u64, orders: u32, print: bool) -> std::io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let plan = Plan::of(seed, orders);
    if print {
        println!("{plan:#?}");
    }
    Ok(tokio::task::LocalSet::new().block_on(&runtime, live(plan, print)))
}

async fn live(plan: Plan, print: bool) -> Report {
    let world = World::new(plan, print);
    let cluster = Cluster::new(Arc::clone(&world));
    let clients = Clients::new(Arc::clone(&world), Arc::clone(&cluster));
    let mut tasks = JoinSet::new();
    for node in 0..world.plan.nodes {
        tasks.spawn(Arc::clone(&cluster).keep(node));
    }
    clients.begin(&mut tasks);
    let chaos = world
        .dice
        .between(Duration::from_secs(10), Duration::from_secs(90));
    tokio::time::sleep(world.plan.rush + chaos).await;
    world.heal();
    let operator = Operator {
        world: Arc::clone(&world),
        cluster,
        clients,
    };
    operator.bring_to_rest().await;
    match verdict::judge(&operator).await {
        Ok(wrong) => wrong.into_iter().for_each(|wrong| world.journal.violation(wrong)),
        Err(error) => world.journal.violation(error.to_string()),
    }
    tasks.shutdown().await;
    Report {
        seed: world.plan.seed,
        orders: world.plan.orders,
        faults: world.faults.counts(),
        virtual_time: world.clock.elapsed(),
        findings: world.journal.close(),
    }
}
