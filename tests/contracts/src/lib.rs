//! Contracts that several services share, in a crate of their own.

use saga_runtime::prelude::*;

pub mod billing;
pub mod order;

/// Where orders are packed.
#[derive(Endpoint)]
pub struct Warehouse;

/// Asks for a label.
#[derive(Command, Debug, Serialize, Deserialize)]
#[command(to = Warehouse, replies(LabelCreated), refusals(OutOfStock))]
pub struct CreateLabel {
    /// Whose.
    pub order_id: u64,
}

/// There is a label.
#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct LabelCreated {
    /// What is printed on it.
    pub code: String,
}

/// There is nothing to put it on.
#[derive(Reply, Debug, Serialize, Deserialize)]
pub struct OutOfStock;
