//! Steps that stand although all was refused, and steps that were undone although all was promised.

use saga_runtime::{
    prelude::*,
    testing::{explore, explore::FaultKind},
};

use super::{contracts::*, found};

/// Gives up as if nothing had been done yet.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct ForgetsToRelease {
    trip: u32,
}

#[saga(states(Reserving, Charging), no_undo(Charge))]
impl ForgetsToRelease {
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

    #[on(Declined in Charging -> reply NotBooked => end)]
    fn declined(&mut self, _: Declined) -> NotBooked {
        NotBooked
    }

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
fn a_reservation_that_stands_after_the_customer_was_told_no() {
    let explored = explore()
        .saga::<ForgetsToRelease>()
        .request(Book { trip: 1 })
        .allows_parked()
        .run();
    assert_eq!(found(&explored), FaultKind::NotCompensated);
    assert_eq!(explored.violation().unwrap().steps(), 3);
    assert_printed_and_pasted!(
        &explored,
        "left_standing.txt",
        what_is_not_kept_is_undone,
        "a step stands that `release` would have undone"
    );
}

/// Releases what it believes to have.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct ReleasesWhatItSees {
    trip: u32,
}

#[saga(states(Reserving))]
impl ReleasesWhatItSees {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        (Self { trip }, Reserve { trip })
    }

    #[on(ReserveReply in Reserving { Taken -> reply Booked => end | Lost => compensate })]
    fn reserved(&mut self, reply: ReserveReply) -> Reservations {
        match reply {
            ReserveReply::Reserved(reserved) if reserved.seats.len() == 2 => Reservations::Taken(Booked),
            _ => Reservations::Lost,
        }
    }

    #[after(1 h => compensate)]
    fn late(&mut self) {}

    #[compensate(Reserved -> send Release?)]
    fn release(&self, reserved: Reserved) -> Option<Release> {
        (reserved.seats.len() > 1).then_some(Release)
    }

    #[compensated(-> reply NotBooked => end)]
    fn undone(&mut self) -> NotBooked {
        NotBooked
    }
}

#[test]
fn an_undo_that_sends_nothing_leaves_its_step_standing() {
    let desk = || {
        explore()
            .saga::<ReleasesWhatItSees>()
            .reply(Reserved { seats: vec![7] })
            .request(Book { trip: 1 })
    };
    let explored = desk().run();
    assert_eq!(found(&explored), FaultKind::NotCompensated);
    desk().allows_standing().check();
}

/// Says yes once all is undone.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct SaysYesAtLast {
    trip: u32,
}

#[saga(states(Reserving, Charging), no_undo(Charge))]
impl SaysYesAtLast {
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

    #[on(ChargeReply in Charging => compensate)]
    fn charged(&mut self, _: ChargeReply) {}

    #[after(1 h => compensate)]
    fn late(&mut self) {}

    #[compensate(Reserved -> send Release)]
    fn release(&self, _: Reserved) -> Release {
        Release
    }

    #[compensated(-> reply Booked => end)]
    fn undone(&mut self) -> Booked {
        Booked
    }
}

#[test]
fn a_trip_that_is_booked_once_its_reservation_is_released() {
    let explored = explore()
        .saga::<SaysYesAtLast>()
        .request(Book { trip: 1 })
        .allows_parked()
        .run();
    assert_eq!(found(&explored), FaultKind::CompensatedAndKept);
}

/// Keeps what was done before a point of no return, though the rest is refused.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct KeepsTheSeat {
    trip: u32,
}

#[saga(states(Reserving, Charging), no_undo(Charge), settled(Charging))]
impl KeepsTheSeat {
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

    #[on(ChargeReply in Charging -> reply NotBooked => end)]
    fn charged(&mut self, _: ChargeReply) -> NotBooked {
        NotBooked
    }

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
fn past_a_point_of_no_return_a_step_is_kept_by_the_authors_word() {
    explore()
        .saga::<KeepsTheSeat>()
        .request(Book { trip: 1 })
        .allows_parked()
        .check();
}
