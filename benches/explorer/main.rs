//! How many distinct states of the order process the explorer looks at in a second, on one core.
//!
//! A state is one that differs from all others in something a saga could notice; each is counted once, however many ways
//! lead to it. Steps are the ways from one state to the next. All of the work is in the time: running the handlers, telling
//! states apart, and looking for loops without an end.
#![allow(
    unreachable_pub,
    dead_code,
    clippy::panic,
    reason = "the contracts are written as the crate they would be in a company"
)]

#[path = "../../examples/order_fulfilment/contracts.rs"]
mod contracts;
#[path = "../../examples/order_fulfilment/saga.rs"]
mod saga;

use std::time::Instant;

use saga_runtime::testing::{
    explore,
    explore::{Explored, Explorer},
    json,
};

use crate::{contracts::*, saga::Fulfilment};

/// So many orders at once: their states multiply.
const ORDERS: usize = 4;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn place(order: usize) -> PlaceOrder {
    json(&format!(
        r#"{{ "order_id": "o-{order}", "total_cents": 4200, "items": [],
              "card": {{ "limit_cents": 5000, "charge_delay_ms": 0, "answer_delay_ms": 0 }} }}"#
    ))
}

fn shop(orders: usize) -> Explorer {
    let invoice = InvoiceId("i-1".into());
    let shop = explore().saga::<Fulfilment>().reply(OrderBilled { invoice });
    (0..orders).fold(shop, |shop, order| shop.request(place(order)))
}

fn main() {
    // `cargo test --benches` runs this too; a small one shows that it works.
    let orders = if std::env::args().any(|argument| argument == "--bench") {
        ORDERS
    } else {
        2
    };
    report("one order", || shop(1).run());
    report("one order, without crashes", || shop(1).crashes(0).run());
    report("one order, placed three times", || shop(1).repeats(2).run());
    // Repetitions, two crashes at a time, services that never answer, a person who tries again: all there is.
    report("one order, placed five times, all that can happen", || {
        shop(1)
            .repeats(4)
            .crashes(2)
            .silence()
            .allows_parked()
            .retries_parked(2)
            .run()
    });
    report("orders apart", || shop(orders).run());
    report("orders mixed, without crashes", || {
        shop(orders)
            .together()
            .crashes(0)
            .at_most_states(10_000_000)
            .run()
    });
    report("orders mixed", || {
        shop(orders).together().at_most_states(10_000_000).run()
    });
    if let Some(peak) = peak_kib() {
        println!("at most {} MiB of memory, for the largest of these", peak / 1_024);
    }
}

/// The most memory that this process has had, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn report(what: &str, explore: impl Fn() -> Explored) {
    let began = Instant::now();
    let explored = explore();
    let seconds = began.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss)] // a rate for people
    let (states, steps) = (explored.states() as f64, explored.transitions() as f64);
    println!("{what}: {explored}");
    println!(
        "  {seconds:.3} s: {:.0} states/s, {:.0} steps/s",
        states / seconds,
        steps / seconds
    );
}
