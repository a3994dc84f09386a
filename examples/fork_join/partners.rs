//! The airline, the hotel and the car dealer. What they say is decided by the trip's name, so that every run is alike.

use std::time::Duration;

use saga_runtime::prelude::*;

use crate::contracts::*;

pub struct Airline;

#[service(at = Air)]
impl Airline {
    #[on(BookFlight)]
    async fn book(&self, flight: BookFlight) -> Result<BookFlightReply, ServiceError> {
        Ok(BookFlightReply::FlightBooked(FlightBooked(booking(
            "flight",
            &flight.trip,
        ))))
    }

    #[on(CancelFlight)]
    async fn cancel(&self, flight: CancelFlight) -> Result<CancelFlightReply, ServiceError> {
        println!("  {} is cancelled", flight.0.0);
        Ok(CancelFlightReply::FlightCancelled(FlightCancelled))
    }
}

pub struct Hotel;

#[service(at = Stay)]
impl Hotel {
    /// Has no room on Sundays, and takes its time on Mondays.
    #[on(BookHotel)]
    async fn book(&self, room: BookHotel) -> Result<BookHotelReply, ServiceError> {
        if room.trip.0.contains("Sunday") {
            return Ok(BookHotelReply::HotelFull(HotelFull));
        }
        if room.trip.0.contains("Monday") {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(BookHotelReply::HotelBooked(HotelBooked(booking(
            "room", &room.trip,
        ))))
    }

    #[on(CancelHotel)]
    async fn cancel(&self, room: CancelHotel) -> Result<CancelHotelReply, ServiceError> {
        println!("  {} is cancelled", room.0.0);
        Ok(CancelHotelReply::HotelCancelled(HotelCancelled))
    }
}

pub struct CarDealer;

#[service(at = Cars)]
impl CarDealer {
    #[on(BookCar)]
    async fn book(&self, car: BookCar) -> Result<BookCarReply, ServiceError> {
        Ok(BookCarReply::CarBooked(CarBooked(booking("car", &car.trip))))
    }

    #[on(CancelCar)]
    async fn cancel(&self, car: CancelCar) -> Result<(), ServiceError> {
        println!("  {} is cancelled", car.0.0);
        Ok(())
    }
}

fn booking(what: &str, trip: &TripId) -> Reference {
    Reference(format!("the {what} of {}", trip.0))
}
