//! What is stored in one way and read in another; sagas that talk past each other.

use saga_runtime::{
    dead_letter::Reason,
    prelude::*,
    testing::{explore, explore::FaultKind},
};

use super::{contracts::*, found};

/// Writes less than it needs to be read.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Unreadable {
    trip: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

#[saga(states(Reserving), ignore(Reserved, Full in end), no_undo(Reserve))]
impl Unreadable {
    #[start(Book -> send Reserve => Reserving)]
    fn book(book: Book) -> (Self, Reserve) {
        let trip = book.trip;
        let note = String::new();
        (Self { trip, note }, Reserve { trip })
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
fn data_that_is_written_and_cannot_be_read_again() {
    let explored = explore().saga::<Unreadable>().request(Book { trip: 1 }).run();
    assert_eq!(found(&explored), FaultKind::Unreadable);
    assert_printed_and_pasted!(
        &explored,
        "unreadable.txt",
        what_is_stored_can_be_read,
        "missing field `note`"
    );
}

#[derive(Endpoint)]
struct Office;

#[derive(Event, Serialize, Deserialize)]
struct Paid {
    invoice: u32,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Office)]
struct OpenInvoice {
    invoice: u32,
}

/// Opens an invoice under one number and says under another that it was paid.
#[saga(by = trip, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Sells {
    trip: u32,
}

#[saga(states(Charging), ignore(Charged, Declined in end), no_undo(Charge))]
impl Sells {
    #[start(Book -> send OpenInvoice, send Charge => Charging)]
    fn book(book: Book) -> (Self, OpenInvoice, Charge) {
        let trip = book.trip;
        let invoice = 100 + trip;
        (Self { trip }, OpenInvoice { invoice }, Charge { trip })
    }

    #[on(Charged in Charging -> publish Paid, reply Booked => end)]
    fn charged(&mut self, _: Charged) -> (Paid, Booked) {
        (Paid { invoice: self.trip }, Booked)
    }

    #[on(Declined in Charging -> reply NotBooked => end)]
    fn declined(&mut self, _: Declined) -> NotBooked {
        NotBooked
    }

    #[after(1 h in Charging -> reply NotBooked => end)]
    fn late(&mut self) -> NotBooked {
        NotBooked
    }
}

#[saga(by = invoice, at = Office)]
#[derive(Serialize, Deserialize)]
struct Invoice {
    invoice: u32,
}

#[saga(states(Open), no_timeout(Open), unexpected(Paid in end))]
impl Invoice {
    #[start(OpenInvoice => Open)]
    fn open(open: OpenInvoice) -> Self {
        Self {
            invoice: open.invoice,
        }
    }

    #[on(Paid in Open => end)]
    fn paid(&mut self, _: Paid) {}
}

#[test]
fn two_sagas_that_call_one_thing_by_two_names() {
    let explored = explore()
        .saga::<Sells>()
        .saga::<Invoice>()
        .request(Book { trip: 1 })
        .run();
    assert_eq!(found(&explored), FaultKind::DeadLetter(Reason::Unexpected));
}
