//! `saga.lock`: what stored instances and messages under way rely on, pinned as text, and held against the code.
//!
//! ```text
//!   definitions ──of──▶ Lock ──compare──▶ refusals: what older builds stored would not be read, or not be understood
//!   saga.lock  ──text─▶ Lock ──┘          changes:  compatible, but not in the file yet
//! ```
//!
//! A change that is compatible fails the test too, until it is accepted: from a file that does not know a state, its
//! removal could not be told later.
//!
//! What is pinned are names and types as they are written. What stands behind the name of a type is not seen: if a
//! struct or enum *within* a field changes, so does what the message or saga can read, and its version should be
//! raised. With [`Codec::Postcard`](crate::codec::Codec::Postcard) every change of a field needs a new version.

mod compare;
mod facts;
mod fields;
mod key;
mod of;
mod report;
#[cfg(test)]
mod tests;
mod text;

use std::{fs, io::ErrorKind, path::Path};

use crate::system::Part;

use compare::compare;
use facts::Lock;

/// The switch: `accept` writes what is compatible or migrated, `overwrite` whatever there is.
const SWITCH: &str = "SAGA_LOCK";

/// Fails unless what is stored can still be read and understood: `saga.lock` beside the crate's manifest says what that
/// is, `SAGA_LOCK=accept cargo test` writes it.
///
/// ```no_run
/// # use saga_runtime::prelude::*;
/// # #[derive(Endpoint)] pub struct Sales;
/// # #[derive(Command, Serialize, Deserialize)] #[command(to = Sales)] pub struct PlaceOrder { order_id: u64 }
/// # pub struct Desk;
/// # #[saga_runtime::service(at = Sales)]
/// # impl Desk { #[on(PlaceOrder)] async fn place(&self, _: PlaceOrder) {} }
/// saga_runtime::system! { pub Shop { Desk } accepts(PlaceOrder) }
///
/// #[test]
/// fn what_is_stored_can_be_read() {
///     saga_runtime::testing::assert_unchanged_or_migrated!(Shop);
/// }
/// # saga_runtime::testing::assert_unchanged_or_migrated!(Shop);
/// # saga_runtime::testing::assert_unchanged_or_migrated!([Desk], "desk.lock");
/// ```
///
/// In place of a system, it takes a list of sagas and services: `assert_unchanged_or_migrated!([Fulfilment, Desk])`. A
/// file of another name, for a crate with several systems, comes last: `assert_unchanged_or_migrated!(Shop, "shop.lock")`.
#[macro_export]
macro_rules! assert_unchanged_or_migrated {
    ([$($member:ty),+ $(,)?] $(, $file:literal)? $(,)?) => {
        $crate::testing::assert_locked(
            ::core::env!("CARGO_MANIFEST_DIR"),
            $crate::__lock_file!($($file)?),
            &[$(<$member as $crate::system::Member>::PART),+],
        )
    };
    ($system:ty $(, $file:literal)? $(,)?) => {
        $crate::testing::assert_locked(
            ::core::env!("CARGO_MANIFEST_DIR"),
            $crate::__lock_file!($($file)?),
            <$system as $crate::system::System>::PARTS,
        )
    };
}

/// The name of the file, where none is given.
#[doc(hidden)]
#[macro_export]
macro_rules! __lock_file {
    () => {
        "saga.lock"
    };
    ($file:literal) => {
        $file
    };
}

/// What [`assert_unchanged_or_migrated!`] does.
///
/// # Panics
/// If something changed.
#[doc(hidden)]
#[track_caller]
pub fn assert_locked(directory: &str, file: &str, parts: &[Part]) {
    let switch = std::env::var_os(SWITCH).unwrap_or_default();
    let switch = switch.to_string_lossy();
    let how = How::of(&switch);
    if let Err(text) = check(&Path::new(directory).join(file), parts, how) {
        panic!("{text}");
    }
}

/// What the switch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How<'a> {
    Check,
    Accept,
    Overwrite,
    /// A word that is none of them.
    Misspelt(&'a str),
}

impl<'a> How<'a> {
    fn of(switch: &'a str) -> Self {
        match switch {
            "" => Self::Check,
            "accept" => Self::Accept,
            "overwrite" => Self::Overwrite,
            other => Self::Misspelt(other),
        }
    }
}

/// Holds the parts against the file, or writes it. `Err` says what is wrong and what to do.
fn check(path: &Path, parts: &[Part], how: How<'_>) -> Result<(), String> {
    if let How::Misspelt(word) = how {
        return Err(report::misspelt(word));
    }
    let now = Lock::of(parts);
    if how == How::Overwrite {
        return write(path, &now);
    }
    let written = match fs::read_to_string(path) {
        Ok(written) => written,
        Err(error) if error.kind() == ErrorKind::NotFound && how == How::Accept => return write(path, &now),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(report::missing(path)),
        Err(error) => return Err(report::unreadable(path, &error)),
    };
    let locked = Lock::parse(&written).map_err(|line| report::not_understood(path, &line))?;
    let found = compare(&locked, &now);
    match how {
        How::Accept if found.refusals.is_empty() => write(path, &now),
        _ if found.is_nothing() => Ok(()),
        _ => Err(report::of(path, &found)),
    }
}

/// Writes the file, unless it says the same already: its time would make others build again.
fn write(path: &Path, lock: &Lock) -> Result<(), String> {
    let text = lock.to_string();
    if fs::read_to_string(path).is_ok_and(|written| written == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| report::unwritable(path, &error))
}
