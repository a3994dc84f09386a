//! Every rule, minimal: the mistake with its text, and the near miss that passes.

use super::{passes, says};

const MESSAGES: &str = "
    #[command(to = Desk, replies(Done), refusals(Refused))] pub struct Ask {}
    #[command(to = Desk, replies(Told))] pub struct Query {}
    #[command(to = Bank, replies(Paid), refusals(Declined))] pub struct Pay {}
    #[command(to = Bank, replies(PaidBack))] pub struct PayBack {}
    #[command(to = Bank, replies(Stopped))] pub struct Stop {}
    #[event] pub struct Closed {}
";

fn saga(text: &str) -> String {
    format!("{MESSAGES}{text}")
}

#[test]
fn s101_lists_every_reply_that_may_come_late() {
    let late = |last: &str| {
        saga(&format!(
            "#[saga(states(Waiting){last})] impl Payment {{
                #[start(Ask -> send Pay => Waiting)] fn ask()
                #[on(Paid in Waiting -> reply Done => end)] fn paid()
                #[on(Declined in Waiting -> reply Refused => end)] fn declined()
                #[after(30 min in Waiting -> reply Refused => end)] fn late()
            }}"
        ))
    };
    says(&late(""), &["S101: in `Payment`, not every answer to `Pay` is handled wherever it may come:
  in `end`: `Paid`, `Declined`
how it comes to that: Ask; after 30 min in Waiting; then Paid
remedy: await it before ending, or say beside `states(..)` what becomes of it: `unexpected(Paid, Declined in end)`"]);
    passes(&late(", unexpected(Paid, Declined in end)"));
}

#[test]
fn s101_is_told_once_however_often_the_command_is_sent() {
    let often = |last: &str| {
        saga(&format!(
            "#[saga(states(First, Second){last})] impl Payment {{
                #[start(Ask -> send Pay, send Pay => First)] fn ask()
                #[on(Paid in First => Second)] fn paid()
                #[on(Declined in First -> send Pay)] fn again()
                #[on(Paid in Second -> reply Done => end)] fn paid_twice()
            }}"
        ))
    };
    says(&often(""), &["S101: in `Payment`, not every answer to `Pay` is handled wherever it may come:
  in `Second`: `Declined`
how it comes to that: Ask; then Paid; then Declined
remedy: handle it, `#[on(Declined in Second ..)]`, or say beside `states(..)` what becomes of it: `ignore(Declined in Second)`"]);
    passes(&often(", defer(Declined in Second)"));
}

#[test]
fn two_requests_of_one_kind_are_answered_one_after_the_other() {
    passes(&saga(
        "#[saga(states(First, Second))] impl Payment {
            #[start(Ask -> send Pay, send Pay => First)] fn ask()
            #[on(PayReply in First => Second)] fn first()
            #[on(PayReply in Second -> reply Done => end)] fn second()
        }",
    ));
}

#[test]
fn a_timer_that_stays_fires_once_per_entry() {
    passes(&saga(
        "#[saga(states(Waiting, Asked))] impl Payment {
        #[start(Ask => Waiting)] fn ask()
        #[after(1 h in Waiting -> send Pay)] fn remind()
        #[on(PayReply in Waiting => Asked)] fn answered()
        #[after(1 h in Asked -> reply Done => end)] fn over()
    }",
    ));
}

#[test]
fn s102_finds_a_reply_that_cannot_come() {
    let named = |states: &str| {
        saga(&format!(
            "#[saga(states(Resting, Waiting))] impl Payment {{
            #[start(Ask => Resting)] fn ask()
            #[after(1 h in Resting -> send Pay => Waiting)] fn pay()
            #[on(Closed in Resting)] fn closed()
            #[on(Closed in Waiting | end)] fn closed_late()
            #[on(Paid in {states} -> reply Done => end)] fn paid()
            #[on(Declined in Waiting -> reply Refused => end)] fn declined()
        }}"
        ))
    };
    says(&named("Resting | Waiting"), &["S102: in `Payment`, `Paid` cannot come in `Resting`: whichever way it comes there, `Pay` has been answered, or has not been sent
remedy: name a state in which it is awaited, or remove it here"]);
    passes(&named("Waiting"));
    passes(&named("_"));
}

#[test]
fn s102_finds_a_reply_to_a_command_never_sent() {
    let unsent = |state: &str| {
        saga(&format!(
            "#[saga(states(Waiting), ignore(PaidBack in {state}))] impl Payment {{
        #[start(Ask -> send Pay => Waiting)] fn ask()
        #[on(PayReply in Waiting -> reply Done => end)] fn answered()
    }}"
        ))
    };
    let text =
        "S102: in `Payment`, `PaidBack` cannot come: the saga never sends a command that is answered with it
remedy: add the `send` that asks for it, or remove the clause; if older builds did send it, `retired(send ..)`";
    says(&unsent("Waiting"), &[text]);
    says(&unsent("_ | end"), &[text]);
    let twice = unsent("end").replace(
        "#[on(PayReply",
        "#[on(PaidBack in Waiting => end)] fn back() #[on(PayReply",
    );
    says(&twice, &[text]); // One mistake, told once.
}

#[test]
fn s104_finds_who_is_not_asked() {
    let answer = |effect: &str| {
        saga(&format!(
            "#[saga(states(Waiting))] impl Payment {{
        #[start(Ask -> send Pay => Waiting)] fn ask()
        #[on(PayReply in Waiting -> {effect} => end)] fn answered()
    }}"
        ))
    };
    let problems = super::problems(super::language::saga(&answer("reply Told, reply Done")));
    assert_eq!(
        problems,
        [
            "S104: in `Payment`, nobody asks for `Told`: no command that the saga takes is answered with it
remedy: name it in the `replies(..)` or `refusals(..)` of the command it answers, or `publish` an event"
        ]
    );
    passes(&answer("reply Done"));
}

#[test]
fn s104_finds_a_command_for_another_endpoint() {
    let take = |command: &str| {
        saga(&format!(
            "#[saga(states(Waiting))] impl Payment {{
        #[start(Ask -> send Pay => Waiting)] fn ask()
        #[on({command} in _ | end)] fn other()
        #[on(PayReply in Waiting -> reply Done => end)] fn answered()
    }}"
        ))
    };
    let elsewhere = format!(
        "#[command(to = Bank)] pub struct Elsewhere {{}}\n{}",
        take("Elsewhere")
    );
    says(&elsewhere, &["S104: in `Payment`, `Elsewhere` cannot come: it is addressed to `bank`, and the saga lives at `desk`
remedy: address the command here, `#[command(to = ..)]`, or have whoever takes it publish an event"]);
    passes(&take("Closed"));
}

#[test]
fn s104_asks_whom_a_reply_answers() {
    let say = |effect: &str| {
        let second = "#[command(to = Desk, replies(Done))] pub struct AskAgain {}";
        saga(&format!(
            "{second} #[saga(states(Waiting))] impl Payment {{
            #[start(Ask -> send Pay => Waiting)] fn ask()
            #[on(AskAgain in _)] fn again()
            #[on(AskAgain in end -> reply Done)] fn late()
            #[on(PayReply in Waiting -> {effect} => end)] fn answered()
        }}"
        ))
    };
    passes(&say("reply Done to Ask, reply Done to AskAgain"));
    let problems = super::problems(super::language::saga(&say("reply Refused, reply Done")));
    assert_eq!(
        problems.len(),
        1,
        "whoever sent `AskAgain` waits because of that: {problems:#?}"
    );
    assert!(
        problems[0].starts_with(
            "S104: in `Payment`, `Done` answers both `Ask` and `AskAgain`
remedy: say whom it answers: `reply Done to Ask`"
        ),
        "{problems:#?}"
    );
}

#[test]
fn s105_finds_who_is_left_waiting() {
    let end = |effects: &str| {
        saga(&format!(
            "#[saga(states(Waiting))] impl Payment {{
        #[start(Ask -> send Pay => Waiting)] fn ask()
        #[on(Paid in Waiting -> reply Done => end)] fn paid()
        #[on(Declined in Waiting {effects} => end)] fn declined()
    }}"
        ))
    };
    says(
        &end(""),
        &[
            "S105: in `Payment`, `end` is reached while whoever sent `Ask` still waits for an answer
how it comes to that: Ask; then Declined
remedy: reply before ending: `reply Done` or `reply Refused`",
        ],
    );
    passes(&end("-> reply Refused"));
}

#[test]
fn s105_finds_an_answer_nobody_waits_for() {
    let early = |effects: &str| {
        saga(&format!(
            "#[saga(states(Waiting))] impl Payment {{
        #[start(Ask -> send Pay{effects} => Waiting)] fn ask()
        #[on(PayReply in Waiting -> reply Done => end)] fn answered()
    }}"
        ))
    };
    says(&early(", reply Done"), &["S105: in `Payment`, `Done` answers nobody: whoever sent `Ask` has been answered before, or cannot have asked yet, whichever way it comes to this
remedy: remove this `reply`, or the earlier one"]);
    // It may have been left out.
    passes(&early(", reply Done?"));
}

#[test]
fn s105_finds_a_command_unanswered_after_the_end() {
    let end = |clause: &str, word: &str| {
        saga(&format!(
            "#[saga(states(Waiting){word})] impl Payment {{
        #[start(Ask -> send Pay => Waiting)] fn ask()
        #[on(Query in _ -> reply Told)] fn query()
        {clause}
        #[on(PayReply in Waiting -> reply Done => end)] fn answered()
    }}"
        ))
    };
    says(
        &end("#[on(Query in end -> publish Closed)] fn late()", ""),
        &[
            "S105: in `Payment`, `Query` may come after the end, and its sender is not answered
remedy: answer in every outcome, with `reply Told`",
        ],
    );
    says(
        &end("", ", ignore(Query in end)"),
        &[
            "S105: in `Payment`, whoever sends `Query` waits for an answer, and ignoring it gives none
remedy: answer it there, `#[on(Query in .. -> reply ..)]` with `reply Told`",
        ],
    );
    passes(&end("#[on(Query in end -> reply Told)] fn late()", ""));
    says(
        &end("#[on(Query in end -> reply Told, reply Told?)] fn late()", ""),
        &[
            "S105: in `Payment`, `Told` answers nobody: whoever sent `Query` has just been answered by the same handler
remedy: remove this `reply`, or the earlier one",
        ],
    );
}

#[test]
fn s105_counts_every_command_that_can_start() {
    let second = "#[command(to = Desk, replies(Imported))] pub struct Import {}";
    let both = |effects: &str| {
        saga(&format!(
            "{second} #[saga(states(Waiting))] impl Payment {{
        #[start(Ask -> send Pay => Waiting)] fn ask()
        #[start(Import -> send Pay => Waiting)] fn import()
        #[on(PayReply in Waiting -> reply Done{effects} => end)] fn answered()
    }}"
        ))
    };
    says(
        &both(""),
        &[
            "S105: in `Payment`, `end` is reached while whoever sent `Import` still waits for an answer
how it comes to that: Import; then Paid
remedy: reply before ending: `reply Imported`",
        ],
    );
    passes(&both(", reply Imported"));
}

#[test]
fn s106_finds_where_an_event_is_unforeseen() {
    let named = |places: &str| {
        saga(&format!(
            "#[saga(states(First, Second), ignore(Closed in {places}))] impl Payment {{
        #[start(Ask -> send Pay => First)] fn ask()
        #[on(PayReply in First -> send Stop => Second)] fn answered()
        #[on(Stopped in Second -> reply Done => end)] fn stopped()
    }}"
        ))
    };
    says(&named("First"), &["S106: in `Payment`, `Closed` may come at any time, and nothing is said about it in `Second`, `end`
how it comes to that: Ask; then Paid; then Closed
remedy: handle it there, `#[on(Closed in Second | end ..)]`, or say what becomes of it beside `states(..)`: `ignore(Closed in Second | end)`"]);
    passes(&named("_ | end"));
}

#[test]
fn s108_finds_the_forgotten_send() {
    let send = |effects: &str| {
        saga(&format!(
            "#[saga(states(Waiting), unexpected(Paid, Declined in end))] impl Payment {{
            #[start(Ask{effects} => Waiting)] fn ask()
            #[on(PayReply in Waiting -> reply Done => end)] fn answered()
            #[after(1 h in Waiting -> reply Refused => end)] fn late()
        }}"
        ))
    };
    let problems = super::problems(super::language::saga(&send("")));
    assert_eq!(
        problems[0],
        "S108: in `Payment`, `Waiting` waits for `Paid`, `Declined`, and none of them is on its way
how it comes to that: Ask
remedy: send what they answer on the way there, `-> send .. => Waiting`, or lead elsewhere"
    );
    passes(&send("-> send Pay"));
}

#[test]
fn s108_leaves_a_state_that_a_timer_drives_alone() {
    passes(&saga(
        "#[saga(states(Charging, Cooling), unexpected(PayReply in end))] impl Payment {
        #[start(Ask -> send Pay => Charging)] fn ask()
        #[on(Paid in Charging | Cooling -> reply Done => end)] fn paid()
        #[on(Declined in Charging => Cooling)] fn declined()
        #[on(Declined in Cooling)] fn declined_late()
        #[after(1 h in Charging => Cooling)] fn late()
        #[after(3 d in Cooling { Again -> send Pay => Charging | Stay => Cooling })] fn again()
    }",
    ));
}

#[test]
fn s109_finds_a_step_that_nothing_undoes() {
    let undo = |word: &str, clause: &str| {
        saga(&format!(
            "#[saga(states(First, Second){word})] impl Payment {{
        #[start(Ask -> send Pay => First)] fn ask()
        #[on(Paid in First -> send Stop => Second)] fn paid()
        #[on(Declined in First -> reply Refused => end)] fn declined()
        #[on(Stopped in Second => compensate)] fn stopped()
        {clause}
        #[compensated(-> reply Refused => end)] fn undone()
    }}"
        ))
    };
    says(&undo(", no_undo(Stop)", ""), &["S109: in `Payment`, `compensate` is entered when `Pay` is done or may yet be, and nothing undoes it
how it comes to that: Ask; then Paid; then Stopped
remedy: add the undo, `#[compensate(Paid -> send ..)]`, or say that it needs none beside `states(..)`: `no_undo(Pay)`"]);
    passes(&undo(
        ", no_undo(Stop)",
        "#[compensate(Paid -> send PayBack)] fn undo()",
    ));
    passes(&undo(", no_undo(Stop, Pay)", ""));
    passes(&undo(", no_undo(Stop), settled(Second)", ""));
}

#[test]
fn s109_finds_an_ignored_success_that_has_an_undo() {
    let late = |word: &str| {
        saga(&format!(
            "#[saga(states(First), {word}(Paid in end), ignore(Declined in end))] impl Payment {{
        #[start(Ask -> send Pay => First)] fn ask()
        #[on(PayReply in First => compensate)] fn answered()
        #[after(1 h in First -> reply Refused => end)] fn late()
        #[compensate(Paid -> send PayBack)] fn undo()
        #[compensated(-> reply Refused => end)] fn undone()
    }}"
        ))
    };
    says(&late("ignore"), &["S109: in `Payment`, `Paid` may come after the end, and ignoring it leaves `Pay` done for ever, though it has an undo
how it comes to that: Ask; after 1 h in First; then Paid
remedy: await it before ending, or leave it to a person: `unexpected(Paid in end)`"]);
    passes(&late("unexpected"));
}

#[test]
fn s110_finds_what_never_comes_to_anything() {
    let with = |clause: &str| {
        saga(&format!(
            "#[saga(states(First))] impl Payment {{
        #[start(Ask -> send Pay => First)] fn ask()
        #[on(PayReply in First -> reply Done => end)] fn answered()
        {clause}
    }}"
        ))
    };
    says(
        &with("#[every(1 h in First)] fn tick()"),
        &[
            "S110: in `Payment`, the clause `1 h` of `tick` does nothing when it fires
remedy: give it an effect, `-> send ..`, or a target, `=> ..`, or remove it",
        ],
    );
    says(
        &with("#[compensate(Paid -> send PayBack)] fn undo()"),
        &[
            "S110: in `Payment`, the clause `Paid` of `undo` never runs: no clause leads to `compensate`
remedy: lead some clause to it, `=> compensate`, or remove it",
        ],
    );
    passes(&with("#[every(1 h in First -> publish Closed)] fn tick()"));
}

#[test]
fn s110_finds_a_join_that_cannot_complete() {
    let join = |items: &str| {
        saga(&format!(
            "#[saga(states(First), unexpected(PayReply, Stopped in end))] impl Payment {{
            #[start(Ask {{ One -> send Pay => First | Other -> send Stop => First }})] fn ask()
            #[on(Declined in First -> reply Refused => end)] fn declined()
            #[all({items} in First -> reply Done => end)] fn both()
            #[after(1 h in First -> reply Refused => end)] fn late()
        }}"
        ))
    };
    says(&join("Paid, Stopped"), &["S110: in `Payment`, the clause `Paid, Stopped` of `both` can never complete: its messages never come together
remedy: name what can all have arrived in one state, or mark with `?` what may be missing"]);
    passes(&join("Paid?, Stopped?"));
}

#[test]
fn more_than_a_saga_can_hold_is_told_once() {
    let states: Vec<String> = (0..200).map(|state| format!("S{state}")).collect();
    says(&saga(&format!("#[saga(states({}))] impl Payment {{
        #[start(Ask -> reply Done => S0)] fn ask()
        #[after(1 h in _ => end)] fn late()
    }}", states.join(", "))), &["S100: in `Payment`, there are more than 126 states, too many to be checked
remedy: split the saga; a part of it can be a saga of its own, started by a command and awaited by its replies"]);
}
