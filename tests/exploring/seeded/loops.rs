//! Processes that go round for ever, or stop where nobody sees them.

use saga_runtime::{
    prelude::*,
    testing::{explore, explore::FaultKind},
};

use super::{contracts::*, found};

/// Forgets to count its tries.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct NeverCounts {
    trip: u32,
    tries: u32,
}

#[saga(states(Reserving, Pausing), no_timeout(Reserving), no_undo(Reserve))]
impl NeverCounts {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        (Self { trip, tries: 0 }, Reserve { trip })
    }

    #[on(Reserved in Reserving { Better => Pausing | Enough -> reply Booked => end })]
    fn reserved(&mut self, _: Reserved) -> Reservation {
        match self.tries {
            0 => Reservation::Better,
            _ => Reservation::Enough(Booked),
        }
    }

    #[on(Full in Reserving => Pausing)]
    fn full(&mut self, _: Full) {}

    #[after(1 min in Pausing -> send Reserve => Reserving)]
    fn again(&mut self) -> Reserve {
        Reserve { trip: self.trip }
    }
}

#[test]
fn a_process_that_tries_for_ever() {
    let explored = explore().saga::<NeverCounts>().request(Book { trip: 1 }).run();
    assert_eq!(found(&explored), FaultKind::EndlessLoop);
}

/// Its counter is not stored.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct ForgetsItsTries {
    trip: u32,
    #[serde(skip)]
    tries: u32,
}

#[saga(states(Reserving), no_timeout(Reserving), no_undo(Reserve))]
impl ForgetsItsTries {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        (Self { trip, tries: 0 }, Reserve { trip })
    }

    #[on(ReserveReply in Reserving { Again -> send Reserve => Reserving | Enough -> reply NotBooked => end })]
    fn answered(&mut self, _: ReserveReply) -> Answered {
        self.tries += 1;
        match self.tries {
            3 => Answered::Enough(NotBooked),
            _ => Answered::Again(Reserve { trip: self.trip }),
        }
    }
}

#[test]
fn a_counter_that_is_lost_when_the_process_dies() {
    let explored = explore()
        .saga::<ForgetsItsTries>()
        .request(Book { trip: 1 })
        .run();
    assert_eq!(found(&explored), FaultKind::EndlessLoop);
}

#[test]
fn a_partner_who_never_answers_and_nobody_who_looks() {
    let explored = explore()
        .saga::<ForgetsItsTries>()
        .request(Book { trip: 1 })
        .silence()
        .run();
    assert_eq!(found(&explored), FaultKind::NeverEnds);
}

/// Waits for a word that may never be said.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct WaitsForEver {
    trip: u32,
}

#[saga(states(Reserving, Waiting), no_timeout(Waiting), no_undo(Reserve), ignore(Cancel in Reserving | end), ignore(Reserved, Full in end))]
impl WaitsForEver {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        (Self { trip }, Reserve { trip })
    }

    #[on(Reserved in Reserving -> reply Booked => Waiting)]
    fn reserved(&mut self, _: Reserved) -> Booked {
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

    #[on(Cancel in Waiting => end)]
    fn cancel(&mut self, _: Cancel) {}
}

#[test]
fn a_word_that_comes_too_early_and_is_ignored_leaves_the_process_waiting() {
    let explored = explore()
        .saga::<WaitsForEver>()
        .request(Book { trip: 1 })
        .publish(Cancel { trip: 1 })
        .run();
    assert_eq!(found(&explored), FaultKind::NeverEnds);
    assert!(
        explored
            .violation()
            .unwrap()
            .text()
            .contains("nothing more can happen in `Waiting`")
    );
}

/// Its reminder is always due already.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct DueAlready {
    trip: u32,
    remind_at: Timestamp,
}

#[saga(states(Waiting), no_timeout(Waiting))]
impl DueAlready {
    #[start(Book -> reply Booked => Waiting)]
    fn book(book: Book, context: &Context) -> (Self, Booked) {
        let (trip, remind_at) = (book.trip, context.now());
        (Self { trip, remind_at }, Booked)
    }

    #[at(self.remind_at in Waiting { Again => Waiting | Enough => end })]
    fn remind(&mut self, context: &Context) -> Reminder {
        match context.now() > self.remind_at {
            true => Reminder::Enough,
            false => Reminder::Again,
        }
    }
}

#[test]
fn a_timer_that_is_due_again_as_soon_as_it_has_fired() {
    let explored = explore().saga::<DueAlready>().request(Book { trip: 1 }).run();
    assert_eq!(found(&explored), FaultKind::EndlessLoop);
}
