//! The customers' side: places every order, waits for its outcome, writes it down.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use saga_runtime::{Bus, Error, ErrorKind};

use crate::{
    contracts::PlaceOrder,
    ledger::Ledger,
    outcome::{Answer, Placed, outcome},
    services::Shop,
};

/// Places every order that has no outcome yet. One that an earlier run placed, but did not see the end of, is
/// recognised by its id: the request joins the saga that is under way, or gets the answer it gave.
pub async fn all(
    bus: &Bus<Shop>,
    ledger: &Ledger,
    orders: &[PlaceOrder],
    in_flight: u16,
) -> Result<Placed, Box<dyn std::error::Error>> {
    let ended = ledger.answers()?;
    let open = || {
        orders
            .iter()
            .filter(|order| !ended.contains_key(&order.order_id.0))
    };
    let earlier = orders.len() - open().count();
    let bar = progress(orders.len(), earlier);
    let began = Instant::now();
    let answers = stream::iter(open())
        .map(|order| place(bus, ledger, order, began))
        .buffer_unordered(in_flight.into())
        .inspect_ok(|_| bar.inc(1))
        .try_filter_map(|answer| async { Ok(answer) })
        .try_collect()
        .await?;
    bar.finish_and_clear();
    Ok(Placed {
        answers,
        elapsed: began.elapsed(),
        earlier,
    })
}

/// Places one order; `None` if no answer came in time. The order goes on, and the next run asks again.
async fn place(
    bus: &Bus<Shop>,
    ledger: &Ledger,
    order: &PlaceOrder,
    began: Instant,
) -> Result<Option<Answer>, Box<dyn std::error::Error>> {
    let placed = Instant::now();
    let outcome = match bus.request(order.clone()).await {
        Ok(reply) => outcome(&reply),
        Err(error) if error.kind() == ErrorKind::Deadline => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    ledger.answer(&order.order_id, outcome)?;
    let (took, at) = (placed.elapsed(), began.elapsed());
    Ok(Some(Answer { outcome, took, at }))
}

/// Returns when no message is on its way any more: the books hear of an order after its customer does.
pub async fn settled(bus: &Bus<Shop>) -> Result<(), Error> {
    while bus.inspect().queues().await?.iter().any(|queue| queue.count > 0) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

fn progress(orders: usize, earlier: usize) -> ProgressBar {
    let template = "{bar:40} {pos}/{len} orders, {per_sec:1}, {eta} to go";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(orders as u64).with_style(style);
    bar.set_position(earlier as u64);
    bar
}
