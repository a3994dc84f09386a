//! Teaches: undoing. When a step fails, the steps before it are undone in reverse, one at a time, each awaiting its
//! answer. An undo that is refused parks the process: visible, never called undone, and tried again when a person says so.
#![allow(
    unreachable_pub,
    reason = "the contracts are written as the crate they would be in a company"
)]

mod contracts;
mod partners;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use saga_runtime::{
    Bus, Error,
    prelude::*,
    store::{InstanceFilter, Memory},
};

use crate::{contracts::*, partners::Partner};

#[saga(by = show, at = BoxOffice)]
#[derive(Serialize, Deserialize)]
struct Purchase {
    show: String,
}

#[saga(states(Reserving, Charging, Printing), no_undo(PrintTicket))]
impl Purchase {
    #[start(BuyTicket -> send ReserveSeat => Reserving)]
    fn buy(ticket: BuyTicket) -> (Self, ReserveSeat) {
        let show = ticket.show.clone();
        (Self { show }, ReserveSeat(ticket.show))
    }

    #[on(SeatReserved in Reserving -> send ChargeCard => Charging)]
    fn reserved(&mut self, _: SeatReserved) -> ChargeCard {
        ChargeCard(self.show.clone())
    }

    #[on(CardCharged in Charging -> send PrintTicket => Printing)]
    fn charged(&mut self, _: CardCharged) -> PrintTicket {
        PrintTicket(self.show.clone())
    }

    #[on(TicketPrinted in Printing -> reply TicketBought => end)]
    fn printed(&mut self, _: TicketPrinted) -> TicketBought {
        TicketBought
    }

    #[on(SoldOut in Reserving => compensate)]
    fn sold_out(&mut self, _: SoldOut) {}

    #[on(CardRefused in Charging => compensate)]
    fn card_refused(&mut self, _: CardRefused) {}

    #[on(PrinterBroken in Printing => compensate)]
    fn not_printed(&mut self, _: PrinterBroken) {}

    #[after(10 min => compensate)]
    fn too_slow(&mut self) {}

    #[compensate(SeatReserved -> send ReleaseSeat)]
    fn release(&self, seat: SeatReserved) -> ReleaseSeat {
        ReleaseSeat(seat.0)
    }

    #[compensate(CardCharged -> send RefundCard)]
    fn refund(&self, _: CardCharged) -> RefundCard {
        RefundCard(self.show.clone())
    }

    #[compensated(-> reply NoTicket => end)]
    fn undone(&mut self) -> NoTicket {
        NoTicket
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let partner = Partner::default();
    let refunds = Arc::clone(&partner.refunds);
    let bus = Bus::new(Memory::new())
        .saga::<Purchase>()
        .service(partner)
        .start()
        .await?;

    buy(&bus, "Hamlet").await?;
    buy(&bus, "Macbeth").await?; // cursed: the printer breaks, everything is undone

    refunds.store(false, Ordering::Relaxed); // the bank is closed
    let (bought, reopened) = tokio::join!(buy(&bus, "Macbeth in the park"), reopen(&bus, &refunds));
    bought.and(reopened)?;
    bus.shutdown().await
}

async fn buy(bus: &Bus, show: &str) -> Result<(), Error> {
    match bus.request(BuyTicket { show: show.into() }).await? {
        BuyTicketReply::TicketBought(_) => println!("{show}: enjoy"),
        BuyTicketReply::NoTicket(_) => println!("{show}: no ticket, everything undone"),
    }
    Ok(())
}

/// What an operator does: sees which process is parked and why, mends the cause, and has it go on.
async fn reopen(bus: &Bus, refunds: &AtomicBool) -> Result<(), Error> {
    let parked = || InstanceFilter {
        parked: true,
        ..InstanceFilter::default()
    };
    loop {
        if let Some(stuck) = bus.inspect().instances(parked()).await?.pop() {
            println!("  PARKED: {}", stuck.parked.unwrap_or_default());
            refunds.store(true, Ordering::Relaxed);
            return bus.inspect().retry_compensation(&stuck.saga, &stuck.key).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[cfg(test)]
mod tests;
