//! Everything that can happen to a trip that is booked, and perhaps cancelled, at any moment.

use saga_runtime::testing::{explore, explore::View};

use crate::{contracts::*, saga::Trip};

#[test]
fn whatever_happens_a_trip_is_booked_whole_or_not_at_all() {
    let trip = || TripId("t-1".into());
    let reference = |text: &str| Reference(text.into());
    let explored = explore()
        .saga::<Trip>()
        .reply(FlightBooked(reference("flight")))
        .reply(HotelBooked(reference("hotel")))
        .reply(CarBooked(reference("car")))
        .request(BookTrip {
            trip: trip(),
            with_car: true,
        })
        .request(CancelTrip { trip: trip() })
        .perhaps()
        .never("booked and undone", |trip: &View<'_, Trip>| {
            let undone = trip.sent::<CancelFlight>() + trip.sent::<CancelHotel>() + trip.sent::<CancelCar>();
            trip.replied::<TripBooked>() > 0 && undone > 0
        })
        .never("rejected and a flight is kept", |trip: &View<'_, Trip>| {
            trip.is_in("end")
                && trip.replied::<TripRejected>() > 0
                && trip.received::<FlightBooked>() > trip.sent::<CancelFlight>()
        })
        .check();
    println!("{explored}");
}
