//! Three bookings at once, one join; the first failure, or a word of the customer, undoes the rest.

use saga_runtime::prelude::*;

use super::contracts::*;

#[saga(by = trip, at = Travel)]
#[derive(Serialize, Deserialize)]
pub struct Trip {
    trip: u32,
}

#[saga(states(Booking))]
impl Trip {
    #[start(BookTrip -> send BookFlight, send BookHotel, send BookCar? => Booking)]
    fn book(request: BookTrip) -> (Self, BookFlight, BookHotel, Option<BookCar>) {
        let trip = request.trip;
        let car = request.with_car.then_some(BookCar { trip });
        (Self { trip }, BookFlight { trip }, BookHotel { trip }, car)
    }

    #[all(FlightBooked, HotelBooked, CarBooked? in Booking -> reply TripBooked => end)]
    fn booked(&mut self, _: FlightBooked, _: HotelBooked, car: Option<CarBooked>) -> TripBooked {
        TripBooked {
            with_car: car.is_some(),
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
        TooLate {}
    }

    #[after(30 s in Booking => compensate)]
    fn late(&mut self) {}

    #[compensate(FlightBooked -> send CancelFlight)]
    fn undo_flight(&self, _: FlightBooked) -> CancelFlight {
        CancelFlight { trip: self.trip }
    }

    #[compensate(HotelBooked -> send CancelHotel)]
    fn undo_hotel(&self, _: HotelBooked) -> CancelHotel {
        CancelHotel { trip: self.trip }
    }

    #[compensate(CarBooked -> send CancelCar)]
    fn undo_car(&self, _: CarBooked) -> CancelCar {
        CancelCar { trip: self.trip }
    }

    #[compensated(-> reply TripRejected, reply TripCancelled => end)]
    fn undone(&mut self) -> (TripRejected, TripCancelled) {
        (TripRejected {}, TripCancelled {})
    }
}
