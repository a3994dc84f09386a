//! The proof: every order ended exactly once, and every cent charged was shipped or refunded.

use std::collections::BTreeMap;

use crate::{
    contracts::PlaceOrder,
    entries::{Entered, Entries},
    outcome::{DECLINED, SHIPPED},
};

/// What the ledger says of the input's orders.
#[derive(Default)]
pub struct Check {
    /// How many orders came to which outcome, in this run and earlier ones.
    pub outcomes: BTreeMap<String, usize>,
    pub charged_cents: u128,
    pub shipped_cents: u128,
    pub refunded_cents: u128,
    /// Refunds and voided labels.
    pub compensations: u64,
    /// Everything that is not as it should be, in words.
    pub faults: Vec<String>,
}

impl Check {
    /// Holds every order against what was answered and what was entered for it.
    pub fn of(orders: &[PlaceOrder], answers: &BTreeMap<String, String>, entries: &Entries) -> Self {
        let mut check = Self::default();
        for order in orders {
            match answers.get(&order.order_id.0) {
                Some(outcome) => check.order(order, outcome, entries),
                None => check
                    .faults
                    .push(format!("{} was not answered", order.order_id.0)),
            }
        }
        check.money_adds_up();
        check
    }

    fn order(&mut self, order: &PlaceOrder, outcome: &str, entries: &Entries) {
        *self.outcomes.entry(outcome.to_owned()).or_default() += 1;
        let entered = |kind: &str| {
            let at = (order.order_id.0.clone(), kind.to_owned());
            entries.get(&at).copied().unwrap_or_default()
        };
        let (charge, refund, label, void) = (
            entered("Charge"),
            entered("Refund"),
            entered("Label"),
            entered("Void"),
        );
        let told = (entered("Ready").times, entered("Cancelled").times);
        let shipped = label.times.saturating_sub(void.times);

        let expected = match outcome {
            SHIPPED => (1, 0, 1, (1, 0)),
            DECLINED => (0, 0, 0, (0, 0)),
            _ => (charge.times.min(1), charge.times.min(1), 0, (0, 1)),
        };
        let found = (charge.times, refund.times, shipped, told);
        if found != expected {
            let id = &order.order_id.0;
            self.faults.push(format!(
                "{id} is {outcome}: (charges, refunds, shipments, (ready, cancelled)) are {found:?}, not {expected:?}"
            ));
        }
        self.add(charge, refund, label, void);
    }

    fn add(&mut self, charge: Entered, refund: Entered, label: Entered, void: Entered) {
        self.charged_cents += u128::from(charge.cents);
        self.refunded_cents += u128::from(refund.cents);
        self.shipped_cents += u128::from(if void.times == 0 { label.cents } else { 0 });
        self.compensations += refund.times + void.times;
    }

    fn money_adds_up(&mut self) {
        let (charged, shipped, refunded) = (self.charged_cents, self.shipped_cents, self.refunded_cents);
        if shipped + refunded != charged {
            self.faults.push(format!(
                "charged {charged} cents, but shipped {shipped} and refunded {refunded}"
            ));
        }
    }
}
