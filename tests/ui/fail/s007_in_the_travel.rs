//! The trip, with a handler that takes two of the three messages it is given.
#[path = "../contracts/travel.rs"]
mod contracts;

use contracts::*;
use saga_runtime::prelude::*;

#[saga(by = trip, at = Travel)]
#[derive(Serialize, Deserialize)]
pub struct Trip {
    trip: TripId,
}

#[saga(states(Booking))]
impl Trip {
    #[start(BookTrip -> send BookFlight, send BookHotel, send BookCar? => Booking)]
    fn book(trip: BookTrip) -> (Self, BookFlight, BookHotel, Option<BookCar>) {
        let BookTrip { trip, with_car } = trip;
        (Self { trip }, BookFlight { trip }, BookHotel { trip }, with_car.then_some(BookCar { trip }))
    }

    #[all(FlightBooked, HotelBooked, CarBooked? in Booking -> reply TripBooked => end)]
    fn booked(&mut self, _: FlightBooked, _: HotelBooked) -> TripBooked {
        TripBooked {}
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
        TooLate {}
    }

    #[after(2 h in Booking => compensate)]
    fn late(&mut self) {}

    #[compensate(FlightBooked -> send CancelFlight)]
    fn undo_flight(&self, f: FlightBooked) -> CancelFlight {
        CancelFlight { pnr: f.pnr }
    }

    #[compensate(HotelBooked -> send CancelHotel)]
    fn undo_hotel(&self, h: HotelBooked) -> CancelHotel {
        CancelHotel { res: h.res }
    }

    #[compensate(CarBooked -> send CancelCar)]
    fn undo_car(&self, c: CarBooked) -> CancelCar {
        CancelCar { car: c.car }
    }

    #[compensated(-> reply TripRejected, reply TripCancelled => end)]
    fn undone(&mut self) -> (TripRejected, TripCancelled) {
        (TripRejected {}, TripCancelled {})
    }
}

fn main() {}
