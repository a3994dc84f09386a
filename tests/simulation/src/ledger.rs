//! What the services did in the world outside, which no crash undoes: every deed under its idempotency key.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use saga_runtime::envelope::MessageId;

/// Something that is to happen at most once for each subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// The customer was billed.
    Billed,
    /// The bill was paid back.
    Refunded,
    /// A shipping label was made.
    Labelled,
    /// A shipping label was made void.
    Voided,
    /// The parcel was driven.
    Driven,
    /// The outcome was announced.
    Announced,
    /// A flight was booked.
    Flight,
    /// A flight was cancelled.
    FlightCancelled,
    /// A hotel was booked.
    Hotel,
    /// A hotel was cancelled.
    HotelCancelled,
    /// A car was booked.
    Car,
    /// A car was cancelled.
    CarCancelled,
    /// A count settled.
    Settled,
}

/// What was decided about a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bill {
    /// It is paid.
    Paid,
    /// It will not be.
    Cancelled,
}

/// The world outside.
#[derive(Debug, Default)]
pub struct Ledger {
    deeds: Mutex<BTreeMap<(u32, Deed), BTreeSet<MessageId>>>,
    bills: Mutex<BTreeMap<u32, Bill>>,
    logs: Mutex<BTreeMap<u32, (bool, Vec<String>)>>,
    pauses: Mutex<BTreeMap<u32, BTreeSet<MessageId>>>,
    /// Each ring as often as it was heard, run by run.
    heard: Mutex<BTreeMap<u64, BTreeSet<MessageId>>>,
    repaired: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    /// Does something under a key: however often that is tried, it is done once.
    pub fn perform(&self, deed: Deed, subject: u32, key: MessageId) {
        lock(&self.deeds).entry((subject, deed)).or_default().insert(key);
    }

    /// How often it was done for this subject: under how many keys.
    pub fn count(&self, deed: Deed, subject: u32) -> usize {
        lock(&self.deeds).get(&(subject, deed)).map_or(0, BTreeSet::len)
    }

    /// Decides about a bill, unless that has been done.
    pub fn decide(&self, order: u32, bill: Bill) -> Bill {
        *lock(&self.bills).entry(order).or_insert(bill)
    }

    /// What was decided about a bill.
    pub fn bill(&self, order: u32) -> Option<Bill> {
        lock(&self.bills).get(&order).copied()
    }

    /// Keeps what an order went through, as its end announced it.
    pub fn file(&self, order: u32, confirmed: bool, log: Vec<String>) {
        lock(&self.logs).insert(order, (confirmed, log));
    }

    /// What an order went through, and whether it was confirmed.
    pub fn log(&self, order: u32) -> Option<(bool, Vec<String>)> {
        lock(&self.logs).get(&order).cloned()
    }

    /// Everything that was done for more than one key.
    pub fn doubled(&self) -> Vec<String> {
        let deeds = lock(&self.deeds);
        let doubled = deeds.iter().filter(|(_, keys)| keys.len() > 1);
        let mut doubled: Vec<String> = doubled
            .map(|((subject, deed), keys)| format!("{deed:?} {} times for {subject}: {keys:?}", keys.len()))
            .collect();
        let heard = lock(&self.heard);
        let twice = heard.iter().filter(|(_, keys)| keys.len() > 1);
        doubled.extend(twice.map(|(ticket, keys)| format!("ticket {ticket} rang {} times", keys.len())));
        doubled
    }

    /// Counts a pause, once for each key.
    pub fn pause(&self, count: u32, key: MessageId) {
        lock(&self.pauses).entry(count).or_default().insert(key);
    }

    /// The pauses of a count.
    pub fn pauses(&self, count: u32) -> usize {
        lock(&self.pauses).get(&count).map_or(0, BTreeSet::len)
    }

    /// Notes that a ring was heard.
    pub fn hear(&self, ticket: u64, key: MessageId) {
        lock(&self.heard).entry(ticket).or_default().insert(key);
    }

    /// Whether a ring was heard.
    pub fn heard(&self, ticket: u64) -> bool {
        lock(&self.heard).contains_key(&ticket)
    }

    /// From now on, what was broken works.
    pub fn repair(&self) {
        self.repaired.store(true, Ordering::SeqCst);
    }

    /// Whether what was broken works.
    pub fn is_repaired(&self) -> bool {
        self.repaired.load(Ordering::SeqCst)
    }
}
