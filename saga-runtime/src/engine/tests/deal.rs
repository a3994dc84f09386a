//! Undoing what was done: by the runtime, by hand, not at all; and what a person finds when it cannot be done.

use super::{HOUR, Lab, Reason, Verdict, is_dead};
use crate::{context::IDEMPOTENCY_KEY, limits::Limits, prelude::*};

#[derive(Endpoint)]
struct Office;
#[derive(Endpoint)]
struct Bank;
#[derive(Endpoint)]
struct Depot;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Office, replies(DealDone), refusals(DealOff))]
struct MakeDeal {
    deal: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct DealDone {}
#[derive(Reply, Serialize, Deserialize)]
struct DealOff {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Bank, replies(Paid), refusals(NotPaid))]
struct Pay {}
#[derive(Reply, Serialize, Deserialize)]
struct Paid {
    parts: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct NotPaid {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Bank, replies(Refunded), refusals(NotRefunded))]
struct Refund {
    part: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Refunded {}
#[derive(Reply, Serialize, Deserialize)]
struct NotRefunded {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Depot, replies(Packed), refusals(NoStock))]
struct Pack {}
#[derive(Reply, Serialize, Deserialize)]
struct Packed {}
#[derive(Reply, Serialize, Deserialize)]
struct NoStock {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Depot)]
struct Unpack {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Depot, replies(Shipped), refusals(NotShipped))]
struct Ship {}
#[derive(Reply, Serialize, Deserialize)]
struct Shipped {}
#[derive(Reply, Serialize, Deserialize)]
struct NotShipped {}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
pub(super) struct Cancel {
    pub(super) deal: u32,
}

#[derive(Event, Serialize, Deserialize)]
struct DealLate {}

#[saga(by = deal, at = Office)]
#[derive(Serialize, Deserialize)]
struct Deal {
    deal: u32,
}

#[saga(
    states(Paying, Packing, Shipping),
    settled(Shipping),
    ignore(Cancel in compensate | end),
    no_undo(Ship),
)]
impl Deal {
    #[start(MakeDeal -> send Pay => Paying)]
    fn make(make: MakeDeal) -> (Self, Pay) {
        (Self { deal: make.deal }, Pay {})
    }

    #[on(Paid in Paying -> send Pack => Packing)]
    fn paid(&mut self, _: Paid) -> Pack {
        Pack {}
    }

    #[on(NotPaid in Paying -> reply DealOff => end)]
    fn not_paid(&mut self, _: NotPaid) -> DealOff {
        DealOff {}
    }

    #[on(Packed in Packing -> send Ship => Shipping)]
    fn packed(&mut self, _: Packed) -> Ship {
        Ship {}
    }

    #[on(NoStock in Packing -> send Refund => compensate)]
    fn no_stock(&mut self, _: NoStock) -> Refund {
        Refund { part: 0 }
    }

    #[on(Shipped in Shipping -> reply DealDone => end)]
    fn shipped(&mut self, _: Shipped) -> DealDone {
        DealDone {}
    }

    #[on(NotShipped in Shipping => compensate)]
    fn not_shipped(&mut self, _: NotShipped) {}

    #[on(Cancel in _ => compensate)]
    fn cancel(&mut self, _: Cancel) {}

    #[after(1 d in _ -> publish DealLate => compensate)]
    fn late(&mut self) -> DealLate {
        DealLate {}
    }

    #[compensate(Paid -> send Refund*)]
    fn refund(&self, paid: Paid) -> Result<Vec<Refund>, HandlerError> {
        if paid.parts == 99 {
            return Err(HandlerError::new("no such payment"));
        }
        Ok((0..paid.parts).map(|part| Refund { part }).collect())
    }

    #[compensate(Packed -> send Unpack)]
    fn unpack(&self, _: Packed) -> Unpack {
        Unpack {}
    }

    #[compensated(-> reply DealOff => end)]
    fn off(&mut self) -> DealOff {
        DealOff {}
    }
}

fn packing(parts: u32) -> Lab {
    let mut lab = Lab::of::<Deal>();
    lab.ask(&MakeDeal { deal: 1 });
    lab.answer("Pay", &Paid { parts });
    assert_eq!(lab.emitted(), ["Pay", "Pack"]);
    lab
}

fn keys(lab: &Lab, command: &str) -> Vec<String> {
    let sent = lab.sent.iter().filter(|sent| &*sent.name == command);
    sent.map(|sent| sent.headers[IDEMPOTENCY_KEY].clone()).collect()
}

#[test]
fn requests_still_open_are_awaited_and_a_refusal_closes_one() {
    let mut lab = packing(1);
    lab.give(&Cancel { deal: 1 });
    assert_eq!(lab.emitted(), ["Refund"]);
    lab.answer("Refund", &Refunded {});
    assert_eq!(lab.state(), "compensate");
    lab.answer("Pack", &NoStock {});
    assert_eq!(lab.emitted(), ["DealOff"]);
    assert_eq!(lab.state(), "end");
}

#[test]
fn a_late_success_joins_what_is_undone() {
    let mut lab = packing(1);
    lab.give(&Cancel { deal: 1 });
    lab.answer("Pack", &Packed {});
    assert_eq!(lab.emitted(), ["Refund"]);
    lab.answer("Refund", &Refunded {});
    assert_eq!(lab.emitted(), ["Unpack", "DealOff"]);
    assert_eq!(lab.state(), "end");
}

#[test]
fn an_undo_sent_by_hand_is_not_sent_again() {
    let mut lab = packing(1);
    lab.answer("Pack", &NoStock {});
    assert_eq!(lab.emitted(), ["Refund"]);
    assert_eq!(lab.state(), "compensate");
    lab.answer("Refund", &Refunded {});
    assert_eq!(lab.emitted(), ["DealOff"]);
    assert_eq!(lab.state(), "end");
}

#[test]
fn past_the_point_of_no_return_nothing_is_undone() {
    let mut lab = packing(1);
    lab.answer("Pack", &Packed {});
    lab.answer("Ship", &NotShipped {});
    assert_eq!(lab.emitted(), ["Ship", "DealOff"]);
    assert_eq!(lab.state(), "end");
}

#[test]
fn each_command_of_an_undo_has_an_idempotency_key_of_its_own() {
    let mut lab = packing(2);
    lab.give(&Cancel { deal: 1 });
    let keys = keys(&lab, "Refund");
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    let of_others: Vec<_> = lab.sent.iter().map(|sent| sent.id.to_string()).collect();
    assert!(keys.iter().all(|key| !of_others.contains(key)));
}

#[test]
fn a_refused_undo_parks_and_is_sent_again_under_the_same_key() {
    let mut lab = packing(1);
    lab.give(&Cancel { deal: 1 });
    lab.answer("Refund", &NotRefunded {});
    assert_eq!(lab.parked(), Some("`Refund` was refused with `NotRefunded`"));
    lab.pass(100 * HOUR);
    assert_eq!(lab.emitted(), ["Refund"], "a parked instance waits for a person");
    assert_eq!(lab.retry(), Verdict::Taken);
    assert_eq!(lab.parked(), None);
    let keys = keys(&lab, "Refund");
    assert_eq!(keys[0], keys[1]);
    lab.answer("Refund", &Refunded {});
    lab.answer("Pack", &NoStock {});
    assert_eq!(lab.state(), "end");
}

#[test]
fn an_unanswered_undo_parks_and_its_late_answer_still_counts() {
    let mut lab = packing(1);
    lab.give(&Cancel { deal: 1 });
    lab.pass(HOUR);
    assert!(lab.parked().unwrap().contains("no answer to `Refund`"));
    lab.answer("Refund", &Refunded {});
    assert_eq!(lab.parked(), None);
    lab.answer("Pack", &NoStock {});
    assert_eq!(lab.state(), "end");
}

#[test]
fn an_undo_of_two_parts_is_done_when_both_are_whichever_attempt_was_answered() {
    let mut lab = packing(2);
    lab.give(&Cancel { deal: 1 });
    lab.answer("Pack", &NoStock {});
    lab.pass(HOUR);
    lab.retry();
    lab.emitted();
    // The first part answers both attempts, the second none yet.
    lab.answer_nth("Refund", 0, &Refunded {});
    assert!(matches!(
        lab.answer_nth("Refund", 2, &Refunded {}),
        Verdict::Discarded(_)
    ));
    assert_eq!(lab.state(), "compensate");
    lab.answer_nth("Refund", 3, &Refunded {});
    assert_eq!(lab.state(), "end");
    assert!(matches!(
        lab.answer_nth("Refund", 1, &Refunded {}),
        Verdict::Discarded(_)
    ));
}

#[test]
fn one_part_refused_keeps_an_undo_parked_though_the_other_succeeds() {
    let mut lab = packing(2);
    lab.give(&Cancel { deal: 1 });
    lab.answer_nth("Refund", 0, &NotRefunded {});
    lab.answer_nth("Refund", 1, &Refunded {});
    assert!(lab.parked().is_some());
    assert_eq!(lab.state(), "compensate");
}

#[test]
fn an_undo_that_fails_sets_its_cause_aside_and_undoes_nothing() {
    let mut lab = packing(99);
    let before = lab.found.clone();
    assert!(is_dead(&lab.give(&Cancel { deal: 1 }), Reason::HandlerFailed));
    assert_eq!(lab.found, before);
}

#[test]
fn a_success_that_cannot_be_noted_for_its_undo_is_set_aside_not_forgotten() {
    let mut lab = Lab::within::<Deal>(Limits {
        steps: 0,
        ..Limits::default()
    });
    lab.ask(&MakeDeal { deal: 1 });
    lab.give(&Cancel { deal: 1 });
    assert!(is_dead(
        &lab.answer("Pay", &Paid { parts: 1 }),
        Reason::TooManyWaiting
    ));
    assert_eq!(lab.state(), "compensate");
}

#[test]
fn an_answer_given_twice_is_set_aside() {
    let mut lab = packing(1);
    assert!(is_dead(
        &lab.answer("Pay", &Paid { parts: 1 }),
        Reason::NoOpenRequest
    ));
}

#[test]
fn the_effects_of_the_clause_that_compensates_come_before_the_first_undo() {
    let mut lab = packing(1);
    lab.pass(24 * HOUR);
    assert_eq!(lab.emitted(), ["DealLate", "Refund"]);
}

#[test]
fn a_request_that_nobody_answers_parks_a_compensation_whose_undos_are_done() {
    let mut lab = packing(1);
    lab.give(&Cancel { deal: 1 });
    lab.answer("Refund", &Refunded {});
    lab.pass(HOUR);
    assert!(lab.parked().unwrap().contains("no answer to `Pack`"));
    assert_eq!(
        lab.emitted(),
        ["Refund"],
        "the sender is not told that all is undone"
    );
    lab.answer("Pack", &Packed {});
    assert_eq!(lab.emitted(), ["Unpack", "DealOff"]);
    assert_eq!(lab.state(), "end");
}

#[test]
fn an_undo_refused_again_and_again_parks_again_and_nothing_is_said_to_be_undone() {
    let mut lab = packing(1);
    lab.give(&Cancel { deal: 1 });
    lab.answer("Pack", &NoStock {});
    for _ in 0..3 {
        lab.answer("Refund", &NotRefunded {});
        assert!(lab.parked().is_some());
        lab.retry();
        assert!(lab.parked().is_none());
    }
    assert_eq!(lab.state(), "compensate");
    assert_eq!(lab.emitted(), ["Refund"; 4]);
}

#[test]
fn a_late_success_joins_a_parked_compensation_and_is_undone_when_its_turn_comes() {
    let mut lab = packing(1);
    lab.give(&Cancel { deal: 1 });
    lab.answer("Refund", &NotRefunded {});
    lab.answer("Pack", &Packed {});
    assert!(lab.parked().is_some(), "the refusal still needs a person");
    assert_eq!(
        lab.emitted(),
        ["Refund"],
        "one at a time, and none while it is parked"
    );
    lab.retry();
    assert_eq!(lab.emitted(), ["Refund"]);
    lab.answer("Refund", &Refunded {});
    assert_eq!(lab.emitted(), ["Unpack", "DealOff"]);
    assert_eq!(lab.state(), "end");
}
