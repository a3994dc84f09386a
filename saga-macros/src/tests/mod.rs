//! What the macros write, seen as a whole.

mod golden;
mod spans;
