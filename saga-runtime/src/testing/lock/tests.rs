//! Each change by itself: what is refused, in which words, and what is not.

#![allow(clippy::unwrap_used)] // a test that cannot read its own text should say so

use super::{How, check, compare::Found, facts::Lock, report};

mod file;
mod key;

const SHOP: &str = "\
saga Fulfilment
  at sales
  version 2
  reads version 1
  field note: Option<String> [optional]
  field order_id: String
  field total_cents: u32
  state AwaitingBill
  state AwaitingLabel
  renamed Billing = AwaitingBill
  starts with PlaceOrder
  in AwaitingBill takes OrderBilled
  in AwaitingLabel joins Labelled
  in AwaitingLabel takes Rejected of CreateLabel
  in end sets aside OrderBilled
  in AwaitingBill waits for bill_is_late
  undoes OrderBilled

service BillingDesk
  at billing
  takes BillOrder

message BillOrder
  command to billing
  version 1
  field cents: u32
  replies OrderBilled

message CreateLabel
  command to sales
  version 1
  refuses Rejected

message Labelled
  event
  version 1
  form tuple
  field 0: String

message OrderBilled
  reply
  version 1
  field invoice: String [with hex]

message PlaceOrder
  command to sales
  version 1
  form strict
  field order_id: String

message Rejected
  reply
  version 1
";

/// The shop with some lines replaced, each pair `(before, after)`.
fn with(edits: &[(&str, &str)]) -> Lock {
    let mut text = SHOP.to_owned();
    for (before, after) in edits {
        assert!(text.contains(before), "the shop has no `{before}`");
        text = text.replacen(before, after, 1);
    }
    Lock::parse(&text).unwrap()
}

fn compared(edits: &[(&str, &str)]) -> Found {
    super::compare(&with(&[]), &with(edits))
}

/// What is refused when lines are replaced: each refusal and its remedy.
#[track_caller]
fn assert_refused(edits: &[(&str, &str)], what: &str, remedy: &str) {
    let found = compared(edits);
    let refused: Vec<(&str, &str)> = found
        .refusals
        .iter()
        .map(|refusal| (refusal.what.as_str(), refusal.remedy.as_str()))
        .collect();
    assert_eq!(refused, [(what, remedy)]);
}

/// Nothing is refused, but the file is behind.
#[track_caller]
fn assert_compatible(edits: &[(&str, &str)]) -> Vec<String> {
    let found = compared(edits);
    assert_eq!(found.refusals, []);
    assert!(!found.changes.is_empty());
    found.remarks
}

#[test]
fn what_is_written_reads_back_the_same() {
    let lock = with(&[]);
    assert_eq!(Lock::parse(&lock.to_string()).unwrap(), lock);
    let lines = |text: &str| -> Vec<String> {
        let mut lines: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(Into::into)
            .collect();
        lines.sort();
        lines.retain(|line: &String| !line.is_empty());
        lines
    };
    assert_eq!(lines(&lock.to_string()), lines(SHOP));
    assert_eq!(compared(&[]), Found::default());
}

#[test]
fn a_state_that_is_gone_is_refused() {
    assert_refused(
        &[
            ("  state AwaitingLabel\n", "  state Packing\n"),
            ("in AwaitingLabel joins", "in Packing joins"),
            ("in AwaitingLabel takes", "in Packing takes"),
        ],
        "saga `Fulfilment`: state `AwaitingLabel` is gone, and instances may be in it",
        "if it has another name now, or another state goes on for it, write `renamed(AwaitingLabel = Packing)` in \
         `#[saga(..)]` on the impl block; else keep it, as `retired(AwaitingLabel)` once nothing leads to \
         it, until no instance is in it",
    );
}

#[test]
fn a_state_that_was_renamed_with_its_word_is_not() {
    assert_compatible(&[
        (
            "  state AwaitingLabel\n",
            "  state Packing\n  renamed AwaitingLabel = Packing\n",
        ),
        ("in AwaitingLabel joins", "in Packing joins"),
        ("in AwaitingLabel takes", "in Packing takes"),
    ]);
}

#[test]
fn a_handler_lost_on_the_way_to_a_new_name_is_refused() {
    let found = compared(&[
        (
            "  state AwaitingLabel\n",
            "  state Packing\n  renamed AwaitingLabel = Packing\n",
        ),
        ("in AwaitingLabel joins", "in Packing joins"),
        ("  in AwaitingLabel takes Rejected of CreateLabel\n", ""),
    ]);
    assert_eq!(found.refusals.len(), 1);
    assert!(
        found.refusals[0]
            .what
            .contains("nothing takes `Rejected of CreateLabel` in `Packing`")
    );
}

#[test]
fn an_old_name_must_be_read_until_none_is_stored() {
    assert_refused(
        &[("  renamed Billing = AwaitingBill\n", "")],
        "saga `Fulfilment`: the old name `Billing` is not read any more; instances that did not move since are stored \
         under it",
        "keep `renamed(Billing = ..)` until none of them is left",
    );
}

#[test]
fn a_field_of_another_type_is_refused() {
    assert_refused(
        &[("field total_cents: u32", "field total_cents: String")],
        "saga `Fulfilment`: field `total_cents` was `u32` and is `String`",
        "raise the version: `version = 3, upgrade(2 = ..)`; if it is written in the same way all the same, \
         `SAGA_LOCK=overwrite`",
    );
    assert_refused(
        &[("[with hex]", "[with base64]")],
        "message `OrderBilled`: field `invoice` was written by `hex`, now by `base64`",
        "raise the version: `version = 2, upgrade(1 = ..)`; if it is written in the same way all the same, \
         `SAGA_LOCK=overwrite`",
    );
}

#[test]
fn a_type_that_reads_all_that_the_old_one_wrote_is_not() {
    for (old, new) in [
        ("total_cents: u32", "total_cents: u64"),
        ("total_cents: u32", "total_cents: i64"),
        ("total_cents: u32", "total_cents: Option<u64> [optional]"),
        ("order_id: String", "order_id: Box<String>"),
    ] {
        assert_compatible(&[(old, new)]);
    }
    for (old, new) in [
        ("total_cents: u32", "total_cents: u16"),
        ("total_cents: u32", "total_cents: i32"),
        ("total_cents: u32", "total_cents: f64"),
    ] {
        assert_eq!(compared(&[(old, new)]).refusals.len(), 1, "{new}");
    }
}

#[test]
fn an_added_field_needs_a_default() {
    assert_refused(
        &[("  field order_id", "  field currency: Currency\n  field order_id")],
        "saga `Fulfilment`: field `currency: Currency` was added, and what is stored or under way has none",
        "make it an `Option`, or write `#[serde(default)]` on it; if it was only renamed, \
         `#[serde(alias = \"old_name\")]`; or raise the version: `version = 3, upgrade(2 = ..)`",
    );
    assert_compatible(&[(
        "  field order_id",
        "  field currency: Currency [optional]\n  field order_id",
    )]);
}

#[test]
fn an_option_may_be_missing_and_what_takes_its_place_may_not() {
    let found = compared(&[("note: Option<String> [optional]", "note: Option<String>")]);
    let expected =
        "saga `Fulfilment`: field `note` may be missing in what is stored or under way, and is needed now";
    assert_eq!(found.refusals[0].what, expected);
}

#[test]
fn a_renamed_field_needs_an_alias() {
    assert_eq!(
        compared(&[("field cents: u32", "field total: u32")])
            .refusals
            .len(),
        1
    );
    let remarks = assert_compatible(&[("field cents: u32", "field total: u32 [or cents]")]);
    let expected = "message `BillOrder`: older builds running beside this one do not find `cents` in what this one \
                    writes as `total`";
    assert_eq!(remarks, [expected]);
}

#[test]
fn a_removed_field_is_passed_over_unless_unknown_ones_are_denied() {
    let remarks = assert_compatible(&[("  field cents: u32\n", "")]);
    assert!(
        remarks[0].contains("older builds running beside this one need `cents`"),
        "{remarks:?}"
    );
    assert!(assert_compatible(&[("  field note: Option<String> [optional]\n", "")]).is_empty());
    assert_refused(
        &[("  form strict\n  field order_id: String\n", "  form strict\n")],
        "message `PlaceOrder`: field `order_id` is gone, and `deny_unknown_fields` refuses what is stored or under way \
         with it",
        "remove `deny_unknown_fields`, or raise the version: `version = 2, upgrade(1 = ..)`",
    );
}

#[test]
fn a_body_of_another_form_is_refused() {
    assert_refused(
        &[(
            "  field 0: String\n",
            "  field 0: String\n  field 1: u8 [optional]\n",
        )],
        "message `Labelled`: what is stored or under way has another form: the value it wraps, now a list of 2",
        "raise the version: `version = 2, upgrade(1 = ..)`",
    );
    assert_eq!(compared(&[("  form tuple\n", "")]).refusals.len(), 1);
    assert_compatible(&[("  form strict\n", "")]);
}

#[test]
fn a_version_does_not_go_back_and_no_readable_one_is_lost() {
    assert_refused(
        &[("  version 2\n  reads version 1\n", "  version 1\n")],
        "saga `Fulfilment` went back from version 2 to 1: what is of version 2 would wait for another build",
        "write `version = 2`, or the next higher number",
    );
    assert_refused(
        &[(
            "  version 2\n  reads version 1\n",
            "  version 3\n  reads version 1\n",
        )],
        "saga `Fulfilment` of version 2 cannot be read any more",
        "write `upgrade(2 = Older)` beside `version = 3`, where `Older` is the type as it was, with an \
         `impl From<Older>` for the next version; `upgrade(2 = Fulfilment)` if it still reads the same",
    );
    assert_eq!(compared(&[("  reads version 1\n", "")]).refusals.len(), 1);
}

#[test]
fn with_a_new_version_and_an_upgrade_fields_are_free() {
    assert_compatible(&[
        ("  version 2\n", "  version 3\n  reads version 2\n"),
        ("field total_cents: u32", "field price: Money"),
    ]);
}

#[test]
fn a_wire_name_that_is_gone_is_refused() {
    assert_refused(
        &[
            ("message BillOrder", "message InvoiceOrder"),
            ("  takes BillOrder", "  takes InvoiceOrder"),
        ],
        "message `BillOrder` is gone: it may be under way, or kept by instances, under this name",
        "if it is `InvoiceOrder` now, write `name = \"BillOrder\"` in its attribute; else keep the message until none \
         is left; a saga that sends the command no more says `retired(send BillOrder)`",
    );
    assert_refused(
        &[("command to billing", "command to accounts")],
        "message `BillOrder` was: command to billing; it is: command to accounts; those under way are found no more",
        "give the new message a name of its own, and keep the old one until none is left",
    );
}

#[test]
fn the_names_of_sagas_services_and_endpoints_stay() {
    assert_refused(
        &[("saga Fulfilment", "saga OrderSaga")],
        "saga `Fulfilment` is gone: its instances and their messages are stored under this name",
        "if it is `OrderSaga` now, write `#[saga(.., name = \"Fulfilment\")]` on the struct; else keep the saga until \
         none of its instances is left",
    );
    assert_refused(
        &[("service BillingDesk", "service Billing")],
        "service `BillingDesk` is gone: messages are recorded for it under this name",
        "if it is `Billing` now, write `#[service(.., name = \"BillingDesk\")]`; else keep the service until its \
         messages are handled",
    );
    assert_refused(
        &[("  at sales", "  at orders")],
        "saga `Fulfilment` moved from endpoint `sales` to `orders`: messages for it wait in `sales`",
        "keep its endpoint, or the old name of the queue: `#[endpoint(name = \"sales\")]`",
    );
}

#[test]
fn a_message_that_instances_may_still_receive_keeps_its_handler() {
    assert_refused(
        &[("  in AwaitingBill takes OrderBilled\n", "")],
        "saga `Fulfilment`: nothing takes `OrderBilled` in `AwaitingBill` any more, and instances of older builds may \
         still receive it there",
        "keep a handler, or say what becomes of it: `ignore(OrderBilled in AwaitingBill)`, `defer(..)` or \
         `unexpected(..)`; a saga that sends the command no more says `retired(send BillOrder)`",
    );
    assert_compatible(&[(
        "in AwaitingBill takes OrderBilled",
        "in AwaitingBill ignores OrderBilled",
    )]);
    assert_compatible(&[("takes Rejected of CreateLabel", "takes Rejected")]);
    assert_refused(
        &[("in AwaitingLabel joins", "in AwaitingLabel takes")],
        "saga `Fulfilment`: `Labelled` is not joined in `AwaitingLabel` any more; instances that hold one for the join \
         would not go on",
        "keep `#[all(.. Labelled .. in AwaitingLabel)]` until no instance is in `AwaitingLabel`",
    );
}

#[test]
fn what_a_service_or_a_start_takes_may_be_in_its_queue() {
    assert_refused(
        &[("  takes BillOrder\n", "")],
        "service `BillingDesk` takes `BillOrder` no more: one may be in its queue",
        "keep `#[on(BillOrder)]` in it until none is sent and its queue is empty",
    );
    assert_refused(
        &[("  starts with PlaceOrder\n", "")],
        "saga `Fulfilment`: `PlaceOrder` starts no instance any more; one under way would wait for an instance in vain",
        "keep `#[start(PlaceOrder ..)]` until none is sent and the queue is empty",
    );
}

#[test]
fn a_timer_is_waited_for_by_the_name_of_its_handler() {
    let late = "waits for bill_is_late";
    let renamed = "  renamed Billing = AwaitingBill\n  renamed bill_is_late = bill_overdue\n";
    let remarks = assert_compatible(&[
        ("  renamed Billing = AwaitingBill\n", renamed),
        (late, "waits for bill_overdue"),
    ]);
    assert!(remarks.is_empty(), "{remarks:?}");
}

#[test]
fn a_step_that_was_done_keeps_its_undo() {
    assert_refused(
        &[("  undoes OrderBilled\n", "")],
        "saga `Fulfilment`: the undo of `OrderBilled` is gone; instances that have this step behind them could not undo \
         it",
        "keep `#[compensate(OrderBilled -> ..)]`",
    );
}

#[test]
fn what_is_new_is_compatible_and_named() {
    let added = "  state AwaitingLabel\n  state Packing\n";
    let timer = "  in AwaitingLabel waits for label_is_late\n  in Packing waits for packing_is_late\n  undoes OrderBilled\n";
    let remarks = assert_compatible(&[
        ("  state AwaitingLabel\n", added),
        (
            "  starts with PlaceOrder\n",
            "  starts with PlaceOrder\n  in Packing takes PlaceOrder\n",
        ),
        ("  undoes OrderBilled\n", timer),
        (
            "message Rejected",
            "message Packed\n  event\n  version 1\n\nmessage Rejected",
        ),
    ]);
    let expected = "saga `Fulfilment`: instances that are in `AwaitingLabel` already do not wait for `label_is_late`: \
                    timers are armed on entering";
    assert_eq!(remarks, [expected]);
    let found = compared(&[(
        "message Rejected",
        "message Packed\n  event\n  version 1\n\nmessage Rejected",
    )]);
    let text = report::of("saga.lock".as_ref(), &found);
    let expected = "\
saga.lock is behind the code; what changed is compatible

not in the file yet:
  + message Packed

remedy: run this test with `SAGA_LOCK=accept`: a state the file does not know could be removed unseen later";
    assert_eq!(text, expected);
}

#[test]
fn a_refusal_says_what_changed_and_how_to_go_on() {
    let found = compared(&[
        ("  undoes OrderBilled\n", ""),
        ("  renamed Billing = AwaitingBill\n", ""),
    ]);
    let text = report::of("saga.lock".as_ref(), &found);
    let expected = "\
saga.lock: 2 changes break what older builds stored or sent

saga `Fulfilment`: the old name `Billing` is not read any more; instances that did not move since are stored under it
remedy: keep `renamed(Billing = ..)` until none of them is left

saga `Fulfilment`: the undo of `OrderBilled` is gone; instances that have this step behind them could not undo it
remedy: keep `#[compensate(OrderBilled -> ..)]`

not in the file yet:
  - saga Fulfilment: renamed Billing = AwaitingBill
  - saga Fulfilment: undoes OrderBilled

When each is remedied, run this test with `SAGA_LOCK=accept`. `SAGA_LOCK=overwrite` writes the file as it is, for when \
nothing older is stored or under way anywhere.";
    assert_eq!(text, expected);
}

#[test]
fn the_file_is_written_when_accepted_and_not_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("saga.lock");
    let missing = check(&path, &[], How::Check).unwrap_err();
    assert!(
        missing.contains("run this test with `SAGA_LOCK=accept` once"),
        "{missing}"
    );
    assert!(!path.exists());
    check(&path, &[], How::Accept).unwrap();
    check(&path, &[], How::Check).unwrap();

    std::fs::write(&path, SHOP).unwrap();
    let refused = check(&path, &[], How::Accept).unwrap_err();
    assert!(refused.contains("service `BillingDesk` is gone"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), SHOP);
    check(&path, &[], How::Overwrite).unwrap();
    check(&path, &[], How::Check).unwrap();
}

#[test]
fn a_misspelt_switch_is_told() {
    assert_eq!(How::of("acept"), How::Misspelt("acept"));
    let expected = "`SAGA_LOCK=acept` says nothing
remedy: write `SAGA_LOCK=accept` for what is compatible or migrated, `SAGA_LOCK=overwrite` for whatever there is, or leave \
                    it unset to check";
    assert_eq!(
        check("nowhere".as_ref(), &[], How::of("acept")).unwrap_err(),
        expected
    );
}
