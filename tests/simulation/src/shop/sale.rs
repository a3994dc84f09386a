//! A sale that closes by the clock: every bid that was accepted before counts, however busy or broken the system is.

use std::time::Duration;

use saga_runtime::prelude::*;

use super::contracts::*;

/// How long a sale is open.
const OPEN: Duration = Duration::from_secs(20);

#[saga(by = sale, at = Market, endless)]
#[derive(Serialize, Deserialize)]
pub struct Sale {
    sale: u32,
    /// When it closes.
    pub closes_at: Timestamp,
    /// What came in time.
    pub bids: Vec<u32>,
    /// What came when it was closed.
    pub late: Vec<u32>,
}

#[saga(states(Bidding, Closed), no_timeout(Closed))]
impl Sale {
    #[start(OpenSale -> reply SaleOpened => Bidding)]
    fn open(open: OpenSale, context: &Context) -> (Self, SaleOpened) {
        let closes_at = context.now().saturating_add(OPEN).unwrap_or(Timestamp::MAX);
        let sale = Self {
            sale: open.sale,
            closes_at,
            bids: Vec::new(),
            late: Vec::new(),
        };
        (sale, SaleOpened { closes_at })
    }

    #[on(Bid in Bidding)]
    fn bid(&mut self, bid: Bid) {
        self.bids.push(bid.bid);
    }

    #[at(self.closes_at in Bidding => Closed)]
    fn close(&mut self) {}

    #[on(Bid in Closed)]
    fn late(&mut self, bid: Bid) {
        self.late.push(bid.bid);
    }
}
