//! What can happen does: each kind of event that the explorer says it looks at is found at each moment it can come.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use saga_runtime::{
    prelude::*,
    testing::{
        explore,
        explore::{Explorer, FaultKind, View},
    },
};

use crate::seeded::contracts::*;

/// Books a seat, charges for it, and notes what it had come to when it was cancelled.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Trip {
    trip: u32,
    cancelled_in: String,
}

#[saga(states(Reserving, Charging), no_undo(Charge), ignore(Cancel in end))]
impl Trip {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        let cancelled_in = String::new();
        (Self { trip, cancelled_in }, Reserve { trip })
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

    #[on(Cancel in Reserving => compensate)]
    fn cancel_early(&mut self, _: Cancel) {
        self.cancelled_in.push_str("Reserving");
    }

    #[on(Cancel in Charging => compensate)]
    fn cancel(&mut self, _: Cancel) {
        self.cancelled_in.push_str("Charging");
    }

    #[on(Cancel in compensate)]
    fn cancel_again(&mut self, _: Cancel) {
        self.cancelled_in.push_str("compensate");
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

fn desk() -> Explorer {
    explore()
        .saga::<Trip>()
        .request(Book { trip: 1 })
        .publish(Cancel { trip: 1 })
        .perhaps()
        .allows_parked()
}

/// Whether the explorer finds a way to what the sentence says.
fn happens(explorer: Explorer, sentence: fn(&View<'_, Trip>) -> bool) -> bool {
    let explored = explorer.never("this", sentence).run();
    match explored.violation() {
        Some(violation) => violation.kind() == FaultKind::Property,
        None => false,
    }
}

#[test]
fn a_cancellation_comes_at_every_moment() {
    desk().check();
    let moments: [fn(&View<'_, Trip>) -> bool; 5] = [
        // Before there is anything to cancel: it waits, and meets the first state.
        |trip| trip.data().is_some_and(|trip| trip.cancelled_in == "Reserving"),
        |trip| trip.data().is_some_and(|trip| trip.cancelled_in == "Charging"),
        |trip| trip.data().is_some_and(|trip| trip.cancelled_in == "compensate"),
        // When all is over.
        |trip| trip.is_in("end") && trip.replied::<Booked>() > 0 && trip.received::<Cancel>() > 0,
        |trip| trip.is_in("end") && trip.replied::<NotBooked>() > 0 && trip.received::<Cancel>() == 0,
    ];
    for (moment, sentence) in moments.into_iter().enumerate() {
        assert!(happens(desk(), sentence), "moment {moment}");
    }
}

#[test]
fn each_answer_and_the_timeout_at_every_moment_comes() {
    let ends: [fn(&View<'_, Trip>) -> bool; 6] = [
        |trip| trip.received::<Full>() > 0,
        |trip| trip.received::<Charged>() > 0,
        |trip| trip.received::<Declined>() > 0,
        // The timeout before, and the answer after it.
        |trip| trip.is_in("compensate") && trip.received::<Reserved>() == 0 && trip.received::<Cancel>() == 0,
        |trip| trip.is_in("compensate") && trip.received::<Charged>() > 0,
        |trip| trip.received::<ReleaseRefused>() > 0,
    ];
    for (nth, sentence) in ends.into_iter().enumerate() {
        assert!(happens(desk(), sentence), "way {nth}");
    }
}

#[test]
fn two_senders_who_start_one_key_share_its_instance_and_are_both_answered() {
    let two = || desk().request(Book { trip: 1 });
    two()
        .never("two reservations", |trip: &View<'_, Trip>| {
            trip.sent::<Reserve>() > 1
        })
        .check();
    // The second joins the first while it waits, or comes when all is told.
    let moments: [fn(&View<'_, Trip>) -> bool; 4] = [
        |trip| trip.is_in("Reserving") && trip.received::<Book>() == 2,
        |trip| trip.is_in("compensate") && trip.received::<Book>() == 2,
        |trip| trip.is_in("end") && trip.received::<Book>() == 2 && trip.replied::<Booked>() == 2,
        |trip| trip.is_in("end") && trip.received::<Book>() == 2 && trip.replied::<NotBooked>() == 2,
    ];
    for (moment, sentence) in moments.into_iter().enumerate() {
        assert!(happens(two(), sentence), "moment {moment}");
    }
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Desk)]
struct WatchTrip {
    trip: u32,
}

/// A saga of another type under the same key: it hears the same cancellation.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Watch {
    trip: u32,
}

#[saga(states(Watching), ignore(Cancel in end))]
impl Watch {
    #[start(WatchTrip => Watching)]
    fn begin(watch: WatchTrip) -> Self {
        Self { trip: watch.trip }
    }

    #[on(Cancel in Watching => end)]
    fn cancelled(&mut self, _: Cancel) {}

    #[after(1 d in Watching => end)]
    fn gone(&mut self) {}
}

#[test]
fn instances_of_two_sagas_that_share_a_key_each_hear_an_event() {
    let both = || {
        explore()
            .saga::<Trip>()
            .saga::<Watch>()
            .request(Book { trip: 1 })
            .send(WatchTrip { trip: 1 })
            .publish(Cancel { trip: 1 })
            .allows_parked()
    };
    let explored = both().check();
    assert_eq!(explored.groups(), 1, "what shares an event is mixed");
    assert!(happens(both(), |trip| trip.received::<Cancel>() > 0));
    let watched = both().never("heard", |watch: &View<'_, Watch>| watch.received::<Cancel>() > 0);
    assert_eq!(watched.run().violation().unwrap().kind(), FaultKind::Property);
}

#[test]
fn a_crash_follows_every_commit_and_changes_nothing_that_can_be_found() {
    let with = |at_once| desk().repeats(1).crashes(at_once).check();
    let (never, one, two) = (with(0), with(1), with(2));
    assert_eq!(never.crashes(), 0);
    assert!(one.crashes() > 0 && two.crashes() > one.crashes());
    // Each state but the first, with and without something that comes again; and no other.
    assert_eq!(one.states(), 2 * never.states() - 1, "{one}");
    assert!(two.states() < 3 * never.states(), "{two}");
}

/// Counts how often it is asked.
struct PartnerDesk(Arc<AtomicU32>);

#[service(at = Partner)]
impl PartnerDesk {
    #[on(Reserve)]
    async fn reserve(&self, _: Reserve) -> Result<ReserveReply, ServiceError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Reserved { seats: vec![7] }.into())
    }

    #[on(Release)]
    async fn release(&self, _: Release) -> Result<ReleaseReply, ServiceError> {
        Ok(Released.into())
    }

    #[on(Charge)]
    async fn charge(&self, _: Charge) -> Result<ChargeReply, ServiceError> {
        Ok(Charged.into())
    }
}

#[test]
fn a_service_is_run_again_when_the_process_dies_before_its_commit() {
    let asked = Arc::new(AtomicU32::new(0));
    explore()
        .saga::<Trip>()
        .service(PartnerDesk(Arc::clone(&asked)))
        .request(Book { trip: 1 })
        .check();
    assert_eq!(
        asked.load(Ordering::Relaxed),
        2,
        "once, and once more after a crash"
    );
}
