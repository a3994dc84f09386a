//! Teaches: several requests at once (`send A, send B, send C?`), one handler when all have answered (`all`), and what
//! becomes of the answers still on their way when one of them is a refusal: they are awaited, and undone too.
#![allow(
    unreachable_pub,
    reason = "the contracts are written as the crate they would be in a company"
)]

mod contracts;
mod partners;
mod saga;
#[cfg(test)]
mod tests;

use saga_runtime::{Bus, Error, store::Memory};

use crate::{
    contracts::*,
    partners::{Airline, CarDealer, Hotel},
    saga::Trip,
};

saga_runtime::system! {
    pub Agency { Trip, Airline, Hotel, CarDealer }
    accepts(BookTrip, CancelTrip)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let bus = Bus::new(Memory::new())
        .saga::<Trip>()
        .service(Airline)
        .service(Hotel)
        .service(CarDealer)
        .system::<Agency>()
        .start()
        .await?;

    book(&bus, "Lisbon on Friday", true).await?;
    book(&bus, "Oslo on Saturday", false).await?;
    book(&bus, "Rome on Sunday", true).await?; // no room: flight and car are undone, whenever they were confirmed

    // A change of mind while the hotel still thinks about it.
    let (booked, cancelled) = tokio::join!(
        book(&bus, "Athens on Monday", false),
        cancel(&bus, "Athens on Monday")
    );
    booked.and(cancelled)?;
    cancel(&bus, "Lisbon on Friday").await?;

    bus.shutdown().await
}

async fn book(bus: &Bus<Agency>, trip: &str, with_car: bool) -> Result<(), Error> {
    let request = BookTrip {
        trip: TripId(trip.into()),
        with_car,
    };
    match bus.request(request).await? {
        BookTripReply::TripBooked(TripBooked { car: Some(_), .. }) => println!("{trip}: booked, with a car"),
        BookTripReply::TripBooked(_) => println!("{trip}: booked"),
        BookTripReply::TripRejected(_) => println!("{trip}: not possible, everything is undone"),
    }
    Ok(())
}

async fn cancel(bus: &Bus<Agency>, trip: &str) -> Result<(), Error> {
    let request = CancelTrip {
        trip: TripId(trip.into()),
    };
    match bus.request(request).await? {
        CancelTripReply::TripCancelled(_) => println!("{trip}: cancelled as asked"),
        CancelTripReply::TooLate(_) => println!("{trip}: too late to cancel"),
    }
    Ok(())
}
