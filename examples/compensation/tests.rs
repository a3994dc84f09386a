//! Everything that can happen to a purchase: what was done is undone, or waits for a person.

use saga_runtime::testing::{explore, explore::View};

use crate::{Purchase, contracts::*};

#[test]
fn whatever_happens_nobody_pays_without_a_ticket() {
    let explored = explore()
        .saga::<Purchase>()
        .request(BuyTicket {
            show: "Hamlet".into(),
        })
        .retries_parked(1)
        .allows_parked()
        .never("told no and not refunded", |purchase: &View<'_, Purchase>| {
            purchase.replied::<NoTicket>() > 0
                && purchase.received::<CardCharged>() > purchase.received::<CardRefunded>()
        })
        .check();
    println!("{explored}");
}
