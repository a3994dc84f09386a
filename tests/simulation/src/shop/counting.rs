//! A count that never ends: every number is to be counted once, those that came too early among them.

use saga_runtime::prelude::*;

use super::contracts::*;

#[saga(by = count, at = Counting, endless)]
#[derive(Serialize, Deserialize)]
pub struct Count {
    count: u32,
    /// The numbers, as they were counted.
    pub numbers: Vec<u32>,
    /// How often it was unlocked, by word or by time.
    pub unlocked: u32,
    /// The tickets that were stamped; a ticket is sent once, so that none may be here twice.
    pub stamped: Vec<u64>,
    /// How often it settled.
    pub settled: u32,
    /// How often it said that it had a rest.
    pub pauses: u32,
}

/// After so many pauses a count no longer says so.
const PAUSES: u32 = 3;

#[saga(states(Locked, Open), defer(Counted in Locked), no_timeout(Open))]
impl Count {
    #[start(OpenCount => Locked)]
    fn begin(open: OpenCount) -> Self {
        Self {
            count: open.count,
            numbers: Vec::new(),
            unlocked: 0,
            settled: 0,
            stamped: Vec::new(),
            pauses: 0,
        }
    }

    #[on(Unlock in Locked -> reply Unlocked => Open)]
    fn unlock(&mut self, _: Unlock) -> Unlocked {
        self.unlocked += 1;
        Unlocked {}
    }

    #[after(50 s in Locked => Open)]
    fn unlock_itself(&mut self) {
        self.unlocked += 1;
    }

    #[on(Unlock in Open -> reply Unlocked)]
    fn unlock_again(&mut self, _: Unlock) -> Unlocked {
        Unlocked {}
    }

    #[on(Counted in Open)]
    fn counted(&mut self, counted: Counted) {
        self.numbers.push(counted.number);
    }

    #[on(Stamp -> reply Stamped)]
    fn stamp(&mut self, stamp: Stamp) -> Stamped {
        self.stamped.push(stamp.ticket);
        Stamped {}
    }

    /// It stays where it is: only that it has fired keeps the timer from firing again.
    #[after(5 s in Open -> publish CountSettled)]
    fn settle(&mut self) -> CountSettled {
        self.settled += 1;
        CountSettled { count: self.count }
    }

    #[every(25 s in Open -> publish CountPaused?)]
    fn pause(&mut self) -> Option<CountPaused> {
        let goes_on = self.pauses < PAUSES;
        self.pauses += u32::from(goes_on);
        goes_on.then_some(CountPaused { count: self.count })
    }
}
