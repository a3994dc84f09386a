//! What generated code names and nobody else should. No stability promised.

mod contract;
mod key;
mod kind;
mod older;
pub mod saga;
mod service;
mod system;

pub use contract::*;
pub use key::*;
pub use kind::*;
pub use older::*;
pub use service::*;
pub use system::*;
