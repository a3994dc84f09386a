//! What a scenario finds, and what it says when it finds something else.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use super::{Reason, Scenario};
use crate::prelude::*;

#[derive(Endpoint)]
struct Library;
#[derive(Endpoint)]
struct Stacks;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Library, replies(Lent), refusals(NotLent))]
struct Borrow {
    book: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Lent;
#[derive(Reply, Serialize, Deserialize)]
struct NotLent;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Stacks, replies(Fetched), refusals(Missing))]
struct Fetch {
    book: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Fetched {
    shelf: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Missing;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Stacks, replies(Shelved), refusals(ShelfFull))]
struct Shelve {
    shelf: u32,
}
#[derive(Reply, Serialize, Deserialize)]
struct Shelved;
#[derive(Reply, Serialize, Deserialize)]
struct ShelfFull;

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Returned {
    book: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct Closing {
    book: u32,
}

#[saga(by = book, at = Library)]
#[derive(Serialize, Deserialize)]
struct Loan {
    book: u32,
    fetched: bool,
}

#[saga(
    states(Fetching, Out),
    no_timeout(Out),
    ignore(Returned in compensate | end),
    defer(Returned in Fetching),
    unexpected(Closing in compensate | end),
)]
impl Loan {
    #[start(Borrow -> send Fetch => Fetching)]
    fn borrow(borrow: Borrow) -> (Self, Fetch) {
        let book = borrow.book;
        (Self { book, fetched: false }, Fetch { book })
    }

    #[on(Fetched in Fetching -> reply Lent => Out)]
    fn fetched(&mut self, _: Fetched) -> Lent {
        self.fetched = true;
        Lent
    }

    #[on(Missing in Fetching -> reply NotLent => end)]
    fn missing(&mut self, _: Missing) -> NotLent {
        NotLent
    }

    #[after(10 min in Fetching => compensate)]
    fn slow(&mut self) {}

    #[on(Returned in Out => end)]
    fn returned(&mut self, _: Returned) {}

    #[on(Closing in _ => compensate)]
    fn closing(&mut self, _: Closing) {}

    #[compensate(Fetched -> send Shelve)]
    fn shelve(&self, fetched: Fetched) -> Shelve {
        Shelve { shelf: fetched.shelf }
    }

    #[compensated(-> reply NotLent => end)]
    fn off(&mut self) -> NotLent {
        NotLent
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn story_of(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn a_failure_shows_expected_and_actual_side_by_side_and_tells_the_story() {
    let told = story_of(|| {
        Scenario::<Loan>::new()
            .request(Borrow { book: 7 })
            .advance(3 * MINUTE)
            .sends(&Fetch { book: 8 });
    });
    let expected = r#"
scenario of `Loan`: it sends

  expected                   actual
  Fetch                      Fetch
  {                          {
    "book": 8              ≠   "book": 7
  }                          }

what happened
         0 s  caller ── Borrow {"book":7} ─▶ Loan
              Loan ── Fetch {"book":7} ─▶ stacks
              Loan: now in `Fetching`
       3 min  here it failed
"#;
    assert_eq!(told, expected);
}

#[test]
fn what_was_looked_at_is_not_found_again() {
    let told = story_of(|| {
        Scenario::<Loan>::new()
            .request(Borrow { book: 7 })
            .sends(&Fetch { book: 7 })
            .sends(&Fetch { book: 7 });
    });
    assert!(told.contains("≠ nothing"), "{told}");
}

#[test]
fn a_dead_letter_fails_the_test_unless_it_is_looked_for() {
    let mut loan = Scenario::<Loan>::new();
    loan.request(Borrow { book: 7 }).reply(Fetched { shelf: 3 });
    let again = |loan: &mut Scenario<Loan>| {
        loan.reply(Fetched { shelf: 3 });
    };
    assert_eq!(loan.clone().dead_letter(again), Reason::NoOpenRequest);
    let told = story_of(|| again(&mut loan));
    assert!(
        told.contains("NoOpenRequest") && told.contains("DEAD LETTER"),
        "{told}"
    );
}

#[test]
fn timers_fire_each_at_its_own_time() {
    let mut loan = Scenario::<Loan>::new();
    loan.request(Borrow { book: 7 });
    let timers = loan.timers();
    assert_eq!(timers.len(), 1);
    assert_eq!((&*timers[0].handler, timers[0].within), ("slow", 10 * MINUTE));
    loan.advance(60 * MINUTE).is_in("compensate");
    assert!(
        loan.story().contains("10 min  Loan: timeout `slow`"),
        "{}",
        loan.story()
    );
    // Entered at 10 min, the wait for what is still open is over an hour later.
    loan.timeout("compensate");
    assert!(loan.parked().contains("no answer to `Fetch`"));
    loan.reply(Fetched { shelf: 3 })
        .sends(&Shelve { shelf: 3 })
        .reply(Shelved)
        .replies(&NotLent)
        .ends();
}

#[test]
fn a_timeout_that_is_not_the_next_is_told_which_one_is() {
    let told = story_of(|| {
        Scenario::<Loan>::new()
            .request(Borrow { book: 7 })
            .timeout("closing");
    });
    assert!(told.contains("`slow` in 10 min"), "{told}");
}

#[test]
fn a_deferred_message_comes_again_when_the_state_changes() {
    Scenario::<Loan>::new()
        .request(Borrow { book: 7 })
        .publish(Returned { book: 7 })
        .is_in("Fetching")
        .reply(Fetched { shelf: 3 })
        .replies(&Lent)
        .ends();
}

#[test]
fn a_message_before_its_instance_waits_for_it_and_not_for_ever() {
    let mut early = Scenario::<Loan>::new();
    early.publish(Closing { book: 7 }).is_in("absent");
    let mut never = early.clone();
    early.request(Borrow { book: 7 }).is_in("compensate");
    let reason = never.dead_letter(|never| {
        never.advance(2 * MINUTE);
    });
    assert_eq!(reason, Reason::Unexpected);
}

#[test]
fn it_starts_in_the_middle_of_a_flow() {
    let mut loan = Scenario::<Loan>::given(
        "Fetching",
        Loan {
            book: 7,
            fetched: false,
        },
    );
    loan.asked(&Borrow { book: 7 }).awaiting(&Fetch { book: 7 });
    loan.reply(Fetched { shelf: 1 }).replies(&Lent).is_in("Out");
    assert!(loan.data().fetched);
    loan.publish(Returned { book: 7 }).ends();
}

#[test]
fn a_refused_undo_parks_until_a_person_says_go_on() {
    let mut loan = Scenario::<Loan>::given(
        "Out",
        Loan {
            book: 7,
            fetched: true,
        },
    );
    loan.done::<Fetch>(Fetched { shelf: 3 });
    loan.publish(Closing { book: 7 })
        .sends(&Shelve { shelf: 3 })
        .reply(ShelfFull);
    assert_eq!(loan.parked(), "`Shelve` was refused with `ShelfFull`");
    loan.retry_compensation()
        .sends(&Shelve { shelf: 3 })
        .answer::<Shelve>(Shelved)
        .ends();
}

#[test]
fn an_undeclared_state_is_answered_with_the_declared_ones() {
    let told = story_of(|| {
        Scenario::<Loan>::given(
            "Fetchin",
            Loan {
                book: 7,
                fetched: false,
            },
        );
    });
    assert!(told.contains("declared are `Fetching`, `Out`"), "{told}");
}

#[test]
fn another_instance_is_another_scenario() {
    let told = story_of(|| {
        Scenario::<Loan>::new()
            .request(Borrow { book: 7 })
            .publish(Closing { book: 8 });
    });
    assert!(told.contains("about one instance"), "{told}");
}

#[test]
fn the_story_is_a_sequence_diagram_too() {
    let mut loan = Scenario::<Loan>::new();
    loan.request(Borrow { book: 7 });
    let expected = "sequenceDiagram
    participant p0 as caller
    participant p1 as Loan
    participant p2 as stacks
    p0->>p1: Borrow
    p1->>p2: Fetch
    Note over p1: now in `Fetching`
";
    assert_eq!(loan.mermaid(), expected);
}
