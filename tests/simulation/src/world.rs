//! What all of a run shares: its dice, its clock, what was noted, what was done outside, and whether faults still strike.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    chance::{Dice, mixed},
    clock::SimClock,
    fault::{Fault, Tally},
    hammer::Hammer,
    journal::Journal,
    ledger::Ledger,
    plan::Plan,
};

/// What all of a run shares.
#[derive(Debug)]
pub struct World {
    /// The shape of the run.
    pub plan: Plan,
    /// Chance.
    pub dice: Dice,
    /// Time.
    pub clock: SimClock,
    /// What took effect.
    pub journal: Journal,
    /// How often which fault struck.
    pub faults: Tally,
    /// What the services did outside.
    pub ledger: Ledger,
    /// When bids were accepted.
    pub hammer: Hammer,
    /// Messages that the broker has accepted and not put into their queues yet.
    pub in_flight: AtomicUsize,
    healed: AtomicBool,
    calls: AtomicU64,
}

/// The most calls at the seams for one order: more are made only by what goes round in circles.
const CALLS_PER_ORDER: u64 = 20_000;

impl World {
    /// The world of a plan; to be made within the runtime whose time is paused.
    pub fn new(plan: Plan, print: bool) -> Arc<Self> {
        let dice = Dice::new(plan.seed);
        Arc::new(Self {
            clock: SimClock::new(dice.clone()),
            dice,
            journal: Journal::new(print),
            faults: Tally::default(),
            ledger: Ledger::default(),
            hammer: Hammer::default(),
            in_flight: AtomicUsize::new(0),
            healed: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            plan,
        })
    }

    /// Whether a fault strikes now; if so, it is counted. A store that wakes nobody is within its rights, even in peace.
    pub fn strikes(&self, fault: Fault) -> bool {
        let may = !self.is_healed() || fault == Fault::WakeLost;
        let strikes = may && self.dice.chance(self.plan.rate(fault));
        if strikes {
            self.faults.count(fault);
        }
        strikes
    }

    /// Counts a call at a seam; whether there were too many by now.
    pub fn is_overrun(&self) -> bool {
        let most = CALLS_PER_ORDER * u64::from(self.plan.orders + 50);
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        if calls == most {
            self.journal.violation(format!(
                "{calls} calls at the seams: something goes round in circles"
            ));
        }
        calls >= most
    }

    /// How long calls usually take, at most.
    pub fn latency(&self) -> Duration {
        self.plan.latency
    }

    /// From now on nothing goes wrong any more.
    pub fn heal(&self) {
        self.healed.store(true, Ordering::SeqCst);
        self.ledger.repair();
    }

    /// Whether nothing goes wrong any more.
    pub fn is_healed(&self) -> bool {
        self.healed.load(Ordering::SeqCst)
    }

    /// A number that says how something about an order comes out, whenever and however often it is asked.
    pub fn fate(&self, subject: u32, salt: u64) -> u64 {
        mixed(self.plan.seed, subject, salt)
    }
}
