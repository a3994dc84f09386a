//! What one build of a saga left, as another finds it: nothing of it may end silently.

use jiff::Timestamp;

use super::{HOUR, Lab, Reason, Verdict, is_dead};
use crate::prelude::*;

#[derive(Endpoint)]
struct Desk;
#[derive(Endpoint)]
struct Partner;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Desk)]
struct Plan {
    trip: u32,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partner, replies(Insured))]
struct Insure {}
#[derive(Reply, Serialize, Deserialize)]
struct Insured {}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Partner, replies(Uninsured), refusals(StillInsured))]
struct Uninsure {}
#[derive(Reply, Serialize, Deserialize)]
struct Uninsured {}
#[derive(Reply, Serialize, Deserialize)]
struct StillInsured {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Partner, replies(Booked))]
struct Book {}
#[derive(Reply, Serialize, Deserialize)]
struct Booked {}
#[derive(Command, Serialize, Deserialize)]
#[command(to = Partner, replies(Unbooked))]
struct Unbook {}
#[derive(Reply, Serialize, Deserialize)]
struct Unbooked {}

/// Insures, then books; after an hour it undoes both, or says that the insurance needs no undo.
macro_rules! insuring {
    ($name:ident, [$($no_undo:tt)*], $(#[compensate($($undo:tt)*)] fn uninsure)?) => {
        #[saga(by = trip, at = Desk, name = "Trip")]
        #[derive(Serialize, Deserialize)]
        struct $name {
            trip: u32,
        }

        #[saga(
            states(Insuring, Booking, Booked_),
            no_timeout(Insuring, Booking),
            ignore(Plan in compensate | end),
            $($no_undo)*
        )]
        impl $name {
            #[start(Plan -> send Insure => Insuring)]
            fn plan(plan: Plan) -> (Self, Insure) {
                (Self { trip: plan.trip }, Insure {})
            }

            #[on(Insured in Insuring -> send Book => Booking)]
            fn insured(&mut self, _: Insured) -> Book {
                Book {}
            }

            #[on(Booked in Booking => Booked_)]
            fn booked(&mut self, _: Booked) {}

            #[after(1 h in Booked_ => compensate)]
            fn too_late(&mut self) {}

            $(#[compensate($($undo)*)]
            fn uninsure(&self, _: Insured) -> Uninsure {
                Uninsure {}
            })?

            #[compensate(Booked -> send Unbook)]
            fn unbook(&self, _: Booked) -> Unbook {
                Unbook {}
            }
        }
    };
}
insuring!(Older, [], #[compensate(Insured -> send Uninsure)] fn uninsure);
insuring!(Forgiving, [no_undo(Insure)],);

/// Does not insure any more; its timer has another name.
#[saga(by = trip, at = Desk, name = "Trip")]
#[derive(Serialize, Deserialize)]
struct Newer {
    trip: u32,
}

#[saga(states(Booking, Booked_), no_timeout(Booking), ignore(Plan in compensate | end))]
impl Newer {
    #[start(Plan -> send Book => Booking)]
    fn plan(plan: Plan) -> (Self, Book) {
        (Self { trip: plan.trip }, Book {})
    }

    #[on(Booked in Booking => Booked_)]
    fn booked(&mut self, _: Booked) {}

    #[after(2 h in Booked_ => compensate)]
    fn much_too_late(&mut self) {}

    #[compensate(Booked -> send Unbook)]
    fn unbook(&self, _: Booked) -> Unbook {
        Unbook {}
    }
}

/// Insured and booked by the older build.
fn booked() -> Lab {
    let mut lab = Lab::of::<Older>();
    lab.give(&Plan { trip: 1 });
    lab.answer("Insure", &Insured {});
    lab.answer("Book", &Booked {});
    assert_eq!(lab.state(), "Booked_");
    lab
}

#[test]
fn a_step_whose_undo_is_gone_parks_the_compensation_until_a_build_has_it() {
    let mut lab = booked();
    lab.pass(HOUR);
    lab.becomes::<Newer>();
    assert_eq!(lab.answer("Unbook", &Unbooked {}), Verdict::Taken);
    let parked = lab.parked().unwrap();
    assert!(parked.contains("`#[compensate(Insured ..)]`"), "{parked}");
    assert_eq!(lab.state(), "compensate");

    lab.retry();
    assert!(lab.parked().is_some(), "this build still has no undo for it");

    lab.becomes::<Older>();
    lab.emitted();
    lab.retry();
    assert_eq!(lab.emitted(), ["Uninsure"]);
    lab.answer("Uninsure", &Uninsured {});
    assert_eq!(lab.state(), "end");
}

#[test]
fn an_undo_under_way_whose_clause_is_gone_stays_parked_and_keeps_what_it_sent() {
    let mut lab = booked();
    lab.pass(HOUR);
    lab.answer("Unbook", &Unbooked {});
    lab.answer("Uninsure", &StillInsured {});
    lab.becomes::<Newer>();
    lab.retry();
    assert!(lab.parked().unwrap().contains("`#[compensate(Insured ..)]`"));
    lab.becomes::<Older>();
    lab.answer("Uninsure", &Uninsured {});
    assert_eq!(lab.state(), "end", "the answer to what was sent still counts");
}

#[test]
fn a_step_that_a_later_build_says_needs_no_undo_is_struck() {
    let mut lab = booked();
    lab.pass(HOUR);
    lab.becomes::<Forgiving>();
    lab.answer("Unbook", &Unbooked {});
    assert_eq!(lab.state(), "end");
}

#[test]
fn an_answer_to_an_undo_that_this_build_does_not_send_waits_for_one_that_does() {
    let mut lab = booked();
    lab.pass(HOUR);
    lab.answer("Unbook", &Unbooked {});
    lab.becomes::<Newer>();
    let verdict = lab.answer("Uninsure", &StillInsured {});
    assert!(is_dead(&verdict, Reason::UnknownType), "{verdict:?}");
    assert_eq!(lab.state(), "compensate");
}

#[test]
fn a_timer_that_this_build_has_not_is_taken_out_and_waits_for_a_build_that_has() {
    let mut lab = booked();
    lab.becomes::<Newer>();
    lab.now += HOUR;
    let mut handed = lab.hand_over(Timestamp::MIN);
    assert_eq!(handed.len(), 1);
    let timer = handed.remove(0);
    match lab.deliver(timer.clone()) {
        Verdict::Dead(Reason::UnknownType, why) => assert!(why.contains("`too_late`"), "{why}"),
        verdict => panic!("{verdict:?}"),
    }
    assert_eq!(lab.state(), "Booked_");

    lab.becomes::<Older>();
    assert_eq!(lab.deliver(timer), Verdict::Taken);
    assert_eq!(lab.state(), "compensate");
}
