//! Messages that nobody handles, and senders who wait in vain.

use std::sync::atomic::{AtomicU32, Ordering};

use saga_runtime::{
    dead_letter::Reason,
    prelude::*,
    testing::{
        explore,
        explore::{Explorer, FaultKind, View},
    },
};

use super::{contracts::*, found};

/// Takes one cancellation, and announces only what was not cancelled.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Forgetful {
    trip: u32,
    cancelled: bool,
}

#[saga(
    states(Reserving),
    ignore(Reserved, Full in end),
    no_undo(Reserve),
    unexpected(Cancel in end)
)]
impl Forgetful {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        (
            Self {
                trip,
                cancelled: false,
            },
            Reserve { trip },
        )
    }

    #[on(Cancel in Reserving)]
    fn cancel(&mut self, _: Cancel) -> Result<(), HandlerError> {
        if self.cancelled {
            return Err(HandlerError::new("cancelled already"));
        }
        self.cancelled = true;
        Ok(())
    }

    #[on(Reserved in Reserving -> publish TripSold?, reply Booked => end)]
    fn reserved(&mut self, _: Reserved) -> (Option<TripSold>, Booked) {
        let sold = (!self.cancelled).then_some(TripSold { trip: self.trip });
        (sold, Booked)
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

fn forgetful() -> Explorer {
    explore()
        .saga::<Forgetful>()
        .request(Book { trip: 1 })
        .publish(Cancel { trip: 1 })
        .perhaps()
}

#[test]
fn a_cancellation_before_there_is_anything_to_cancel() {
    let explored = forgetful().run();
    assert_eq!(found(&explored), FaultKind::DeadLetter(Reason::Unexpected));
    assert_eq!(explored.violation().unwrap().steps(), 2);
    assert_printed_and_pasted!(
        &explored,
        "early_cancel.txt",
        no_message_becomes_a_dead_letter,
        "Unexpected"
    );
}

#[test]
fn an_event_that_comes_twice_and_was_expected_once() {
    let explored = forgetful().allows_unexpected().repeats(1).run();
    assert_eq!(found(&explored), FaultKind::DeadLetter(Reason::HandlerFailed));
}

#[test]
fn a_booking_that_is_not_announced_on_every_way() {
    let explored = explore()
        .saga::<Forgetful>()
        .request(Book { trip: 1 })
        .publish(Cancel { trip: 1 })
        .perhaps()
        .allows_unexpected()
        .always("what is booked is announced", |trip: &View<'_, Forgetful>| {
            trip.replied::<Booked>() == trip.published::<TripSold>()
        })
        .run();
    assert_eq!(found(&explored), FaultKind::Property);
}

#[test]
fn something_that_is_never_said_on_some_way() {
    let explored = explore()
        .saga::<Forgetful>()
        .request(Book { trip: 1 })
        .eventually("sold", |trip: &View<'_, Forgetful>| {
            trip.published::<TripSold>() > 0
        })
        .run();
    assert_eq!(found(&explored), FaultKind::Property);
    assert!(
        explored
            .violation()
            .unwrap()
            .text()
            .contains("eventually \"sold\"")
    );
}

/// Numbers its reservations from a counter of its own process.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Numbers {
    trip: u32,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

#[saga(states(Reserving), ignore(Reserved, Full in end), no_undo(Reserve))]
impl Numbers {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = NEXT.fetch_add(1, Ordering::Relaxed);
        (Self { trip: book.trip }, Reserve { trip })
    }

    #[on(ReserveReply in Reserving -> reply Booked => end)]
    fn reserved(&mut self, _: ReserveReply) -> Booked {
        Booked
    }

    #[after(1 h in Reserving -> reply NotBooked => end)]
    fn late(&mut self) -> NotBooked {
        NotBooked
    }
}

#[test]
fn a_handler_that_does_something_else_when_it_is_run_again() {
    let explored = explore().saga::<Numbers>().request(Book { trip: 1 }).run();
    assert_eq!(found(&explored), FaultKind::NotRepeatable);
}
