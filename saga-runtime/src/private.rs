//! What generated code names and nobody else should. No stability promised.

mod contract;
mod service;

pub use contract::*;
pub use service::*;
