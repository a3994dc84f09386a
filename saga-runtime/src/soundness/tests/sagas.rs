//! Correct sagas are never refused.

use super::{language::saga, passes};
use crate::soundness::explore;

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
        let exploration = Box::new(explore(saga(text)));
        assert!(exploration.is_exact());
        exploration.size()
    });
    assert!(sizes.iter().all(|&size| size < 100), "{sizes:?}");
}
