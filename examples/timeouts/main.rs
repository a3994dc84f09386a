//! Teaches: durable time. `at` follows a date in the saga's data, `every` repeats, `after` counts from when the state was
//! entered; all of them are rows in the store and end with their state. Here the clock is ours, so that months pass at once.
#![allow(
    unreachable_pub,
    reason = "the contracts are written as the crate they would be in a company"
)]

mod contracts;

use std::time::Duration;

use saga_runtime::{
    Bus, Error,
    clock::{Clock as _, ManualClock},
    limits::Limits,
    prelude::*,
    store::{InstanceFilter, Memory},
};

use crate::contracts::*;

/// How long we remind before somebody else does.
const COLLECTOR_AFTER: Duration = Duration::from_secs(28 * 24 * 3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

#[saga(by = number, at = Accounting)]
#[derive(Serialize, Deserialize)]
struct Invoice {
    number: u32,
    due: Timestamp,
    reminders: u32,
}

#[saga(states(Open, Overdue))]
impl Invoice {
    #[start(IssueInvoice => Open)]
    fn issue(invoice: IssueInvoice) -> Self {
        let IssueInvoice { number, due } = invoice;
        let reminders = 0;
        Self {
            number,
            due,
            reminders,
        }
    }

    #[at(self.due in Open -> send Remind => Overdue)]
    fn overdue(&mut self) -> Remind {
        self.remind()
    }

    #[every(7 d in Overdue -> send Remind)]
    fn another_week(&mut self) -> Remind {
        self.remind()
    }

    #[after(COLLECTOR_AFTER in Overdue -> publish HandedToCollector => end)]
    fn give_up(&mut self) -> HandedToCollector {
        let number = self.number;
        HandedToCollector { number }
    }

    #[on(PayInvoice in Open | Overdue -> reply PaymentBooked => end)]
    fn paid(&mut self, _: PayInvoice) -> PaymentBooked {
        PaymentBooked
    }

    #[on(PayInvoice in end -> reply NothingOwed)]
    fn paid_again(_: PayInvoice) -> NothingOwed {
        NothingOwed
    }
}

impl Invoice {
    fn remind(&mut self) -> Remind {
        self.reminders += 1;
        let (number, times) = (self.number, self.reminders);
        Remind { number, times }
    }
}

struct Letters;

#[service(at = Mail)]
impl Letters {
    #[on(Remind)]
    async fn remind(&self, letter: Remind) -> Result<(), ServiceError> {
        println!("  invoice {}: reminder {}", letter.number, letter.times);
        Ok(())
    }

    #[on(HandedToCollector)]
    async fn collect(&self, invoice: HandedToCollector) -> Result<(), ServiceError> {
        println!("  invoice {}: over to the collector", invoice.number);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let clock = ManualClock::default();
    let bus = Bus::new(Memory::new())
        .clock(clock.clone())
        .limits(Limits {
            retention: 365 * DAY, // how long a finished invoice is remembered
            ..Limits::default()
        })
        .saga::<Invoice>()
        .service(Letters)
        .start()
        .await?;
    let due = Timestamp::UNIX_EPOCH + 14 * DAY;
    for number in [1, 2] {
        bus.send(IssueInvoice { number, due }).await?;
    }
    for day in 1..=50 {
        clock.advance(DAY);
        settled(&bus, &clock).await?;
        if day == 20 {
            println!("day {day}: {:?}", bus.request(PayInvoice { number: 1 }).await?);
        }
    }
    println!("afterwards: {:?}", bus.request(PayInvoice { number: 2 }).await?);
    bus.shutdown().await
}

/// Returns when nothing is due and nothing is on its way.
async fn settled(bus: &Bus, clock: &ManualClock) -> Result<(), Error> {
    loop {
        let timers = bus.inspect().timers(InstanceFilter::default()).await?;
        let due = timers.iter().any(|timer| timer.due <= clock.now());
        if !due && bus.inspect().queues().await?.iter().all(|queue| queue.count == 0) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
