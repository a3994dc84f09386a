//! Sagas with services that remember: killed at every step, everything twice.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use saga_runtime::{
    prelude::*,
    testing::{Rehearsal, crash_at_every_step, deliver_everything_twice},
};

use crate::{
    entries::Entered,
    ledger::Ledger,
    order::place,
    saga::Fulfilment,
    seeded::contracts::*,
    services::{BillingDesk, Bookkeeper, WarehouseDesk},
};

/// The order process of the example with its real services and their books.
fn shop() -> Rehearsal {
    let ledger = Ledger::open(None).unwrap();
    let books = ledger.clone();
    Rehearsal::new()
        .saga::<Fulfilment>()
        .service(BillingDesk(ledger.clone()))
        .service(WarehouseDesk(ledger.clone()))
        .service(Bookkeeper(ledger))
        .request(place("o-1"))
        .then(move || {
            let entries = books.entries().unwrap();
            let entered = |kind: &str| entries[&("o-1".to_owned(), kind.to_owned())];
            let once = |cents| Entered { times: 1, cents };
            assert_eq!(entered("Charge"), once(4_200));
            assert_eq!((entered("Label"), entered("Ready")), (once(4_200), once(0)));
        })
}

#[test]
fn the_order_process_comes_to_the_same_wherever_it_is_killed() {
    let plays = crash_at_every_step(shop);
    assert!(plays > 8, "{plays}");
}

#[test]
fn the_order_process_comes_to_the_same_with_everything_twice() {
    deliver_everything_twice(shop);
}

/// Charges each time it is asked.
#[derive(Clone, Default)]
struct Greedy(Arc<Mutex<u32>>);

#[service(at = Partner)]
impl Greedy {
    #[on(Charge)]
    async fn charge(&self, _: Charge) -> ChargeReply {
        *self.0.lock().unwrap() += 1;
        Charged.into()
    }
}

/// Counts its steps, and does not store the count.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Counts {
    trip: u32,
    #[serde(skip)]
    asked: u32,
}

#[saga(states(Charging), no_timeout(Charging), no_undo(Charge))]
impl Counts {
    #[start(Book -> send Charge => Charging)]
    fn book(book: Book) -> (Self, Charge) {
        let trip = book.trip;
        (Self { trip, asked: 1 }, Charge { trip })
    }

    #[on(ChargeReply in Charging { Again -> send Charge => Charging | Enough -> reply Booked => end })]
    fn answered(&mut self, _: ChargeReply) -> Answered {
        self.asked += 1;
        match self.asked {
            2 => Answered::Again(Charge { trip: self.trip }),
            _ => Answered::Enough(Booked),
        }
    }
}

/// Charges once.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Charges {
    trip: u32,
}

#[saga(states(Charging), no_timeout(Charging), no_undo(Charge))]
impl Charges {
    #[start(Book -> send Charge => Charging)]
    fn book(book: Book) -> (Self, Charge) {
        let trip = book.trip;
        (Self { trip }, Charge { trip })
    }

    #[on(ChargeReply in Charging -> reply Booked => end)]
    fn answered(&mut self, _: ChargeReply) -> Booked {
        Booked
    }
}

fn greedy() -> Rehearsal {
    let desk = Greedy::default();
    let charges = Arc::clone(&desk.0);
    Rehearsal::new()
        .saga::<Charges>()
        .service(desk)
        .request(Book { trip: 1 })
        .then(move || assert_eq!(*charges.lock().unwrap(), 1, "charges"))
}

fn forgetful() -> Rehearsal {
    Rehearsal::new().saga::<Counts>().request(Book { trip: 1 })
}

fn told(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("it is found");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_service_that_does_its_work_again_is_found_by_a_crash() {
    let told = told(|| {
        crash_at_every_step(greedy);
    });
    assert!(
        told.contains("killed before the commit of step 2 (`Charge` at Greedy)"),
        "{told}"
    );
    assert!(told.contains("charges"), "{told}");
}

#[test]
fn a_service_that_does_its_work_again_is_found_by_doing_everything_twice() {
    let told = told(|| deliver_everything_twice(greedy));
    assert!(told.contains("everything twice"), "{told}");
}

#[test]
fn what_a_saga_does_not_store_is_lost_in_a_crash() {
    let told = told(|| {
        crash_at_every_step(forgetful);
    });
    assert!(told.contains("it comes to something else"), "{told}");
    assert!(told.contains("KILLED"), "{told}");
}

#[test]
fn a_saga_alone_is_played_with_what_its_commands_declare() {
    deliver_everything_twice(forgetful);
}
