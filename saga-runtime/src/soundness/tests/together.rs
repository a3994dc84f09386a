//! What is told together with the mistake that it follows from, in full.

use super::says;

fn saga(text: &str) -> String {
    format!(
        "#[command(to = Desk, replies(Done), refusals(Refused))] pub struct Ask {{}}
         #[command(to = Desk, replies(Told))] pub struct Query {{}}
         #[command(to = Bank, replies(Paid), refusals(Declined))] pub struct Pay {{}}
         #[command(to = Bank, replies(PaidBack))] pub struct PayBack {{}}
         #[command(to = Bank, replies(Stopped), refusals(TooLate))] pub struct Stop {{}}
         #[event] pub struct Closed {{}}
         #[event] pub struct Moved {{}}
         {text}"
    )
}

#[test]
fn a_handler_in_the_wrong_state_with_the_state_that_misses_it() {
    says(
        &saga(
            "#[saga(states(Waiting, Resting), unexpected(PayReply in end))] impl Payment {
             #[start(Ask -> send Pay => Waiting)] fn ask()
             #[on(Paid in Waiting => Resting)] fn paid()
             #[on(Declined in Resting -> reply Refused => end)] fn declined()
             #[after(1 h in Resting -> reply Done => end)] fn rested()
             #[after(1 h in Waiting -> reply Refused => end)] fn late()
             }",
        ),
        &["S108: in `Payment`, `Resting` waits for `Declined`, and none of them is on its way
how it comes to that: Ask; then Paid
nothing is said about what may come:
  in `Waiting`: `Declined`
remedy: did you mean `in Waiting`? Otherwise send what they answer on the way there, `-> send Pay => Resting`, or lead elsewhere"],
    );
}

#[test]
fn a_handler_of_the_wrong_answer_with_the_one_that_comes() {
    says(
        &saga(
            "#[saga(states(Waiting, Stopping), unexpected(PayReply, StopReply in end))] impl Payment {
             #[start(Ask -> send Pay => Waiting)] fn ask()
             #[on(Stopped in Waiting -> reply Done => end)] fn paid()
             #[on(Declined in Waiting -> reply Refused => end)] fn declined()
             #[after(1 h in Waiting -> send Stop => Stopping)] fn late()
             #[on(StopReply in Stopping -> reply Refused => end)] fn stopped()
             #[on(PayReply in Stopping -> reply Refused => end)] fn answered()
             #[after(1 h in Stopping -> reply Refused => end)] fn too_late()
             }",
        ),
        &["S102: in `Payment`, `Stopped` cannot come in `Waiting`: whichever way it comes there, `Stop` has been answered, or has not been sent
nothing is said about what may come:
  in `Waiting`: `Paid`
remedy: did you mean `Paid`? Otherwise name a state in which it is awaited, or remove it here"],
    );
}

#[test]
fn another_command_sent_with_the_answers_that_come_instead() {
    says(
        &saga(
            "#[saga(states(Waiting))] impl Payment {
             #[start(Ask -> send PayBack => Waiting)] fn ask()
             #[on(PayReply in Waiting -> reply Done => end)] fn paid()
             #[after(1 h in Waiting -> reply Refused => end)] fn late()
             }",
        ),
        &[
            "S108: in `Payment`, `Waiting` waits for `Paid`, `Declined`, and none of them is on its way
how it comes to that: Ask
nothing is said about what may come:
  in `Waiting`: `PaidBack`
  in `end`: `PaidBack`
remedy: send what they answer on the way there, `-> send .. => Waiting`, or lead elsewhere",
        ],
    );
}

#[test]
fn answers_awaited_in_several_states_after_a_forgotten_send() {
    says(
        &saga(
            "#[saga(states(Waiting, Late, Paying), ignore(PayReply in end))] impl Payment {
             #[start(Ask => Paying)] fn ask()
             #[on(Closed in Paying => Waiting)] fn close()
             #[on(Closed in Waiting | Late | end)] fn closed()
             #[on(PayReply in Waiting -> reply Done => end)] fn paid()
             #[after(1 h in Waiting => Late)] fn late()
             #[on(PayReply in Late -> reply Done => end)] fn paid_late()
             #[after(1 h in Late -> send Pay, reply Refused => end)] fn too_late()
             #[after(1 h in Paying -> reply Refused => end)] fn not_paying()
             }",
        ),
        &["S102: in `Payment`, answers are awaited where they cannot come:
  in `Waiting`: `Paid`, `Declined`
  in `Late`: `Paid`, `Declined`
whichever way it comes there, `Pay` has been answered, or has not been sent
remedy: name a state in which it is awaited, or remove it here"],
    );
}

#[test]
fn a_sender_left_waiting_at_every_end() {
    says(
        &saga(
            "#[saga(states(Waiting), ignore(Closed in end))] impl Payment {
             #[start(Ask => Waiting)] fn ask()
             #[on(Closed in Waiting => end)] fn closed()
             #[after(1 h in Waiting => end)] fn late()
             }",
        ),
        &[
            "S105: in `Payment`, `end` is reached while whoever sent `Ask` still waits for an answer
  also through `late`
how it comes to that: Ask; then Closed
remedy: reply before ending: `reply Done` or `reply Refused`",
        ],
    );
}

#[test]
fn an_end_too_early_with_the_answers_that_may_still_come() {
    says(
        &saga(
            "#[saga(states(Waiting))] impl Payment {
             #[start(Ask -> send Pay => Waiting)] fn ask()
             #[on(PayReply in Waiting -> reply Done => end)] fn paid()
             #[after(1 h in Waiting => end)] fn late()
             }",
        ),
        &["S105: in `Payment`, `end` is reached while whoever sent `Ask` still waits for an answer
how it comes to that: Ask; after 1 h in Waiting
nothing is said about what may come:
  in `end`: `Paid`, `Declined`
remedy: reply before ending: `reply Done` or `reply Refused`; await what may still come, or say beside `states(..)` what becomes of it: `unexpected(.. in end)`"],
    );
}

#[test]
fn an_answer_for_nobody_with_the_one_who_waits() {
    says(
        &saga(
            "#[saga(states(Waiting), ignore(Closed in end))] impl Payment {
             #[start(Ask -> reply Told => Waiting)] fn ask()
             #[on(Closed in Waiting => end)] fn closed()
             #[after(1 h in Waiting => end)] fn late()
             }",
        ),
        &["S104: in `Payment`, nobody asks for `Told`: no command that the saga takes is answered with it; whoever sent `Ask` is left waiting for an answer
remedy: answer with `reply Done` or `reply Refused`; otherwise name it in the `replies(..)` or `refusals(..)` of the command it answers, or `publish` an event"],
    );
}

#[test]
fn an_answer_before_it_is_asked_for_with_the_one_who_waits() {
    says(
        &saga(
            "#[saga(states(Waiting))] impl Payment {
             #[start(Ask -> reply Told => Waiting)] fn ask()
             #[on(Query in Waiting | end -> reply Told)] fn query()
             #[after(1 h in Waiting => end)] fn late()
             }",
        ),
        &["S105: in `Payment`, `Told` answers nobody: whoever sent `Query` has been answered before, or cannot have asked yet, whichever way it comes to this; whoever sent `Ask` is left waiting for an answer
remedy: answer with `reply Done` or `reply Refused`; otherwise remove this `reply`, or the earlier one"],
    );
}

#[test]
fn an_undo_of_a_refusal_with_the_steps_that_nothing_undoes() {
    says(
        &saga(
            "#[saga(states(Waiting))] impl Payment {
             #[start(Ask -> send Pay => Waiting)] fn ask()
             #[on(PayReply in Waiting => compensate)] fn paid()
             #[after(1 h in Waiting => compensate)] fn late()
             #[compensate(Declined -> send PayBack)] fn undo()
             #[compensated(-> reply Refused => end)] fn undone()
             }",
        ),
        &["S104: in `Payment`, `Declined` says that nothing was done, so that there is nothing to undo; nothing undoes `Paid`
remedy: did you mean `Paid`? Otherwise undo the reply that says it was done, or declare this one among the command's `replies(..)`"],
    );
}

#[test]
fn events_forgotten_in_the_same_states() {
    says(
        &saga(
            "#[saga(states(First, Second))] impl Payment {
             #[start(Ask -> reply Done => First)] fn ask()
             #[on(Query in First -> reply Told => Second)] fn query()
             #[on(Closed in First => Second)] fn closed()
             #[on(Moved in First => Second)] fn moved()
             #[after(1 h in _ => end)] fn late()
             }",
        ),
        &["S106: in `Payment`, `Query`, `Closed`, `Moved` may come at any time, and nothing is said about them in `Second`, `end`
how it comes to that: Ask; then Query; then Query
remedy: answer or handle each there, `#[on(Query in Second | end -> reply ..)]`, or say what becomes of it beside `states(..)`: `ignore(Closed, Moved in Second | end)`"],
    );
}

#[test]
fn a_start_by_an_answer() {
    says(
        &saga(
            "#[saga(states(Waiting))] impl Payment {
             #[start(Paid -> reply Done => Waiting)] fn ask()
             #[after(1 h in Waiting -> reply Refused => end)] fn late()
             }",
        ),
        &["S104: in `Payment`, `Paid` cannot start an instance: a reply goes only to the instance that sent its command
remedy: start with a command or an event, `#[start(Command ..)]`, and take the reply in a state, `#[on(Paid in ..)]`"],
    );
}

#[test]
fn a_clause_for_no_state_with_what_comes_in_its_states() {
    says(
        &saga(
            "#[saga(states(Waiting))] impl Payment {
             #[start(Ask -> reply Done => Waiting)] fn ask()
             #[on(Closed in Waiting => end)] fn closed()
             #[on(Closed in _ => end)] fn moved()
             #[on(Closed in end)] fn gone()
             #[on(Moved in end)] fn moved_late()
             #[after(1 h in Waiting => end)] fn late()
             }",
        ),
        &["S110: in `Payment`, the clause `Closed` of `moved` never runs: other clauses take the message in each of its states
nothing is said about what may come:
  in `Waiting`: `Moved`
remedy: did you mean `Moved`? Otherwise remove it, or one of the clauses that name the states"],
    );
}
