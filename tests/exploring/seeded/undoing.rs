//! Steps that are not undone, undone twice, or undone and kept.

use saga_runtime::{
    dead_letter::Reason,
    prelude::*,
    testing::{
        explore,
        explore::{FaultKind, View},
    },
};

use super::{contracts::*, found};

/// Charges again when it has not heard for a while: the first charge may yet come through.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct ChargesAgain {
    trip: u32,
    tries: u32,
}

#[saga(states(Charging), ignore(Charged, Declined in end), no_undo(Charge))]
impl ChargesAgain {
    #[start(Book -> send Charge => Charging)]
    fn book(book: Book) -> (Self, Charge) {
        let trip = book.trip;
        (Self { trip, tries: 1 }, Charge { trip })
    }

    #[on(Charged in Charging -> reply Booked => end)]
    fn charged(&mut self, _: Charged) -> Booked {
        Booked
    }

    #[on(Declined in Charging -> reply NotBooked => end)]
    fn declined(&mut self, _: Declined) -> NotBooked {
        NotBooked
    }

    #[after(1 min in Charging { Again -> send Charge => Charging | GiveUp -> reply NotBooked => end })]
    fn late(&mut self) -> Late {
        self.tries += 1;
        match self.tries {
            2 => Late::Again(Charge { trip: self.trip }),
            _ => Late::GiveUp(NotBooked),
        }
    }
}

#[test]
fn a_card_that_may_be_charged_twice() {
    let explored = explore()
        .saga::<ChargesAgain>()
        .request(Book { trip: 1 })
        .never("charged twice", |trip: &View<'_, ChargesAgain>| {
            trip.received::<Charged>() > 1
        })
        .run();
    assert_eq!(found(&explored), FaultKind::Property);
    let violation = explored.violation().unwrap();
    assert!(violation.text().contains("never \"charged twice\""));
    assert_eq!(violation.steps(), 4, "{violation}");
    assert_printed_and_pasted!(
        &explored,
        "charged_twice.txt",
        the_property_holds,
        "charged twice"
    );
}

#[test]
fn a_charge_after_the_customer_was_told_no() {
    let explored = explore()
        .saga::<ChargesAgain>()
        .request(Book { trip: 1 })
        .never("charged and told no", |trip: &View<'_, ChargesAgain>| {
            trip.received::<Charged>() > 0 && trip.replied::<NotBooked>() > 0
        })
        .run();
    assert_eq!(found(&explored), FaultKind::Property);
}

/// The undo is refused, and nobody is there to see to it.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Undoes {
    trip: u32,
}

#[saga(states(Reserving, Charging), no_undo(Charge), ignore(Cancel in compensate | end))]
impl Undoes {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        (Self { trip }, Reserve { trip })
    }

    #[on(Reserved in Reserving -> send Charge => Charging)]
    fn reserved(&mut self, _: Reserved) -> Charge {
        Charge { trip: self.trip }
    }

    #[on(Full in Reserving -> reply NotBooked => end)]
    fn full(&mut self, _: Full) -> NotBooked {
        NotBooked
    }

    #[on(Charged in Charging -> publish TripSold, reply Booked => end)]
    fn charged(&mut self, _: Charged) -> (TripSold, Booked) {
        (TripSold { trip: self.trip }, Booked)
    }

    #[on(Declined in Charging => compensate)]
    fn declined(&mut self, _: Declined) {}

    #[on(Cancel in _ => compensate)]
    fn cancel(&mut self, _: Cancel) {}

    #[after(1 h => compensate)]
    fn late(&mut self) {}

    #[compensate(Reserved -> send Release)]
    fn release(&self, _: Reserved) -> Release {
        Release
    }

    #[compensated(-> reply NotBooked => end)]
    fn undone(&mut self) -> NotBooked {
        NotBooked
    }
}

#[test]
fn an_undo_that_may_be_refused_parks_the_process() {
    let explored = explore().saga::<Undoes>().request(Book { trip: 1 }).run();
    assert_eq!(found(&explored), FaultKind::NeverEnds);
    assert!(explored.violation().unwrap().text().contains("parked"));
    assert_printed_and_pasted!(&explored, "parked.txt", it_comes_to_an_end, "parked");
}

#[test]
fn a_person_who_tries_again_brings_a_parked_process_to_its_end() {
    explore()
        .saga::<Undoes>()
        .request(Book { trip: 1 })
        .publish(Cancel { trip: 1 })
        .perhaps()
        .retries_parked(2)
        .allows_parked()
        .check();
}

#[test]
fn a_cancellation_may_leave_a_charge_that_nobody_gives_back() {
    let explored = explore()
        .saga::<Undoes>()
        .request(Book { trip: 1 })
        .publish(Cancel { trip: 1 })
        .perhaps()
        .retries_parked(1)
        .never("charged and not booked", |trip: &View<'_, Undoes>| {
            trip.received::<Charged>() > 0 && trip.replied::<NotBooked>() > 0
        })
        .run();
    assert_eq!(found(&explored), FaultKind::Property);
}

/// Releases by hand, twice.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct ReleasesTwice {
    trip: u32,
}

#[saga(
    states(Reserving, Charging, Releasing),
    no_undo(Charge),
    ignore(ReleaseRefused in Releasing),
    ignore(Released, ReleaseRefused in end)
)]
impl ReleasesTwice {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        (Self { trip }, Reserve { trip })
    }

    #[on(Reserved in Reserving -> send Charge => Charging)]
    fn reserved(&mut self, _: Reserved) -> Charge {
        Charge { trip: self.trip }
    }

    #[on(Full in Reserving => compensate)]
    fn full(&mut self, _: Full) {}

    #[on(Charged in Charging -> reply Booked => end)]
    fn charged(&mut self, _: Charged) -> Booked {
        Booked
    }

    #[on(Declined in Charging -> send Release => Releasing)]
    fn declined(&mut self, _: Declined) -> Release {
        Release
    }

    #[on(Released in Releasing -> reply NotBooked => end)]
    fn released(&mut self, _: Released) -> NotBooked {
        NotBooked
    }

    #[after(1 h in Reserving | Charging => compensate)]
    fn late(&mut self) {}

    #[after(1 h in Releasing -> send Release, reply NotBooked => end)]
    fn not_released(&mut self) -> (Release, NotBooked) {
        (Release, NotBooked)
    }

    #[compensate(Reserved -> send Release)]
    fn release(&self, _: Reserved) -> Release {
        Release
    }

    #[compensated(-> reply NotBooked => end)]
    fn undone(&mut self) -> NotBooked {
        NotBooked
    }
}

#[test]
fn a_step_that_may_be_undone_twice() {
    let explored = explore()
        .saga::<ReleasesTwice>()
        .request(Book { trip: 1 })
        .allows_parked()
        .run();
    assert_eq!(found(&explored), FaultKind::CompensatedTwice);
    assert_printed_and_pasted!(
        &explored,
        "undone_twice.txt",
        no_step_is_compensated_twice,
        "compensated twice"
    );
}

/// Takes it for granted that a reservation has a seat.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct TakesTheFirst {
    trip: u32,
    seat: u32,
}

#[saga(states(Reserving), ignore(Reserved, Full in end), no_undo(Reserve))]
impl TakesTheFirst {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        (Self { trip, seat: 0 }, Reserve { trip })
    }

    #[on(Reserved in Reserving -> reply Booked => end)]
    fn reserved(&mut self, reserved: Reserved) -> Booked {
        self.seat = reserved.seats[0];
        Booked
    }

    #[on(Full in Reserving -> reply NotBooked => end)]
    fn full(&mut self, _: Full) -> NotBooked {
        NotBooked
    }

    #[after(1 h in Reserving -> reply NotBooked => end)]
    fn late(&mut self) -> NotBooked {
        NotBooked
    }
}

#[test]
fn a_handler_that_panics_on_an_answer_nobody_thought_of() {
    let explored = explore().saga::<TakesTheFirst>().request(Book { trip: 1 }).run();
    assert_eq!(found(&explored), FaultKind::DeadLetter(Reason::HandlerPanicked));
}

#[test]
fn the_same_handler_is_fine_where_every_answer_has_a_seat() {
    explore()
        .saga::<TakesTheFirst>()
        .reply(Reserved { seats: vec![7] })
        .reply(Reserved { seats: vec![7, 8] })
        .request(Book { trip: 1 })
        .check();
}
