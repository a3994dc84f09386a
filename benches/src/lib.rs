//! What both benches share: medians, and a table that shows each measurement beside its target.

mod median;
mod report;

pub use median::median;
pub use report::{Check, Report};

/// What a bench may fail with: anything, told to whoever runs it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
