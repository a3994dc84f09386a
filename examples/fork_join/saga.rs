//! A trip: three bookings at once, one join, and the first failure undoes the rest.

use saga_runtime::prelude::*;

use crate::contracts::*;

#[saga(by = trip, at = Travel)]
#[derive(Serialize, Deserialize)]
pub struct Trip {
    trip: TripId,
}

#[saga(states(Booking))]
impl Trip {
    #[start(BookTrip -> send BookFlight, send BookHotel, send BookCar? => Booking)]
    fn book(request: BookTrip) -> (Self, BookFlight, BookHotel, Option<BookCar>) {
        let trip = || request.trip.clone();
        let car = request.with_car.then(|| BookCar { trip: trip() });
        (
            Self { trip: trip() },
            BookFlight { trip: trip() },
            BookHotel { trip: trip() },
            car,
        )
    }

    /// Runs when the flight and the hotel are there, and the car too if one was asked for.
    #[all(FlightBooked, HotelBooked, CarBooked? in Booking -> reply TripBooked => end)]
    fn booked(&mut self, flight: FlightBooked, hotel: HotelBooked, car: Option<CarBooked>) -> TripBooked {
        TripBooked {
            flight: flight.0,
            hotel: hotel.0,
            car: car.map(|car| car.0),
        }
    }

    #[on(FlightFull in Booking => compensate)]
    fn no_flight(&mut self, _: FlightFull) {}

    #[on(HotelFull in Booking => compensate)]
    fn no_hotel(&mut self, _: HotelFull) {}

    #[on(NoCar in Booking => compensate)]
    fn no_car(&mut self, _: NoCar) {}

    #[on(CancelTrip in Booking => compensate)]
    fn cancel(&mut self, _: CancelTrip) {}

    #[on(CancelTrip in compensate)]
    fn cancel_again(&mut self, _: CancelTrip) {}

    #[on(CancelTrip in end -> reply TooLate)]
    fn gone(_: CancelTrip) -> TooLate {
        TooLate
    }

    #[after(2 h in Booking => compensate)]
    fn late(&mut self) {}

    #[compensate(FlightBooked -> send CancelFlight)]
    fn undo_flight(&self, flight: FlightBooked) -> CancelFlight {
        CancelFlight(flight.0)
    }

    #[compensate(HotelBooked -> send CancelHotel)]
    fn undo_hotel(&self, hotel: HotelBooked) -> CancelHotel {
        CancelHotel(hotel.0)
    }

    #[compensate(CarBooked -> send CancelCar)]
    fn undo_car(&self, car: CarBooked) -> CancelCar {
        CancelCar(car.0)
    }

    #[compensated(-> reply TripRejected, reply TripCancelled => end)]
    fn undone(&mut self) -> (TripRejected, TripCancelled) {
        (TripRejected, TripCancelled)
    }
}
