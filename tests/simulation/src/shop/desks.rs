//! The services: slow, failing, and doing things outside that nobody can undo for them.

use std::{sync::Arc, time::Duration};

use saga_runtime::prelude::*;

use super::contracts::*;
use crate::{
    fault::Fault,
    ledger::{Bill, Deed},
    world::World,
};

/// How often something unlikely happens, in a hundred orders.
const SELDOM: u64 = 8;

/// Works for a while, fails at times, and does its deed.
async fn work(world: &World, deed: Deed, subject: u32, context: &Context) -> Result<(), ServiceError> {
    toil(world, subject).await?;
    world.ledger.perform(deed, subject, context.idempotency_key());
    if world.strikes(Fault::ServiceFailsLate) {
        return Err(ServiceError::retryable("simulated: failed after the work"));
    }
    Ok(())
}

async fn toil(world: &World, subject: u32) -> Result<(), ServiceError> {
    if world.strikes(Fault::ServiceFails) {
        return Err(ServiceError::retryable("simulated: out of order"));
    }
    let long = match world.fate(subject, 1) % 8 {
        0 => Duration::from_secs(20),
        1..=3 => Duration::from_secs(1),
        _ => return Ok(()),
    };
    let span = world.dice.mostly_short(long);
    if !world.is_healed() && span >= Duration::from_millis(1) {
        tokio::time::sleep(span).await;
    }
    Ok(())
}

fn seldom(world: &World, subject: u32, salt: u64) -> bool {
    world.fate(subject, salt) % 100 < SELDOM
}

pub struct BillingDesk(pub Arc<World>);

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    async fn bill(&self, bill: BillOrder, context: &Context) -> Result<BillOrderReply, ServiceError> {
        let (world, order) = (&self.0, bill.order);
        if seldom(world, order, 10) {
            return Ok(BillingDeclined {}.into());
        }
        if seldom(world, order, 11) && !world.ledger.is_repaired() {
            return Err(ServiceError::permanent(
                "simulated: broken until somebody repairs it",
            ));
        }
        toil(world, order).await?;
        if seldom(world, order, 12) {
            // So late that the order has begun to cancel it.
            let late = world
                .dice
                .between(Duration::from_secs(25), Duration::from_secs(50));
            tokio::time::sleep(late).await;
        }
        match world.ledger.decide(order, Bill::Paid) {
            Bill::Cancelled => return Ok(BillingDeclined {}.into()),
            Bill::Paid => world
                .ledger
                .perform(Deed::Billed, order, context.idempotency_key()),
        }
        if world.strikes(Fault::ServiceFailsLate) {
            return Err(ServiceError::retryable("simulated: failed after the work"));
        }
        Ok(OrderBilled { order }.into())
    }

    #[on(CancelBilling)]
    async fn cancel(&self, cancel: CancelBilling) -> Result<CancelBillingReply, ServiceError> {
        toil(&self.0, cancel.order).await?;
        Ok(match self.0.ledger.decide(cancel.order, Bill::Cancelled) {
            Bill::Cancelled => BillingCancelled {}.into(),
            Bill::Paid => AlreadyBilled {}.into(),
        })
    }

    #[on(RefundOrder)]
    async fn refund(&self, refund: RefundOrder, context: &Context) -> Result<RefundOrderReply, ServiceError> {
        work(&self.0, Deed::Refunded, refund.order, context).await?;
        Ok(OrderRefunded {}.into())
    }
}

pub struct WarehouseDesk(pub Arc<World>);

#[service(at = Warehouse)]
impl WarehouseDesk {
    #[on(CreateLabel)]
    async fn label(&self, label: CreateLabel, context: &Context) -> Result<CreateLabelReply, ServiceError> {
        let order = label.order;
        if seldom(&self.0, order, 20) {
            return Ok(OutOfStock {}.into());
        }
        work(&self.0, Deed::Labelled, order, context).await?;
        Ok(LabelCreated { order }.into())
    }

    #[on(VoidLabel)]
    async fn void(&self, label: VoidLabel, context: &Context) -> Result<(), ServiceError> {
        work(&self.0, Deed::Voided, label.order, context).await
    }
}

pub struct RoadDesk(pub Arc<World>);

#[service(at = Road)]
impl RoadDesk {
    #[on(Drive)]
    async fn drive(&self, drive: Drive, context: &Context) -> Result<DriveReply, ServiceError> {
        if seldom(&self.0, drive.load, 30) {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        work(&self.0, Deed::Driven, drive.load, context).await?;
        Ok(Driven {}.into())
    }
}

pub struct AirDesk(pub Arc<World>);

#[service(at = Air)]
impl AirDesk {
    #[on(BookFlight)]
    async fn book(&self, book: BookFlight, context: &Context) -> Result<BookFlightReply, ServiceError> {
        if seldom(&self.0, book.trip, 40) {
            return Ok(FlightFull {}.into());
        }
        work(&self.0, Deed::Flight, book.trip, context).await?;
        Ok(FlightBooked {}.into())
    }

    #[on(CancelFlight)]
    async fn cancel(
        &self,
        cancel: CancelFlight,
        context: &Context,
    ) -> Result<CancelFlightReply, ServiceError> {
        work(&self.0, Deed::FlightCancelled, cancel.trip, context).await?;
        Ok(FlightCancelled {}.into())
    }
}

pub struct StayDesk(pub Arc<World>);

#[service(at = Stay)]
impl StayDesk {
    #[on(BookHotel)]
    async fn book(&self, book: BookHotel, context: &Context) -> Result<BookHotelReply, ServiceError> {
        if seldom(&self.0, book.trip, 41) {
            return Ok(HotelFull {}.into());
        }
        work(&self.0, Deed::Hotel, book.trip, context).await?;
        Ok(HotelBooked {}.into())
    }

    #[on(CancelHotel)]
    async fn cancel(&self, cancel: CancelHotel, context: &Context) -> Result<CancelHotelReply, ServiceError> {
        work(&self.0, Deed::HotelCancelled, cancel.trip, context).await?;
        Ok(HotelCancelled {}.into())
    }
}

pub struct CarDesk(pub Arc<World>);

#[service(at = Cars)]
impl CarDesk {
    #[on(BookCar)]
    async fn book(&self, book: BookCar, context: &Context) -> Result<BookCarReply, ServiceError> {
        if seldom(&self.0, book.trip, 42) {
            return Ok(NoCar {}.into());
        }
        work(&self.0, Deed::Car, book.trip, context).await?;
        Ok(CarBooked {}.into())
    }

    #[on(CancelCar)]
    async fn cancel(&self, cancel: CancelCar, context: &Context) -> Result<(), ServiceError> {
        work(&self.0, Deed::CarCancelled, cancel.trip, context).await
    }
}

/// Files what came of every order.
pub struct Auditor(pub Arc<World>);

#[service(at = Audit)]
impl Auditor {
    #[on(OrderClosed)]
    async fn file(&self, closed: OrderClosed, context: &Context) {
        self.0
            .ledger
            .perform(Deed::Announced, closed.order, context.idempotency_key());
        self.0.ledger.file(closed.order, closed.confirmed, closed.log);
    }

    #[on(Ring -> publish Rang)]
    async fn ring(&self, ring: Ring) -> (RingReply, Rang) {
        (Rung {}.into(), Rang { ticket: ring.ticket })
    }

    #[on(Rang)]
    async fn heard(&self, rang: Rang, context: &Context) {
        self.0.ledger.hear(rang.ticket, context.idempotency_key());
    }

    #[on(CountSettled)]
    async fn settle(&self, settled: CountSettled, context: &Context) {
        self.0
            .ledger
            .perform(Deed::Settled, settled.count, context.idempotency_key());
    }

    #[on(CountPaused)]
    async fn rest(&self, paused: CountPaused, context: &Context) {
        self.0.ledger.pause(paused.count, context.idempotency_key());
    }
}
