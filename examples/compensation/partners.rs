//! The theatre, the bank and the printer, in one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use saga_runtime::prelude::*;

use crate::contracts::*;

pub struct Partner {
    /// Whether the bank pays back today.
    pub refunds: Arc<AtomicBool>,
}

impl Default for Partner {
    fn default() -> Self {
        let refunds = Arc::new(AtomicBool::new(true));
        Self { refunds }
    }
}

#[service(at = Partners)]
impl Partner {
    #[on(ReserveSeat)]
    async fn reserve(&self, show: ReserveSeat) -> Result<ReserveSeatReply, ServiceError> {
        println!("{}", show.0);
        println!("  seat 7 reserved");
        Ok(ReserveSeatReply::SeatReserved(SeatReserved(7)))
    }

    #[on(ChargeCard)]
    async fn charge(&self, _: ChargeCard) -> Result<ChargeCardReply, ServiceError> {
        println!("  card charged");
        Ok(ChargeCardReply::CardCharged(CardCharged))
    }

    #[on(PrintTicket)]
    async fn print(&self, show: PrintTicket) -> Result<PrintTicketReply, ServiceError> {
        if show.0.starts_with("Macbeth") {
            println!("  the printer is broken");
            return Ok(PrintTicketReply::PrinterBroken(PrinterBroken));
        }
        println!("  ticket printed");
        Ok(PrintTicketReply::TicketPrinted(TicketPrinted))
    }

    #[on(RefundCard)]
    async fn refund(&self, _: RefundCard) -> Result<RefundCardReply, ServiceError> {
        if !self.refunds.load(Ordering::Relaxed) {
            println!("  refund refused");
            return Ok(RefundCardReply::RefundRefused(RefundRefused));
        }
        println!("  card refunded");
        Ok(RefundCardReply::CardRefunded(CardRefunded))
    }

    #[on(ReleaseSeat)]
    async fn release(&self, seat: ReleaseSeat) -> Result<ReleaseSeatReply, ServiceError> {
        println!("  seat {} released", seat.0);
        Ok(ReleaseSeatReply::SeatReleased(SeatReleased))
    }
}
