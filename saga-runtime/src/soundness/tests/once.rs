//! One mistake, one report: what follows from a mistake is not told as another.

use super::{language, problems};

/// The codes of what the rules say of a saga that takes orders, has them paid and undoes what was done.
fn codes(saga: &str) -> Vec<String> {
    let text = format!(
        "#[command(to = Desk, replies(Done), refusals(Refused))] pub struct Ask {{}}
         #[command(to = Desk, replies(Told))] pub struct Query {{}}
         #[command(to = Bank, replies(Paid), refusals(Declined))] pub struct Pay {{}}
         #[command(to = Bank, replies(PaidBack))] pub struct PayBack {{}}
         #[command(to = Bank, replies(Stopped))] pub struct Stop {{}}
         #[command(to = Bank)] pub struct Elsewhere {{}}
         #[event] pub struct Closed {{}}
         {saga}"
    );
    let problems = problems(language::saga(&text));
    let codes = problems
        .iter()
        .map(|text| text.split(':').next().unwrap().to_owned());
    codes.collect()
}

#[test]
fn a_forgotten_send_is_not_also_an_answer_that_cannot_come() {
    let found = codes(
        "#[saga(states(Waiting), unexpected(Paid in end), ignore(Declined in end))] impl Payment {
         #[start(Ask => Waiting)] fn ask()
         #[on(Paid in Waiting -> reply Done => end)] fn paid()
         #[on(Declined in Waiting -> reply Refused => end)] fn declined()
         #[after(1 h in Waiting -> reply Refused => end)] fn late()
         }",
    );
    assert_eq!(found, ["S108"]);
}

#[test]
fn an_answer_to_what_is_never_sent_is_told_once() {
    let found = codes(
        "#[saga(states(Waiting, Late))] impl Payment {
         #[start(Ask -> send Pay => Waiting)] fn ask()
         #[on(PayReply in Waiting -> reply Done => end)] fn paid()
         #[after(1 h in Waiting => Late)] fn late()
         #[on(PayReply in Late -> reply Done => end)] fn paid_late()
         #[on(Stopped in Late -> reply Refused => end)] fn stopped()
         #[after(1 d in Late -> reply Refused => end)] fn too_late()
         }",
    );
    assert_eq!(
        found,
        ["S101", "S102"],
        "the answer after `end`, and the `Stop` that is never sent"
    );
}

#[test]
fn a_join_that_cannot_complete_is_not_also_an_answer_that_cannot_come() {
    let found = codes(
        "#[saga(states(Waiting), unexpected(PayReply in end))] impl Payment {
         #[start(Ask -> send Pay => Waiting)] fn ask()
         #[all(Paid, Stopped in Waiting -> reply Done => end)] fn both()
         #[on(Declined in Waiting -> reply Refused => end)] fn declined()
         #[after(1 h in Waiting -> reply Refused => end)] fn late()
         }",
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn an_unforeseen_event_is_told_once_however_often_it_is_named() {
    let found = codes(
        "#[saga(states(First, Second, Third))] impl Payment {
         #[start(Ask -> reply Done => First)] fn ask()
         #[on(Closed in First => Second)] fn closed()
         #[on(Closed in Second => Third)] fn closed_again()
         #[after(1 h in _ => end)] fn late()
         }",
    );
    assert_eq!(found, ["S106"]);
}

#[test]
fn an_answer_that_may_come_late_is_not_also_a_step_without_undo() {
    let found = codes(
        "#[saga(states(Waiting, Stopping))] impl Payment {
         #[start(Ask -> send Pay => Waiting)] fn ask()
         #[on(Paid in Waiting -> send Stop => Stopping)] fn paid()
         #[on(Declined in Waiting -> reply Refused => end)] fn declined()
         #[after(1 h in Waiting -> send Stop => Stopping)] fn late()
         #[on(Stopped in Stopping => compensate)] fn stopped()
         #[after(1 h in Stopping => compensate)] fn stopped_late()
         #[compensate(Paid -> send PayBack)] fn undo()
         #[compensated(-> reply Refused => end)] fn undone()
         }",
    );
    assert_eq!(
        found,
        ["S101", "S109"],
        "`Stop` has no undo, and `Pay` is answered while stopping"
    );
}

#[test]
fn a_command_for_another_endpoint_is_not_also_unforeseen() {
    let found = codes(
        "#[saga(states(Waiting))] impl Payment {
         #[start(Ask -> reply Done => Waiting)] fn ask()
         #[on(Elsewhere in Waiting)] fn elsewhere()
         #[after(1 h in Waiting => end)] fn late()
         }",
    );
    assert_eq!(found, ["S104"]);
}

#[test]
fn a_command_that_is_never_answered_is_not_told_at_each_way_that_ends() {
    let found = codes(
        "#[saga(states(Waiting), no_undo(Pay))] impl Payment {
         #[start(Ask -> send Pay => Waiting)] fn ask()
         #[on(Paid in Waiting -> reply Done => end)] fn paid()
         #[on(Declined in Waiting => end)] fn declined()
         #[after(1 h in Waiting -> reply Refused => end)] fn late()
         }",
    );
    assert_eq!(
        found,
        ["S101", "S105"],
        "the answer after `end`, and the refusal that answers nobody"
    );
}

#[test]
fn an_undo_that_never_runs_is_not_also_for_an_answer_that_cannot_come() {
    let found = codes(
        "#[saga(states(Waiting), unexpected(PayReply in end))] impl Payment {
         #[start(Ask -> send Pay => Waiting)] fn ask()
         #[on(PayReply in Waiting -> reply Done => end)] fn paid()
         #[after(1 h in Waiting -> reply Refused => end)] fn late()
         #[compensate(Stopped -> send PayBack)] fn undo()
         }",
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn an_ignored_command_is_not_also_unanswered_after_the_end() {
    let found = codes(
        "#[saga(states(Waiting), ignore(Query in Waiting | end))] impl Payment {
         #[start(Ask -> reply Done => Waiting)] fn ask()
         #[after(1 h in Waiting => end)] fn late()
         }",
    );
    assert_eq!(found, ["S105"]);
}
