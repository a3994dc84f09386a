//! The real runtime in a world of faults: virtual time, a store and a broker that fail, nodes that die, and one seed that
//! it all comes from.
//!
//! ```text
//!  clients ──▶ nodes: the bus as it is, started, killed, stopped, started again
//!                │ Store                  │ Transport
//!                ▼                        ▼
//!            SimStore ─▶ Memory       SimTransport ─▶ MemoryTransport        these outlive every node
//!                └── journal: what took effect, held against what must never happen
//! ```
//!
//! Within a run there is one thread, time that stands still while anything can be done, and one generator for all that
//! is left to chance: the same seed gives the same run, to the last commit.

pub mod chance;
pub mod clients;
pub mod clock;
pub mod cluster;
pub mod fault;
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
