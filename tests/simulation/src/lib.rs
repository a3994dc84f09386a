//! The real runtime in a world of faults: virtual time, a store and a broker that fail, nodes that die, and one seed that
//! it all comes from.
//!
//! ```text
//!  clients ──▶ nodes: the bus as it is, started, killed, stopped, started again
//!                │ Store                  │ Transport
//!                ▼                        ▼
//!            SimStore ─▶ Memory       SimTransport ─▶ MemoryTransport        these outlive every node
//!                │                    QueueOver ─▶ SimStore ─▶ Memory
//!                └── journal: what took effect, held against what must never happen
//! ```
//!
//! A node is killed before and after any call at a seam, and at any time in between. Between two calls nothing outside
//! changes, so that a death at whatever point a task waits is one of these.
//!
//! What must never happen, and where it is seen:
//!
//! - A message is lost, or handled twice: `verdict` counts what was done outside, and what every saga went through.
//! - Two steps of one instance rest on the same version, or one skips another: `journal` has every instance's versions, each
//!   from the one before. That is the order of an instance; among messages none is promised.
//! - A timer fires twice, or not at all; or it overtakes a message that its endpoint had accepted before it was due:
//!   `hammer` knows when each bid of a sale was accepted.
//! - A compensation stops halfway: of an order that was refused, nothing stands. `verdict` again.
//! - A message is set aside that should not be, or one that should be is not: all dead letters are accounted for.
//! - The system does not come to rest once the faults are over: `operator`.
//!
//! Within a run there is one thread, time that stands still while anything can be done, and one generator for all that
//! is left to chance: the same seed gives the same run, to the last commit.

pub mod chance;
pub mod clients;
pub mod clock;
pub mod cluster;
pub mod fault;
pub mod hammer;
pub mod journal;
pub mod ledger;
pub mod life;
pub mod operator;
pub mod plan;
pub mod run;
pub mod shop;
pub mod store;
pub mod transport;
pub mod verdict;
pub mod world;
