//! Sagas that talk to each other: what never meets is explored apart, what meets somewhere is mixed.

use saga_runtime::{
    prelude::*,
    testing::{explore, explore::Explorer},
};

use crate::seeded::contracts::*;

#[derive(Endpoint)]
struct Yard;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Yard, replies(Parked))]
struct Park {
    slot: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Parked;

/// Parks in the slot that its trip's last digit names.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Drive {
    trip: u32,
}

#[saga(states(Parking), no_undo(Park), ignore(Parked in end))]
impl Drive {
    #[start(Book -> send Park => Parking)]
    fn book(book: Book) -> (Self, Park) {
        let trip = book.trip;
        (Self { trip }, Park { slot: trip % 10 })
    }

    #[on(Parked in Parking -> reply Booked => end)]
    fn parked(&mut self, _: Parked) -> Booked {
        Booked
    }

    #[after(1 h in Parking -> reply NotBooked => end)]
    fn late(&mut self) -> NotBooked {
        NotBooked
    }
}

/// Whoever comes second finds that it was done.
#[saga(by = slot, at = Yard)]
#[derive(Serialize, Deserialize)]
struct Slot {
    slot: u32,
}

#[saga(states(Clearing))]
impl Slot {
    #[start(Park => Clearing)]
    fn park(park: Park) -> Self {
        Self { slot: park.slot }
    }

    #[after(1 min in Clearing -> reply Parked => end)]
    fn cleared(&mut self) -> Parked {
        Parked
    }
}

fn drives(trips: impl IntoIterator<Item = u32>) -> Explorer {
    let yard = explore().saga::<Drive>().saga::<Slot>();
    trips
        .into_iter()
        .fold(yard, |yard, trip| yard.request(Book { trip }))
}

#[test]
fn what_sagas_say_to_each_other_keeps_them_together_only_where_they_meet() {
    let one = drives([1]).check();
    let apart = drives([1, 2, 3]).check();
    assert_eq!((apart.groups(), apart.states()), (3, 3 * one.states()));
    let meeting = drives([1, 11]).check();
    assert_eq!(meeting.groups(), 1, "both park in one slot");
    let mixed = drives([1, 2]).together().check();
    println!("one: {one}\nthree apart: {apart}\ntwo that meet: {meeting}\ntwo mixed: {mixed}");
    assert!(mixed.states() > 5 * one.states());
}
