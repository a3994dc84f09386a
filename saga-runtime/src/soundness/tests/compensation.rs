//! What comes while steps are undone: nothing is refused that the runtime sees through, and nothing is passed over.

use super::{passes, says};

const MESSAGES: &str = "
    #[command(to = Desk, replies(Done), refusals(Refused))] pub struct Ask {}
    #[command(to = Bank, replies(Paid), refusals(Declined))] pub struct Pay {}
    #[command(to = Bank, replies(PaidBack))] pub struct PayBack {}
    #[command(to = Bank)] pub struct Void {}
    #[command(to = Post, replies(Sent), refusals(Lost))] pub struct Send {}
    #[command(to = Post, replies(Returned))] pub struct Return {}
    #[event] pub struct Closed {}
";

fn saga(text: &str) -> String {
    format!("{MESSAGES}{text}")
}

/// Whatever is open as compensation begins is awaited, and each answer to it tells whoever waits.
#[test]
fn an_answer_awaited_while_undoing_may_answer_whoever_waits() {
    let awaited = |declined: &str| {
        saga(&format!(
            "#[saga(states(Paying))] impl Payment {{
                #[start(Ask -> send Pay => Paying)] fn ask()
                #[on(Paid in Paying -> reply Done => end)] fn paid()
                #[on(Declined in Paying -> reply Refused => end)] fn declined()
                #[after(30 min in Paying => compensate)] fn late()
                #[on(Paid in compensate -> reply Refused)] fn paid_late()
                #[on(Declined in compensate {declined})] fn declined_late()
                #[compensate(Paid -> send PayBack)] fn pay_back()
            }}"
        ))
    };
    passes(&awaited("-> reply Refused"));
    says(
        &awaited(""),
        &["S105: in `Payment`, `end` is reached while whoever sent `Ask` still waits for an answer
how it comes to that: Ask; after 30 min in Paying; then Declined; all undone
remedy: say what happens when all is undone: `#[compensated(-> reply .. => end)]`, with `reply Done` or `reply Refused`"],
    );
}

/// Every way to compensation has the step done, so that its undo runs and answers.
#[test]
fn an_undo_may_answer_whoever_waits() {
    let undone = |undo: &str| {
        saga(&format!(
            "#[saga(states(Paying, Sending), ignore(Sent, Lost in compensate))] impl Order {{
                #[start(Ask -> send Pay => Paying)] fn ask()
                #[on(Paid in Paying -> send Send => Sending)] fn paid()
                #[on(Declined in Paying -> reply Refused => end)] fn declined()
                #[on(Sent in Sending -> reply Done => end)] fn sent()
                #[on(Lost in Sending => compensate)] fn lost()
                #[after(3 d in Sending => compensate)] fn late()
                #[compensate(Paid -> send PayBack{undo})] fn pay_back()
                #[compensate(Sent -> send Return)] fn get_back()
            }}"
        ))
    };
    passes(&undone(", reply Refused"));
    says(
        &undone(""),
        &["S105: in `Order`, `end` is reached while whoever sent `Ask` still waits for an answer
how it comes to that: Ask; then Paid; after 3 d in Sending; all undone
remedy: say what happens when all is undone: `#[compensated(-> reply .. => end)]`, with `reply Done` or `reply Refused`"],
    );
}

/// What was done last is undone first, and answers whoever waits: the other one answers nobody.
#[test]
fn steps_are_undone_in_reverse_order() {
    let both = |paid: &str, sent: &str| {
        saga(&format!(
            "#[saga(states(Paying, Sending, Closing))] impl Order {{
                #[start(Ask -> send Pay => Paying)] fn ask()
                #[on(Paid in Paying -> send Send => Sending)] fn paid()
                #[on(Declined in Paying -> reply Refused => end)] fn declined()
                #[on(Sent in Sending => Closing)] fn sent()
                #[on(Lost in Sending => compensate)] fn lost()
                #[after(3 d in Closing => compensate)] fn late()
                #[compensate(Paid -> send PayBack{paid})] fn pay_back()
                #[compensate(Sent -> send Return{sent})] fn get_back()
            }}"
        ))
    };
    passes(&both(", reply Refused", ""));
    // Where nothing was sent, the undo of the payment answers.
    passes(&both(", reply Refused", ", reply Refused"));
    let only_after_both = both(", reply Refused", ", reply Refused").replace(
        "#[on(Lost in Sending => compensate)]",
        "#[on(Lost in Sending -> reply Refused => end)]",
    );
    says(
        &only_after_both,
        &["S105: in `Order`, `Refused` answers nobody: whoever sent `Ask` has been answered before, or cannot have asked yet, whichever way it comes to this
remedy: remove this `reply`, or the earlier one"],
    );
}

/// A step whose undo was sent by hand is struck, so that its undo does not answer.
#[test]
fn what_is_undone_by_hand_is_not_undone_again() {
    let by_hand = |late: &str| {
        saga(&format!(
            "#[saga(states(Paying, Closing), ignore(PaidBack in compensate), no_undo(PayBack))] impl Order {{
                #[start(Ask -> send Pay => Paying)] fn ask()
                #[on(Paid in Paying => Closing)] fn paid()
                #[on(Declined in Paying -> reply Refused => end)] fn declined()
                #[after(3 d in Closing {late} => compensate)] fn late()
                #[compensate(Paid -> send PayBack, reply Refused)] fn pay_back()
            }}"
        ))
    };
    passes(&by_hand(""));
    says(
        &by_hand("-> send PayBack"),
        &["S105: in `Order`, `end` is reached while whoever sent `Ask` still waits for an answer
how it comes to that: Ask; then Paid; after 3 d in Closing; all undone
remedy: say what happens when all is undone: `#[compensated(-> reply .. => end)]`, with `reply Done` or `reply Refused`"],
    );
}

/// Where a configuration has no room for the steps, states are judged as wholes.
#[test]
fn a_saga_too_wide_for_its_steps_is_judged_state_by_state() {
    use std::fmt::Write as _;
    let (mut messages, mut handlers) = (MESSAGES.to_owned(), String::new());
    for n in 0..46 {
        let _ = writeln!(
            messages,
            "#[command(to = Desk, replies(Told{n}))] pub struct Tell{n} {{}}"
        );
        let _ = writeln!(
            messages,
            "#[command(to = Bank, replies(Taken{n}))] pub struct Take{n} {{}}"
        );
        let _ = writeln!(
            handlers,
            "#[after({n} min in Paying -> send Take{n})] fn take{n}()"
        );
    }
    for n in 0..30 {
        let _ = writeln!(
            handlers,
            "#[on(Tell{n} in _ | compensate | end -> reply Told{n})] fn tell{n}()"
        );
    }
    let taken: Vec<_> = (0..46).map(|n| format!("Taken{n}")).collect();
    let wide = format!(
        "{messages} #[saga(states(Paying), ignore({taken} in Paying | end), no_undo({undone}))] impl Payment {{
            #[start(Ask -> send Pay => Paying)] fn ask()
            #[on(Paid in Paying => compensate)] fn paid()
            #[on(Declined in Paying -> reply Refused => end)] fn declined()
            #[after(3 d in Paying -> send PayBack => compensate)] fn late()
            #[compensate(Paid -> send PayBack)] fn pay_back()
            #[compensated(-> reply Refused)] fn undone()
            {handlers} }}",
        taken = taken.join(", "),
        undone = taken.join(", "),
    );
    let wide = wide.replace("no_undo(", "no_undo(PayBack, ");
    assert!(!super::explored(super::language::saga(&wide)).is_exact());
    passes(&wide);
}

/// The answer to an undo is the runtime's: a handler that names it would never run.
#[test]
fn no_handler_hears_what_an_undo_is_answered_with() {
    let undone = |words: &str, handlers: &str| {
        saga(&format!(
            "#[saga(states(Paying, Keeping) {words})] impl Payment {{
                #[start(Ask -> send Pay => Paying)] fn ask()
                #[on(Paid in Paying -> reply Done => Keeping)] fn paid()
                #[on(Declined in Paying -> reply Refused => end)] fn declined()
                #[after(3 d in Keeping => compensate)] fn late()
                #[compensate(Paid -> send PayBack)] fn undo()
                {handlers}
            }}"
        ))
    };
    let heard = "#[on(PaidBack in compensate)] fn paid_back()";
    says(
        &undone("", heard),
        &["S102: in `Payment`, `PaidBack` never comes to this handler: in `compensate` it answers an undo, which the runtime awaits by itself. A success goes on to the next step, a refusal parks the instance for a person
remedy: remove it; what follows when everything is undone, `#[compensated(..)]` says"],
    );
    // A word that nothing comes of does no harm.
    passes(&undone(", ignore(PaidBack in compensate)", ""));
    // Asked for by hand as well, it is heard.
    let by_hand = undone(", no_undo(PayBack)", heard);
    passes(&by_hand.replace(
        "in Keeping => compensate",
        "in Keeping -> send PayBack => compensate",
    ));
}

/// Where neither an undo nor anything open is awaited, no message can come in `compensate`.
#[test]
fn nothing_comes_where_nothing_is_awaited() {
    let closing = |undo: &str| {
        saga(&format!(
            "#[saga(states(Paying, Keeping), ignore(Closed in Paying | end))] impl Payment {{
                #[start(Ask -> send Pay => Paying)] fn ask()
                #[on(Paid in Paying -> reply Done => Keeping)] fn paid()
                #[on(Declined in Paying -> reply Refused => end)] fn declined()
                #[on(Closed in Keeping => compensate)] fn closed()
                #[compensate(Paid -> send {undo})] fn undo()
            }}"
        ))
    };
    passes(&closing("Void"));
    says(
        &closing("PayBack"),
        &["S106: in `Payment`, `Closed` may come at any time, and nothing is said about it in `compensate`
how it comes to that: Ask; then Paid; then Closed; then Closed
remedy: handle it there, `#[on(Closed in compensate ..)]`, or say what becomes of it beside `states(..)`: `ignore(Closed in compensate)`"],
    );
}
