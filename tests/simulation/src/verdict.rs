//! What must hold once all is at rest.

use std::collections::BTreeSet;

use saga_runtime::Error;

use crate::{
    clients::{BIDS, beside, numbers, with_car},
    ledger::{Deed, Ledger},
    operator::{Operator, count, is_stray, sale},
    world::World,
};

/// Holds what the run has come to against what was asked for; whatever does not agree, in words.
pub async fn judge(operator: &Operator) -> Result<Vec<String>, Error> {
    let world = &*operator.world;
    let mut wrong = world.ledger.doubled();
    for order in 0..world.plan.orders {
        wrong.extend(order_faults(operator, order).map(|fault| format!("order {order}: {fault}")));
    }
    for number in 0..beside(world.plan.orders) {
        wrong.extend(trip_fault(operator, number).map(|fault| format!("trip {number}: {fault}")));
    }
    wrong.extend(count_faults(operator).await?);
    wrong.extend(sale_faults(operator).await?);
    let rung = operator.clients.rung().into_iter();
    let unheard = rung.filter(|&ticket| !world.ledger.heard(ticket));
    wrong.extend(unheard.map(|ticket| format!("ticket {ticket} was rung and not heard")));
    let letters = operator.letters().await?;
    let (stray, others): (Vec<_>, Vec<_>) = letters.iter().partition(|stored| is_stray(stored));
    if stray.len() != beside(world.plan.orders) as usize {
        wrong.push(format!("{} stray messages were set aside", stray.len()));
    }
    wrong.extend(
        others
            .iter()
            .map(|stored| format!("set aside: {}", stored.letter.detail)),
    );
    Ok(wrong)
}

/// An order that was confirmed was billed, labelled and driven once, and nothing of it undone; of one that was not, all
/// that was done was undone. Whoever asked was told so.
fn order_faults(operator: &Operator, order: u32) -> impl Iterator<Item = String> {
    let ledger = &operator.world.ledger;
    let Some((confirmed, log)) = ledger.log(order) else {
        return vec!["nobody heard what became of it".to_owned()].into_iter();
    };
    let mut wrong = Vec::new();
    let distinct: BTreeSet<&String> = log.iter().collect();
    if distinct.len() < log.len() {
        wrong.push(format!("a handler ran twice: {log:?}"));
    }
    if ledger.count(Deed::Announced, order) != 1 {
        wrong.push(format!(
            "its end was announced {} times",
            ledger.count(Deed::Announced, order)
        ));
    }
    let done = |deed| ledger.count(deed, order);
    let (billed, refunded) = (done(Deed::Billed), done(Deed::Refunded));
    let (labelled, voided) = (done(Deed::Labelled), done(Deed::Voided));
    let sound = if confirmed {
        (billed, refunded, labelled, voided, done(Deed::Driven)) == (1, 0, 1, 0, 1)
    } else {
        billed == refunded && labelled == voided
    };
    if !sound {
        wrong.push(format!(
            "confirmed: {confirmed}, billed {billed}, refunded {refunded}, labelled {labelled}, voided {voided}: {log:?}"
        ));
    }
    if operator
        .clients
        .told_of_order(order)
        .is_some_and(|told| told != confirmed)
    {
        wrong.push(format!(
            "confirmed: {confirmed}, but its sender was told otherwise"
        ));
    }
    wrong.into_iter()
}

fn trip_fault(operator: &Operator, trip: u32) -> Option<String> {
    let world = &*operator.world;
    let booked = operator.clients.told_of_trip(trip)?;
    let pairs = [
        (Deed::Flight, Deed::FlightCancelled, true),
        (Deed::Hotel, Deed::HotelCancelled, true),
        (Deed::Car, Deed::CarCancelled, with_car(world, trip)),
    ];
    let sound = pairs.iter().all(|&(done, undone, wanted)| {
        let (done, undone) = (world.ledger.count(done, trip), world.ledger.count(undone, trip));
        if booked {
            (done, undone) == (usize::from(wanted), 0)
        } else {
            done == undone
        }
    });
    (!sound).then(|| format!("booked: {booked}, {}", deeds(&world.ledger, trip)))
}

fn deeds(ledger: &Ledger, trip: u32) -> String {
    let deeds = [
        Deed::Flight,
        Deed::FlightCancelled,
        Deed::Hotel,
        Deed::HotelCancelled,
        Deed::Car,
        Deed::CarCancelled,
    ];
    let each: Vec<String> = deeds
        .iter()
        .map(|&deed| format!("{deed:?} {}", ledger.count(deed, trip)))
        .collect();
    each.join(", ")
}

/// Every number was counted once, every count unlocked once, every pause announced once.
async fn count_faults(operator: &Operator) -> Result<Vec<String>, Error> {
    let world: &World = &operator.world;
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for row in operator.instances().await? {
        if sale(&row).is_some() {
            continue;
        }
        let Some(held) = count(&row) else {
            wrong.push(format!("`{}` of {} has not ended", row.id.key, row.id.saga));
            continue;
        };
        let Ok(number) = row.id.key.parse::<u32>() else {
            continue;
        };
        seen.insert(number);
        let mut counted = held.numbers.clone();
        counted.sort_unstable();
        let expected: Vec<u32> = (0..numbers(world, number)).collect();
        if counted != expected {
            wrong.push(format!("count {number}: counted {:?}", held.numbers));
        }
        let tickets: BTreeSet<u64> = held.stamped.iter().copied().collect();
        if tickets.len() != held.stamped.len() {
            wrong.push(format!(
                "count {number}: a ticket was stamped twice: {:?}",
                held.stamped
            ));
        }
        let announced = world.ledger.pauses(number);
        let settled = (held.settled, world.ledger.count(Deed::Settled, number));
        if settled != (1, 1) {
            wrong.push(format!("count {number}: settled and announced {settled:?} times"));
        }
        if held.unlocked != 1 || announced != held.pauses as usize {
            wrong.push(format!(
                "count {number}: unlocked {} times, {} pauses, {announced} announced",
                held.unlocked, held.pauses
            ));
        }
    }
    let missing = (0..beside(world.plan.orders)).filter(|number| !seen.contains(number));
    wrong.extend(missing.map(|number| format!("count {number} is gone")));
    Ok(wrong)
}

/// Every bid was taken once, and none that was accepted in time came too late for the clock.
async fn sale_faults(operator: &Operator) -> Result<Vec<String>, Error> {
    let world: &World = &operator.world;
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for row in operator.instances().await? {
        let (Some(held), Ok(number)) = (sale(&row), row.id.key.parse::<u32>()) else {
            continue;
        };
        seen.insert(number);
        let mut bids: Vec<u32> = held.bids.iter().chain(&held.late).copied().collect();
        bids.sort_unstable();
        if bids != (0..BIDS).collect::<Vec<_>>() {
            wrong.push(format!("sale {number}: {:?}, late {:?}", held.bids, held.late));
        }
        for &bid in &held.late {
            if let Some(accepted) = world.hammer.overtaken((number, bid), held.closes_at) {
                wrong.push(format!(
                    "sale {number}: closed at {}, ahead of bid {bid}, which was accepted at {accepted}",
                    held.closes_at
                ));
            }
        }
    }
    let missing = (0..beside(world.plan.orders)).filter(|number| !seen.contains(number));
    wrong.extend(missing.map(|number| format!("sale {number} is gone")));
    Ok(wrong)
}
