//! The file itself: the same whatever the order of the code, and no line of it is passed over.

use super::SHOP;
use crate::testing::lock::{How, check, facts::Lock};

#[test]
fn a_line_that_is_no_fact_is_told_by_number() {
    for (line, text) in [
        (3, "<<<<<<< HEAD"),
        (3, "  version two"),
        (3, "  state"),
        (3, "  field order_id"),
        (3, "saga"),
    ] {
        let complaint = Lock::parse(&format!("saga Fulfilment\n  at sales\n{text}\n")).unwrap_err();
        assert_eq!(complaint, format!("line {line}: `{}` is no fact", text.trim()));
    }
    let complaint = Lock::parse("  at sales\n").unwrap_err();
    assert_eq!(complaint, "line 1: `at sales` is no fact", "it is about nothing");
}

#[test]
fn of_two_branches_merged_what_both_say_of_one_thing_is_told_by_number() {
    for (before, contradiction) in [
        ("  at sales", "  at orders"),
        ("  version 2", "  version 3"),
        ("  field total_cents: u32", "  field total_cents: u64"),
        (
            "  renamed Billing = AwaitingBill",
            "  renamed Billing = AwaitingLabel",
        ),
    ] {
        let merged = SHOP.replacen(before, &format!("{before}\n{contradiction}"), 1);
        let line = merged.lines().position(|line| line == contradiction).unwrap() + 1;
        let complaint = Lock::parse(&merged).unwrap_err();
        let expected = format!(
            "line {line}: `{}` contradicts a line above it",
            contradiction.trim()
        );
        assert_eq!(complaint, expected);
    }
}

#[test]
fn lines_of_two_branches_side_by_side_are_the_facts_of_both() {
    let merged = SHOP.replacen(
        "  state AwaitingLabel\n",
        "  state AwaitingLabel\n  state Packing\n  state AwaitingLabel\n  state Insuring\n",
        1,
    );
    let lock = Lock::parse(&merged).unwrap();
    let text = lock.to_string();
    let states: Vec<&str> = text.lines().filter(|line| line.starts_with("  state")).collect();
    let expected = ["AwaitingBill", "AwaitingLabel", "Insuring", "Packing"];
    assert_eq!(states, expected.map(|state| format!("  state {state}")));
}

#[test]
fn a_file_that_is_not_understood_says_where_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.lock");
    std::fs::write(
        &path,
        "saga Fulfilment\n  at sales\n=======\n  at orders\n>>>>>>> theirs\n",
    )
    .unwrap();
    for how in [How::Check, How::Accept] {
        let expected = format!(
            "{}, line 3: `=======` is no fact\nremedy: take the file from version control; where two changes met, keep the \
             lines of both, of two that contradict each other that of the older build, and run this test with \
             `SAGA_LOCK=accept`",
            path.display()
        );
        assert_eq!(check(&path, &[], how).unwrap_err(), expected);
    }
}
