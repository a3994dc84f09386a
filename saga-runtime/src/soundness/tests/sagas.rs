//! Correct sagas are never refused.

use super::{
    language::{leak, saga},
    passes, problems,
};
use crate::definition::Definition;

const ORDER: &str = include_str!("sagas/order.saga");
const SUBSCRIPTION: &str = include_str!("sagas/subscription.saga");
const TRAVEL: &str = include_str!("sagas/travel.saga");

#[test]
fn the_order_is_sound() {
    passes(ORDER);
}

#[test]
fn the_subscription_is_sound() {
    passes(SUBSCRIPTION);
}

#[test]
fn the_travel_booking_is_sound() {
    passes(TRAVEL);
}

#[test]
fn the_sagas_have_few_configurations() {
    let sizes = [ORDER, SUBSCRIPTION, TRAVEL].map(|text| {
        let exploration = super::explored(saga(text));
        assert!(exploration.is_exact());
        exploration.size()
    });
    assert!(sizes.iter().all(|&size| size < 100), "{sizes:?}");
}

/// The saga without one of its clauses, and what the rules then say first.
#[track_caller]
fn without(text: &str, handler: &str, problem: &str) {
    let clauses = saga(text)
        .clauses
        .iter()
        .filter(|clause| clause.handler != handler);
    let mutant = Definition {
        clauses: leak(clauses.copied().collect()),
        ..*saga(text)
    };
    let said = problems(Box::leak(Box::new(mutant)));
    assert_eq!(
        said.first()
            .map_or("", |text| text.lines().next().unwrap_or_default()),
        problem,
        "{said:#?}"
    );
}

#[test]
fn each_clause_of_the_order_is_missed() {
    for (handler, problem) in [
        (
            "billed_late",
            "S101: in `Fulfilment`, not every answer to `BillOrder` is handled wherever it may come:",
        ),
        (
            "bill_cancelled",
            "S101: in `Fulfilment`, not every answer to `CancelBilling` is handled wherever it may come:",
        ),
        (
            "out_of_stock",
            "S101: in `Fulfilment`, not every answer to `CreateShippingLabel` is handled wherever it may come:",
        ),
        (
            "refund",
            "S109: in `Fulfilment`, `compensate` is entered when `BillOrder` is done or may yet be, and nothing undoes it",
        ),
        (
            "cancelled",
            "S105: in `Fulfilment`, `end` is reached while whoever sent `PlaceOrder` still waits for an answer",
        ),
    ] {
        without(ORDER, handler, problem);
    }
}

#[test]
fn each_clause_of_the_subscription_and_the_travel_booking_is_missed() {
    let charge = "S101: in `Subscription`, not every answer to `ChargeCard` is handled wherever it may come:";
    without(SUBSCRIPTION, "charged_leaving", charge);
    without(SUBSCRIPTION, "declined_leaving", charge);
    let cancel =
        "S106: in `Subscription`, `CancelSubscription` may come at any time, and nothing is said about it in";
    without(SUBSCRIPTION, "no_sub", &format!("{cancel} `end`"));
    without(SUBSCRIPTION, "cancel_again", &format!("{cancel} `Leaving`"));
    let car = "S101: in `Trip`, not every answer to `BookCar` is handled wherever it may come:";
    without(TRAVEL, "no_car", car);
    without(
        TRAVEL,
        "undo_car",
        "S109: in `Trip`, `compensate` is entered when `BookCar` is done or may yet be, and nothing undoes it",
    );
}
