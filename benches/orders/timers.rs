//! How late timers are: from the time that an instance set itself to the answer it gives then.

use std::time::Duration;

use hdrhistogram::Histogram;
use saga_benches::{Check, Outcome, Report};
use saga_runtime::{Timestamp, prelude::*, saga};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    library::{Backend, builder},
    machine,
};

/// How many there are.
const TIMERS: u32 = 1_000;
/// The first is due so long after the measurement begins, when all have been set.
const FIRST: Duration = Duration::from_secs(1);
/// Each further one so long after the one before.
const APART: Duration = Duration::from_millis(2);
/// In milliseconds: what "well under a second" is taken to mean.
const LATEST: f64 = 250.0;

#[derive(Endpoint)]
struct Desk;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Desk, replies(Reminded))]
struct Remind {
    id: Uuid,
    due: Timestamp,
}

#[derive(Reply, Serialize, Deserialize)]
struct Reminded {}

#[saga(by = id, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Reminder {
    id: Uuid,
    due: Timestamp,
}

#[saga(states(Waiting))]
impl Reminder {
    #[start(Remind => Waiting)]
    fn wait(remind: Remind) -> Self {
        let Remind { id, due } = remind;
        Self { id, due }
    }

    #[at(self.due in Waiting -> reply Reminded => end)]
    fn remind(&mut self) -> Reminded {
        Reminded {}
    }
}

/// Adds a row: how late they are on a backend.
pub(crate) fn row(what: &str, backend: &Backend, report: &mut Report) -> Outcome<()> {
    let runtime = machine::alone()?;
    let lateness_us = runtime.block_on(lateness_us(backend))?;
    let milliseconds = |quantile| lateness_us.value_at_quantile(quantile) as f64 / 1_000.0;
    let (p50, p99) = (milliseconds(0.5), milliseconds(0.99));
    report.row(
        &format!("{what}, {TIMERS} timers: how late"),
        &[f64::from(TIMERS), f64::NAN, p50, p99],
        &[Check::at_most(LATEST, p99, "ms late at p99")],
    );
    Ok(())
}

async fn lateness_us(backend: &Backend) -> Outcome<Histogram<u64>> {
    let bus = builder(backend).await?.saga::<Reminder>().start().await?;
    let begin = Timestamp::now() + FIRST;
    let mut reminders = JoinSet::new();
    for nth in 0..TIMERS {
        let (bus, due) = (bus.clone(), begin + APART * nth);
        reminders.spawn(async move {
            let id = Uuid::new_v4();
            bus.request(Remind { id, due }).await?;
            let late = Timestamp::now().duration_since(due).as_micros();
            u64::try_from(late).map_err(|_| "a timer was early".into())
        });
    }
    let mut lateness = Histogram::new(3)?;
    while let Some(late) = reminders.join_next().await {
        let late: Outcome<u64> = late?;
        lateness.record(late?)?;
    }
    bus.shutdown().await?;
    Ok(lateness)
}
