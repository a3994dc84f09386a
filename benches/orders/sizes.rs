//! How long the library's rows of one order are, in bytes, so that whoever plays the library by hand writes as much.
//!
//! Taken from a database of the [`shop`](crate::shop), means over its messages.

/// A message's envelope without its body.
pub(crate) const HEAD: usize = 158;
/// A message's body.
pub(crate) const BODY: usize = 54;
/// An instance's own data.
pub(crate) const DATA: usize = 70;
/// The engine's notes on an instance that has just begun.
pub(crate) const FIRST_BOOK: usize = 158;
/// Its notes one step later, with the bill to be undone.
pub(crate) const SECOND_BOOK: usize = 288;
/// What is kept of a finished instance.
pub(crate) const LAST_BOOK: usize = 137;
