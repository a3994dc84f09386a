//! Two commands with one type of reply: what answers which is told apart, in a join and when it is undone.

use super::{HOUR, Lab};
use crate::prelude::*;

#[derive(Endpoint)]
struct Desk;
#[derive(Endpoint)]
struct Printer;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Desk, replies(Ready), refusals(NotReady))]
struct Pack {
    parcel: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Ready {
    labels: String,
}
#[derive(Reply, Serialize, Deserialize)]
struct NotReady {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Printer, replies(Printed))]
struct PrintAddress {}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Printer, replies(Printed))]
struct PrintCustoms {}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Printer, replies(Printed))]
struct PrintNotes {
    nth: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Printed {
    text: String,
}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Printer)]
struct Shred {
    what: String,
}

#[saga(by = parcel, at = Desk)]
#[derive(Serialize, Deserialize)]
struct Parcel {
    parcel: u32,
}

#[saga(states(Printing), no_undo(PrintNotes))]
impl Parcel {
    #[start(Pack -> send PrintAddress, send PrintCustoms?, send PrintNotes* => Printing)]
    fn pack(pack: Pack) -> (Self, PrintAddress, Option<PrintCustoms>, Vec<PrintNotes>) {
        let notes = (0..2).map(|nth| PrintNotes { nth }).collect();
        (
            Self { parcel: pack.parcel },
            PrintAddress {},
            Some(PrintCustoms {}),
            notes,
        )
    }

    #[all(Printed* of PrintNotes, Printed? of PrintCustoms, Printed of PrintAddress in Printing -> reply Ready => end)]
    fn printed(&mut self, notes: Vec<Printed>, customs: Option<Printed>, address: Printed) -> Ready {
        let mut labels = format!("{} {}", address.text, customs.unwrap().text);
        for note in notes {
            labels += &format!(" {}", note.text);
        }
        Ready { labels }
    }

    #[after(1 h in Printing => compensate)]
    fn late(&mut self) {}

    #[compensate(Printed of PrintAddress -> send Shred)]
    fn shred_address(&self, printed: Printed) -> Shred {
        Shred {
            what: format!("address {}", printed.text),
        }
    }

    #[compensate(Printed of PrintCustoms -> send Shred)]
    fn shred_customs(&self, printed: Printed) -> Shred {
        Shred {
            what: format!("customs {}", printed.text),
        }
    }

    #[compensated(-> reply NotReady => end)]
    fn shredded(&mut self) -> NotReady {
        NotReady {}
    }
}

fn packing() -> Lab {
    let mut lab = Lab::of::<Parcel>();
    lab.ask(&Pack { parcel: 1 });
    lab.emitted.clear();
    lab
}

fn printed(text: &str) -> Printed {
    Printed { text: text.into() }
}

#[test]
fn a_join_tells_replies_of_one_type_apart_by_what_they_answer_in_whatever_order() {
    let arrivals = [
        ("PrintAddress", 0, "A"),
        ("PrintCustoms", 0, "C"),
        ("PrintNotes", 0, "n0"),
        ("PrintNotes", 1, "n1"),
    ];
    for first in 0..arrivals.len() {
        let mut lab = packing();
        let (later, sooner) = arrivals.split_at(first);
        for (command, nth, text) in sooner.iter().chain(later) {
            lab.answer_nth(command, *nth, &printed(text));
        }
        assert_eq!(lab.state(), "end", "{first}");
        let ready: Ready = serde_json::from_slice(&lab.emitted.remove(0).envelope.body).unwrap();
        let notes = if first == 3 { "n1 n0" } else { "n0 n1" };
        assert_eq!(ready.labels, format!("A C {notes}"), "{first}");
    }
}

#[test]
fn steps_completed_by_one_type_of_reply_are_undone_each_by_its_own_command() {
    let mut lab = packing();
    lab.answer("PrintCustoms", &printed("C"));
    lab.answer("PrintAddress", &printed("A"));
    lab.pass(HOUR);
    lab.answer_nth("PrintNotes", 0, &printed("n0"));
    lab.answer_nth("PrintNotes", 1, &printed("n1"));
    assert_eq!(lab.state(), "end");
    let shredded: Vec<String> = lab
        .sent
        .iter()
        .filter(|sent| &*sent.name == "Shred")
        .map(|sent| serde_json::from_slice::<Shred>(&sent.body).unwrap().what)
        .collect();
    assert_eq!(shredded, ["address A", "customs C"]);
}
