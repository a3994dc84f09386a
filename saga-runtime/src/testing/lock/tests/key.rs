//! The correlation key: what it is, and where messages have it.

use super::{assert_compatible, assert_refused, with};
use crate::testing::lock::compare;

const KEY: &str = "  state AwaitingBill\n";

fn keyed(key: &str) -> String {
    format!("{key}{KEY}")
}

#[track_caller]
fn compared(before: &str, after: &str) -> Vec<(String, String)> {
    let found = compare(&with(&[(KEY, &keyed(before))]), &with(&[(KEY, &keyed(after))]));
    let each = found.refusals.into_iter();
    each.map(|refusal| (refusal.what, refusal.remedy)).collect()
}

#[test]
fn a_key_of_another_field_or_type_is_refused() {
    let remedy = "a key never changes: keep it, and give what needs another a saga of its own; if it spells the same \
                  text all the same, `SAGA_LOCK=overwrite`";
    for new in ["id: u64", "order_id: String", "tenant: u64, order_id: u64"] {
        let what = format!(
            "saga `Fulfilment`: its key was `order_id: u64` and is `{new}`; instances are stored under what the old one \
             spells"
        );
        let found = compared("  key order_id: u64\n", &format!("  key {new}\n"));
        assert_eq!(found, [(what, remedy.to_owned())]);
    }
    let swapped = compared(
        "  key tenant: u64, order_id: u64\n",
        "  key order_id: u64, tenant: u64\n",
    );
    assert_eq!(swapped.len(), 1, "the order of the parts is the text");
}

#[test]
fn a_wider_number_spells_the_same_key() {
    assert_eq!(compared("  key order_id: u32\n", "  key order_id: u64\n"), []);
}

#[test]
fn a_file_of_before_keys_were_pinned_only_lacks_the_line() {
    assert_compatible(&[(KEY, &keyed("  key order_id: u64\n"))]);
}

#[test]
fn a_key_found_elsewhere_in_a_message_is_refused() {
    let key = "  key order_id: u64\n";
    let path = format!("{key}  finds by order.id of PlaceOrder\n");
    let moved = format!("{key}  finds by invoice.id of PlaceOrder\n");
    let what = |old: &str, new: &str| {
        format!(
            "saga `Fulfilment`: the key of `PlaceOrder` was found by {old}, now by {new}; one under way would meet another \
             instance, or none"
        )
    };
    let expected = [(
        what("`order.id`", "`invoice.id`"),
        "keep `by(PlaceOrder = order.id)`; if both hold the same text, `SAGA_LOCK=overwrite`".to_owned(),
    )];
    assert_eq!(compared(&path, &moved), expected);
    let expected = [(
        what("`order.id`", "the field of the key's name"),
        "keep `by(PlaceOrder = order.id)`; if both hold the same text, `SAGA_LOCK=overwrite`".to_owned(),
    )];
    assert_eq!(compared(&path, key), expected);
    let expected = [(
        what("the field of the key's name", "`order.id`"),
        "remove `by(PlaceOrder = ..)`; if both hold the same text, `SAGA_LOCK=overwrite`".to_owned(),
    )];
    assert_eq!(compared(key, &path), expected);
}

#[test]
fn a_new_version_of_a_message_may_have_the_key_elsewhere() {
    let key = keyed("  key order_id: u64\n");
    let path = keyed("  key order_id: u64\n  finds by order.id of PlaceOrder\n");
    let raised = (
        "message PlaceOrder\n  command to sales\n  version 1\n  form strict\n",
        "message PlaceOrder\n  command to sales\n  version 2\n  reads version 1\n  form strict\n",
    );
    let found = compare(&with(&[(KEY, &key)]), &with(&[(KEY, &path), raised]));
    assert_eq!(found.refusals, []);
}

#[test]
fn a_timer_that_is_gone_is_told_how_to_retire() {
    assert_refused(
        &[("  in AwaitingBill waits for bill_is_late\n", "")],
        "saga `Fulfilment`: timer `bill_is_late` of state `AwaitingBill` is gone; instances wait for it under the name \
         of its handler",
        "if the handler has another name now, write `renamed(bill_is_late = new_name)` in `#[saga(..)]` on the impl \
         block; else keep it in `AwaitingBill`, as `retired(bill_is_late)` if it is not to be armed any more",
    );
}
