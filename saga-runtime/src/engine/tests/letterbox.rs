//! Messages out of season: deferred, ignored, unexpected, unhandled; and instances that are not there.

use super::{Lab, Reason, Verdict, is_dead};
use crate::{limits::Limits, prelude::*};

#[derive(Endpoint)]
struct House;

#[derive(Command, Serialize, Deserialize)]
#[command(to = House, replies(Put))]
struct PutUp {
    house: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Put {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = House, replies(Counted), refusals(NoHouse))]
struct Count {
    house: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Counted {
    letters: Vec<u32>,
}
#[derive(Reply, Serialize, Deserialize)]
struct NoHouse {}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Opened {
    house: u32,
}
#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Shut {
    house: u32,
}
#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Letter {
    house: u32,
    number: u32,
}
#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Bill {
    house: u32,
}
#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Burnt {
    house: u32,
}

#[saga(by = house, at = House)]
#[derive(Serialize, Deserialize)]
struct Letterbox {
    house: u32,
    read: Vec<u32>,
}

#[saga(
    states(Closed, Open),
    no_timeout(Closed, Open),
    defer(Letter in Closed),
    ignore(Opened in Open | end),
    ignore(Shut in Closed | end),
    ignore(Burnt in end),
    ignore(Letter in end),
    ignore(Bill in Closed),
    unexpected(Bill in Open | end),
)]
impl Letterbox {
    #[start(PutUp -> reply Put => Closed)]
    fn put_up(put: PutUp) -> (Self, Put) {
        let read = Vec::new();
        (
            Self {
                house: put.house,
                read,
            },
            Put {},
        )
    }

    #[on(Opened in Closed => Open)]
    fn open(&mut self, _: Opened) {}

    #[on(Shut in Open => Closed)]
    fn shut(&mut self, _: Shut) {}

    #[on(Letter in Open)]
    fn read(&mut self, letter: Letter) -> Result<(), HandlerError> {
        if letter.number == 13 {
            return Err(HandlerError::new("an unlucky letter"));
        }
        self.read.push(letter.number);
        Ok(())
    }

    #[on(Count in _ -> reply Counted)]
    fn count(&mut self, _: Count) -> Counted {
        Counted {
            letters: self.read.clone(),
        }
    }

    #[on(Count in end -> reply NoHouse)]
    fn gone(_: Count) -> NoHouse {
        NoHouse {}
    }

    #[on(Burnt in _ => end)]
    fn burn(&mut self, _: Burnt) {}
}

fn house() -> Lab {
    let mut lab = Lab::of::<Letterbox>();
    lab.ask(&PutUp { house: 1 });
    assert_eq!(lab.emitted(), ["Put"]);
    lab
}

fn letter(number: u32) -> Letter {
    Letter { house: 1, number }
}

fn read(lab: &Lab) -> Vec<u32> {
    let saga: Letterbox = serde_json::from_slice(&lab.row().data).unwrap();
    saga.read
}

#[test]
fn deferred_messages_come_again_in_order_once_the_state_was_left() {
    let mut lab = house();
    for number in [3, 1, 2] {
        assert_eq!(lab.give(&letter(number)), Verdict::Taken);
    }
    assert_eq!(read(&lab), [0; 0]);
    lab.give(&Opened { house: 1 });
    assert_eq!(read(&lab), [3, 1, 2]);
    assert!(lab.book().deferred.is_empty());
}

#[test]
fn deferring_is_bounded() {
    let mut lab = Lab::within::<Letterbox>(Limits {
        deferred: 2,
        ..Limits::default()
    });
    lab.ask(&PutUp { house: 1 });
    lab.give(&letter(1));
    lab.give(&letter(2));
    assert!(is_dead(&lab.give(&letter(3)), Reason::TooManyWaiting));
    lab.give(&Opened { house: 1 });
    assert_eq!(read(&lab), [1, 2]);
}

#[test]
fn what_is_ignored_has_no_effect() {
    let mut lab = house();
    let before = lab.found.clone();
    assert!(matches!(lab.give(&Bill { house: 1 }), Verdict::Discarded(_)));
    assert_eq!(lab.found, before);
}

#[test]
fn what_is_unexpected_is_set_aside_with_state_and_message_named() {
    let mut lab = house();
    lab.give(&Opened { house: 1 });
    let Verdict::Dead(Reason::Unexpected, detail) = lab.give(&Bill { house: 1 }) else {
        panic!("not set aside");
    };
    assert_eq!(
        detail,
        "saga `Letterbox`, instance `1` in state `Open`: `Bill`: `unexpected` was written for it"
    );
}

#[test]
fn a_failing_handler_changes_nothing() {
    let mut lab = house();
    lab.give(&Opened { house: 1 });
    lab.give(&letter(12));
    let before = lab.found.clone();
    assert!(is_dead(&lab.give(&letter(13)), Reason::HandlerFailed));
    assert_eq!(lab.found, before);
}

#[test]
fn a_repeated_start_gets_the_recorded_answer_from_an_instance_that_lives_and_from_one_that_ended() {
    let mut lab = house();
    lab.ask(&PutUp { house: 1 });
    assert_eq!(lab.emitted(), ["Put"]);
    lab.give(&Burnt { house: 1 });
    assert_eq!(lab.state(), "end");
    let id = lab.ask(&PutUp { house: 1 });
    assert_eq!(lab.emitted[0].envelope.in_reply_to, Some(id));
    assert_eq!(lab.emitted(), ["Put"]);
    assert_eq!(lab.state(), "end");
}

#[test]
fn a_command_to_an_instance_that_ended_is_answered_by_its_own_clause() {
    let mut lab = house();
    lab.give(&Burnt { house: 1 });
    lab.ask(&Count { house: 1 });
    assert_eq!(lab.emitted(), ["NoHouse"]);
}

#[test]
fn a_command_to_an_instance_that_never_was_is_answered_likewise_after_the_wait() {
    let mut lab = Lab::of::<Letterbox>();
    lab.ask(&Count { house: 1 });
    assert_eq!(lab.emitted(), ["NoHouse"]);
}

#[test]
fn a_finished_instance_is_told_from_one_that_never_was() {
    let mut finished = house();
    finished.give(&Burnt { house: 1 });
    let before_wait = finished.engine.open(finished.found.clone()).unwrap();
    assert!(matches!(before_wait, super::Slot::Finished(_)));
    assert!(is_dead(&finished.give(&Bill { house: 1 }), Reason::Unexpected));
    let mut absent = Lab::of::<Letterbox>();
    assert!(matches!(absent.give(&letter(1)), Verdict::Discarded(_)));
}
