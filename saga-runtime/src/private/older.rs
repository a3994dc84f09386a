//! What `upgrade(1 = BillOrderV1)` names: each older version, read as it was and made into the next newer one.

use serde::de::DeserializeOwned;

use crate::{codec::Codec, error::HandlerError};

/// An older version that can be made into `Newer`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be upgraded to `{Newer}`",
    label = "no conversion from this older version",
    note = "write `impl From<{Self}> for {Newer}`; each version listed in `upgrade(..)` becomes the next one listed"
)]
pub trait UpgradesTo<Newer> {
    /// The same, as the newer version has it.
    fn upgrade(self) -> Newer;
}

#[diagnostic::do_not_recommend]
impl<Older: Into<Newer>, Newer> UpgradesTo<Newer> for Older {
    fn upgrade(self) -> Newer {
        self.into()
    }
}

/// What can be read at all.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read",
    label = "serde's `Deserialize` is not implemented for it",
    note = "derive `Deserialize` for `{Self}`, with the fields it had"
)]
pub trait Readable: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Readable for T {}

/// Reads an older version as it was written; `what` names it in the error.
pub fn older<Older: Readable>(what: &str, codec: Codec, body: &[u8]) -> Result<Older, HandlerError> {
    codec.decode(what, body)
}

/// An older version as the next newer one.
pub fn upgraded<Older: UpgradesTo<Newer>, Newer>(older: Older) -> Newer {
    older.upgrade()
}

/// The refusal of a version that no upgrade leads from.
pub fn no_upgrade(what: &str, version: u32, known: u32) -> HandlerError {
    HandlerError::undecodable(format!(
        "`{what}` is of version {version}, this build has version {known} and knows no way from one to the other; \
         add `upgrade({version} = ..)` beside `version = {known}`"
    ))
}
