//! Everything that can happen to a sale and the delivery that is one of its steps.

use saga_runtime::testing::{Scenario, explore};

use crate::{Delivery, Sale, contracts::*};

#[test]
fn whatever_happens_the_buyer_is_told() {
    let explored = explore()
        .saga::<Sale>()
        .saga::<Delivery>()
        .request(Order {
            order: 1,
            to: "the neighbour".into(),
        })
        .repeats(1)
        .check();
    println!("{explored}");
}

#[test]
fn a_door_is_tried_three_times() {
    let mut delivery = Scenario::<Delivery>::new();
    delivery.request(Deliver {
        parcel: "p".into(),
        to: "the hermit".into(),
    });
    for attempt in 1..=3 {
        assert_eq!(delivery.sent::<TryDoor>().attempt, attempt);
        delivery.reply(NobodyHome);
        if attempt < 3 {
            delivery.is_in("BackInTheVan").timeout("try_again");
        }
    }
    delivery.replies(&Undeliverable).ends();
}
