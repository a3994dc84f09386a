//! The macros of `saga-runtime`. Use them through that crate.
