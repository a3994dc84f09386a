//! Whether a system has a hole: who sends, who takes, and what nobody does, over all sagas and services together.
//!
//! `system!` writes one [`Table`] per system, and one check per rule and token; a system written by hand may do the
//! same:
//!
//! ```
//! # use saga_runtime::{message::MessageInfo, soundness::system::{self, Table}, system::{Part, System}};
//! # #[derive(Debug)] struct Shop;
//! # impl System for Shop { const NAME: &'static str = "Shop"; const PARTS: &'static [Part] = &[];
//! #     const ACCEPTS: &'static [&'static MessageInfo] = &[]; const REMOTE: &'static [&'static str] = &[]; }
//! const TABLE: &Table = &Table::of::<Shop>();
//! const _: () = system::limits::system(TABLE);
//! // for each part: system::s201::part(TABLE, 0); ..
//! // for each message in `accepts(..)`: system::s201::accepted(TABLE, 0); ..
//! ```
//!
//! Each mistake is told once: at the first part that makes it, or at the word `accepts` where no part does.

mod crowd;
mod part;
pub mod rules;
mod table;

pub use rules::{limits, s201, s202, s203, s205, s207};
pub use table::{MESSAGES, PARTS, Table};
