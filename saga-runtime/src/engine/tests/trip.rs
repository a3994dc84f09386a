//! Joins, and undoing in reverse order of completion.

use super::{HOUR, Lab, Verdict};
use crate::{limits::Limits, prelude::*};

#[derive(Endpoint)]
struct Travel;
#[derive(Endpoint)]
struct Partners;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Travel, replies(TripBooked), refusals(TripRejected))]
struct BookTrip {
    trip: u32,
    with_car: bool,
    seats: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct TripBooked {
    pnr: String,
    car: bool,
    seats: usize,
}
#[derive(Reply, Serialize, Deserialize)]
struct TripRejected {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(FlightBooked), refusals(FlightFull))]
struct BookFlight {}
#[derive(Reply, Serialize, Deserialize)]
struct FlightBooked {
    pnr: String,
}
#[derive(Reply, Serialize, Deserialize)]
struct FlightFull {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(CarBooked), refusals(NoCar))]
struct BookCar {}
#[derive(Reply, Serialize, Deserialize)]
struct CarBooked {}
#[derive(Reply, Serialize, Deserialize)]
struct NoCar {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(SeatHeld))]
struct HoldSeat {
    row: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct SeatHeld {
    row: u32,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(FlightCancelled))]
struct CancelFlight {}
#[derive(Reply, Serialize, Deserialize)]
struct FlightCancelled {}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(CarCancelled))]
struct CancelCar {}
#[derive(Reply, Serialize, Deserialize)]
struct CarCancelled {}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Partners, replies(SeatFreed))]
struct FreeSeat {
    row: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct SeatFreed {}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct VisaGranted {
    trip: u32,
}

#[saga(by = trip, at = Travel)]
#[derive(Serialize, Deserialize)]
struct Trip {
    trip: u32,
}

#[saga(
    states(Booking),
    ignore(VisaGranted in compensate | end),
)]
impl Trip {
    #[start(BookTrip -> send BookFlight, send BookCar?, send HoldSeat* => Booking)]
    fn book(book: BookTrip) -> (Self, BookFlight, Option<BookCar>, Vec<HoldSeat>) {
        (
            Self { trip: book.trip },
            BookFlight {},
            book.with_car.then_some(BookCar {}),
            (0..book.seats).map(|row| HoldSeat { row }).collect(),
        )
    }

    #[all(FlightBooked, VisaGranted, CarBooked?, SeatHeld* in Booking -> reply TripBooked => end)]
    fn booked(
        &mut self,
        flight: FlightBooked,
        _: VisaGranted,
        car: Option<CarBooked>,
        seats: Vec<SeatHeld>,
    ) -> TripBooked {
        TripBooked {
            pnr: flight.pnr,
            car: car.is_some(),
            seats: seats.len(),
        }
    }

    #[on(NoCar in Booking)]
    fn no_car(&mut self, _: NoCar) {}

    #[on(FlightFull in Booking => compensate)]
    fn full(&mut self, _: FlightFull) {}

    #[after(2 h in Booking => compensate)]
    fn late(&mut self) {}

    #[compensate(FlightBooked -> send CancelFlight)]
    fn undo_flight(&self, _: FlightBooked) -> CancelFlight {
        CancelFlight {}
    }

    /// Named by all that may be answered; only what was booked is undone.
    #[compensate(BookCarReply -> send CancelCar)]
    fn undo_car(&self, _: BookCarReply) -> CancelCar {
        CancelCar {}
    }

    #[compensate(SeatHeld -> send FreeSeat)]
    fn undo_seat(&self, seat: SeatHeld) -> FreeSeat {
        FreeSeat { row: seat.row }
    }

    #[compensated(-> reply TripRejected => end)]
    fn undone(&mut self) -> TripRejected {
        TripRejected {}
    }
}

fn booking(with_car: bool, seats: u32) -> Lab {
    let mut lab = Lab::of::<Trip>();
    lab.ask(&BookTrip {
        trip: 1,
        with_car,
        seats,
    });
    lab.emitted();
    lab
}

fn flight() -> FlightBooked {
    FlightBooked { pnr: "X1".into() }
}

fn booked(lab: &mut Lab) -> TripBooked {
    let answer = lab.emitted.pop().unwrap();
    assert_eq!(&*answer.envelope.name, "TripBooked");
    serde_json::from_slice(&answer.envelope.body).unwrap()
}

#[test]
fn a_join_runs_with_the_arrival_that_completes_it_in_whatever_order() {
    let mut lab = booking(true, 0);
    lab.give(&VisaGranted { trip: 1 });
    lab.answer("BookCar", &CarBooked {});
    assert_eq!(lab.state(), "Booking");
    lab.answer("BookFlight", &flight());
    let booked = booked(&mut lab);
    assert_eq!((booked.pnr.as_str(), booked.car), ("X1", true));
    assert_eq!(lab.state(), "end");
}

#[test]
fn a_join_waits_for_an_optional_answer_only_while_it_may_come() {
    let mut lab = booking(true, 0);
    lab.give(&VisaGranted { trip: 1 });
    lab.answer("BookFlight", &flight());
    assert_eq!(lab.state(), "Booking");
    lab.answer("BookCar", &NoCar {});
    assert!(!booked(&mut lab).car);
}

#[test]
fn a_join_does_not_wait_for_what_was_never_asked() {
    let mut lab = booking(false, 0);
    lab.answer("BookFlight", &flight());
    lab.give(&VisaGranted { trip: 1 });
    assert!(!booked(&mut lab).car);
}

#[test]
fn a_join_waits_for_all_of_many() {
    let mut lab = booking(false, 3);
    lab.answer("BookFlight", &flight());
    lab.give(&VisaGranted { trip: 1 });
    for seat in [2, 0] {
        lab.answer_nth("HoldSeat", seat, &SeatHeld { row: 0 });
        assert_eq!(lab.state(), "Booking");
    }
    lab.answer_nth("HoldSeat", 1, &SeatHeld { row: 0 });
    assert_eq!(booked(&mut lab).seats, 3);
}

#[test]
fn steps_are_undone_in_reverse_order_of_completion_one_at_a_time() {
    let mut lab = booking(true, 1);
    lab.answer("BookCar", &CarBooked {});
    lab.answer("HoldSeat", &SeatHeld { row: 7 });
    lab.answer("BookFlight", &flight());
    lab.pass(2 * HOUR);
    assert_eq!(lab.emitted(), ["CancelFlight"]);
    lab.answer("CancelFlight", &FlightCancelled {});
    assert_eq!(lab.emitted(), ["FreeSeat"]);
    lab.answer("FreeSeat", &SeatFreed {});
    assert_eq!(lab.emitted(), ["CancelCar"]);
    lab.answer("CancelCar", &CarCancelled {});
    assert_eq!(lab.emitted(), ["TripRejected"]);
    assert_eq!(lab.state(), "end");
}

#[test]
fn a_refusal_is_no_step_even_if_the_undo_names_every_reply() {
    for late in [false, true] {
        let mut lab = booking(true, 0);
        if !late {
            lab.answer("BookCar", &NoCar {});
        }
        lab.answer("BookFlight", &FlightFull {});
        if late {
            assert_eq!(lab.state(), "compensate", "the car is still awaited");
            lab.answer("BookCar", &NoCar {});
        }
        assert_eq!(lab.emitted(), ["TripRejected"]);
        assert_eq!(lab.state(), "end");
    }
}

#[test]
fn an_undo_is_given_the_reply_that_says_what_was_done() {
    let mut lab = booking(false, 1);
    lab.answer("HoldSeat", &SeatHeld { row: 7 });
    lab.answer("BookFlight", &FlightFull {});
    let undo = lab.sent.last().unwrap();
    assert_eq!(&*undo.body, br#"{"row":7}"#);
}

#[test]
fn the_same_message_run_again_emits_the_same_ids() {
    let mut lab = booking(true, 2);
    let message = lab.envelope(&VisaGranted { trip: 1 });
    lab.answer("BookFlight", &flight());
    lab.answer("BookCar", &CarBooked {});
    for seat in 0..2 {
        lab.answer_nth("HoldSeat", seat, &SeatHeld { row: 0 });
    }
    let before = lab.found.clone();
    let mut run = || {
        lab.found = before.clone();
        lab.deliver(message.clone());
        std::mem::take(&mut lab.emitted)
    };
    let (once, again) = (run(), run());
    assert_eq!(once, again);
    assert!(!once.is_empty());
}

#[test]
fn senders_that_repeat_a_start_are_all_answered_by_one_reply() {
    let mut lab = booking(false, 0);
    let another = lab.ask(&BookTrip {
        trip: 1,
        with_car: true,
        seats: 5,
    });
    assert_eq!(lab.emitted(), [""; 0], "the repetition starts nothing");
    lab.answer("BookFlight", &FlightFull {});
    let answered: Vec<_> = lab
        .emitted
        .iter()
        .filter_map(|answer| answer.envelope.in_reply_to)
        .collect();
    assert_eq!(answered.len(), 2);
    assert_eq!(answered[1], another);
    assert_eq!(lab.emitted(), ["TripRejected", "TripRejected"]);
}

#[test]
fn callers_beyond_the_bound_take_the_place_of_the_one_that_has_waited_longest() {
    let mut lab = Lab::within::<Trip>(Limits {
        waiting: 2,
        ..Limits::default()
    });
    let trip = BookTrip {
        trip: 1,
        with_car: false,
        seats: 0,
    };
    let asked = [lab.ask(&trip), lab.ask(&trip), lab.ask(&trip)];
    let waiting: Vec<_> = lab.book().waiting.iter().map(|waiting| waiting.request).collect();
    assert_eq!(waiting, asked[1..]);
}

#[test]
fn an_answer_to_another_life_of_the_key_is_set_aside() {
    let mut lab = booking(false, 0);
    let mut stray = lab.envelope(&flight());
    stray.in_reply_to = Some(lab.sent[0].id);
    stray.to = lab.sent[0].reply_to.as_ref().and_then(|to| to.instance.clone());
    if let Some(to) = &mut stray.to {
        to.incarnation ^= 1;
    }
    assert!(matches!(lab.deliver(stray), Verdict::Dead(..)));
    assert_eq!(lab.state(), "Booking");
}
