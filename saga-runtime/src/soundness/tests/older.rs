//! Instances of older builds in retired states: what they send and leave open is followed, and nothing is guessed of them.

use super::{explored, language, passes, says};
use crate::soundness::{fallback::Fallback, routes::Routes};

const MESSAGES: &str = "
    #[command(to = Desk, replies(Done), refusals(Refused))] pub struct Ask {}
    #[command(to = Bank, replies(Paid), refusals(Declined))] pub struct Pay {}
    #[command(to = Bank, replies(Covered), refusals(NotCovered))] pub struct Insure {}
    #[command(to = Bank, replies(Covered), refusals(TooLate))] pub struct Prolong {}
    #[command(to = Bank, replies(Checked))] pub struct Check {}
    #[command(to = Bank, replies(Weighed))] pub struct Weigh {}
    #[command(to = Bank, replies(Uncovered))] pub struct Uncover {}
    #[event] pub struct Closed {}
    #[event] pub struct Inspected {}
";

/// A saga that awaits a payment, and that went another way in older builds.
fn saga(words: &str, handlers: &str) -> String {
    format!(
        "{MESSAGES}
        #[saga(states(Paying, Old, Older), retired(Old, Older), unexpected(Paid, Declined in end) {words})] impl Order {{
            #[start(Ask -> send Pay => Paying)] fn ask()
            #[on(Paid in Paying -> reply Done => end)] fn paid()
            #[on(Declined in Paying -> reply Refused => end)] fn declined()
            #[after(1 h in Paying -> reply Refused => end)] fn late()
            {handlers}
        }}"
    )
}

#[test]
fn what_a_retired_state_sends_is_answered_where_it_leads() {
    let leads = "#[on(Weighed in Old -> send Check => Paying)] fn weighed()";
    says(
        &saga("", leads),
        &["S101: in `Order`, not every answer to `Check` is handled wherever it may come:
  in `Paying`: `Checked`
  in `end`: `Checked`
how it comes to that: an instance of an older build in `Old`; then Weighed; then Checked
remedy: handle it, `#[on(Checked in Paying ..)]`, or say beside `states(..)` what becomes of it: `ignore(Checked in Paying)`, `unexpected(Checked in end)`"],
    );
    passes(&saga(", ignore(Checked in Paying | end)", leads));
    // The same where it is said what older builds sent.
    says(
        &saga(", retired(send Weigh in Old), ignore(Checked in Paying)", leads),
        &["S101: in `Order`, not every answer to `Check` is handled wherever it may come:
  in `end`: `Checked`
how it comes to that: an instance of an older build in `Old`; Weigh sent by an older build; then Weighed; after 1 h in Paying; then Checked
remedy: await it before ending, or say beside `states(..)` what becomes of it: `unexpected(Checked in end)`"],
    );
}

#[test]
fn a_join_or_a_timer_of_a_retired_state_leads_on() {
    for (leads, way) in [
        (
            "#[all(Weighed, Closed in Old -> send Check => Paying)] fn both()",
            "Old`; then Weighed, Closed; then",
        ),
        (
            "#[after(2 h in Old -> send Check => Paying)] fn patience()",
            "Old`; after 2 h in Old; then",
        ),
    ] {
        let found = super::problems(language::saga(&saga(", ignore(Checked in end)", leads)));
        assert!(
            matches!(&found[..], [only] if only.contains(way)),
            "{}",
            found.join("\n")
        );
        passes(&saga(", ignore(Checked in Paying | end)", leads));
    }
}

#[test]
fn what_a_retired_state_names_may_be_open_there() {
    let handlers = |more: &str| {
        format!(
            "#[on(Checked in Older -> send Insure => Paying)] fn checked()
             #[on(Covered in Old => Paying)] fn covered() {more}"
        )
    };
    let words = ", ignore(Covered, NotCovered in Paying | end)";
    says(
        &saga(words, &handlers("")),
        &["S101: in `Order`, not every answer to `Insure` is handled wherever it may come:
  in `Old`: `NotCovered`
how it comes to that: an instance of an older build in `Old`; Insure sent by an older build; then NotCovered
remedy: handle it, `#[on(NotCovered in Old ..)]`, or say beside `states(..)` what becomes of it: `ignore(NotCovered in Old)`"],
    );
    passes(&saga(
        &format!("{words}, ignore(NotCovered in Old)"),
        &handlers(""),
    ));
    passes(&saga(
        words,
        &handlers("#[on(NotCovered in Old => end)] fn not_covered()"),
    ));
}

/// `Covered` may have answered either command: neither is known to be open, and what refuses it may never come.
#[test]
fn a_reply_to_several_commands_does_not_say_which_was_sent() {
    passes(&saga(
        ", ignore(Covered, NotCovered, TooLate in Paying | end)",
        "#[on(Checked in Older -> send Insure, send Prolong => Paying)] fn checked()
         #[on(Covered in Old => end)] fn covered()",
    ));
}

/// It awaited one or the other, and never both: nobody knows.
#[test]
fn no_two_requests_are_taken_to_be_open_together() {
    passes(&saga(
        ", unexpected(Weighed, Checked in end)",
        "#[on(Weighed in Old => Paying)] fn weighed()
         #[on(Checked in Old => Paying)] fn checked()
         #[on(Inspected in Older -> send Weigh, send Check => end)] fn inspected()",
    ));
}

/// Whoever asked may have been answered by the older build, or not: neither answering nor staying silent is a mistake.
#[test]
fn nobody_knows_who_waits_in_a_retired_state() {
    passes(&saga(
        "",
        "#[on(Weighed in Old -> reply Done => end)] fn weighed()",
    ));
    passes(&saga("", "#[on(Weighed in Old => end)] fn weighed()"));
}

/// What was done before is for the older build to have undone; what this one sends, it undoes.
#[test]
fn only_the_steps_seen_are_missed_an_undo() {
    passes(&saga("", "#[on(Weighed in Old => compensate)] fn weighed()"));
    let seen = |words: &str| {
        saga(
            &format!(", ignore(Closed in Paying | compensate | end) {words}"),
            "#[on(Weighed in Old -> send Insure => Older)] fn weighed()
             #[on(Covered in Older)] fn covered()
             #[on(NotCovered in Older => end)] fn not_covered()
             #[on(Closed in Old | Older => compensate)] fn closed()",
        )
    };
    let found = super::problems(language::saga(&seen("")));
    let undone = "S109: in `Order`, `compensate` is entered when `Insure` is done or may yet be";
    assert!(
        matches!(&found[..], [only] if only.starts_with(undone)),
        "{}",
        found.join("\n")
    );
    passes(&seen(", no_undo(Insure)"));
}

/// A live state may await what only a retired one sends: it is no mistake to name it, nor that nothing else is on its way.
#[test]
fn a_live_state_may_take_what_only_a_retired_one_sends() {
    passes(&saga(
        ", ignore(Checked in end)",
        "#[on(Weighed in Old -> send Check => Paying)] fn weighed()
         #[on(Checked in Paying)] fn checked()",
    ));
}

/// What only older builds sent may be on its way where they led, and wherever `_` leaves a retired state to it.
#[test]
fn what_older_builds_sent_may_be_on_its_way() {
    passes(&saga(
        "",
        "#[on(Inspected in Old => Older)] fn inspected()
         #[on(Weighed in Older => Paying)] fn weighed()",
    ));
    passes(&saga(
        ", ignore(Paid in _)",
        "#[on(Inspected in Old => Older)] fn inspected()",
    ));
}

/// An event that only retired states name is awaited by no instance of this build.
#[test]
fn an_event_for_older_builds_need_not_be_named_elsewhere() {
    passes(&saga("", "#[on(Inspected in Old => Paying)] fn inspected()"));
    says(
        &saga(", ignore(Closed in Paying | Older | end)", ""),
        &["S106: in `Order`, `Closed` may come at any time, and nothing is said about it in `Old`
how it comes to that: an instance of an older build in `Old`; then Closed
remedy: handle it there, `#[on(Closed in Old ..)]`, or say what becomes of it beside `states(..)`: `ignore(Closed in Old)`"],
    );
}

/// State by state, the same is found.
#[test]
fn the_coarser_search_enters_retired_states_as_well() {
    let definition = language::saga(&saga(
        "",
        "#[on(Weighed in Old -> send Check => Paying)] fn weighed()",
    ));
    let exploration = explored(definition);
    let routes = Box::new(Routes::new(&exploration.model));
    let mut fallback = Box::new(Fallback::new(&exploration.model, &routes));
    fallback.run();
    assert_eq!(fallback.facts.open_seen[0], exploration.facts.open_seen[0]);
    assert_ne!(fallback.facts.reached[1], 0);
}
