//! What services do in the world, as their ledger has it.

use std::collections::BTreeMap;

/// What is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    Charge,
    BillCancelled,
    Refund,
    Label,
    Void,
    Ready,
    Cancelled,
}

impl Entry {
    /// How it stands in the ledger.
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

/// How often something was entered for one order, and the sum of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entered {
    pub times: u64,
    pub cents: u64,
}

/// All entries, by order and kind.
pub type Entries = BTreeMap<(String, String), Entered>;
