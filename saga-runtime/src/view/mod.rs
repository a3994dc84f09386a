//! What the checks see, people see: tables, diagrams and documents drawn from the data, never kept by hand.
//!
//! | | of a saga | of a system |
//! |---|---|---|
//! | text | [`Definition::table`] | [`routes`] |
//! | Mermaid | [`Definition::mermaid`] | [`mermaid`] |
//! | Graphviz DOT | [`Definition::dot`] | [`dot`] |
//! | JSON, see [`document`] | [`Definition::to_json`] | [`to_json`] |
//! | AsyncAPI 3.0 | | [`asyncapi`] |
//!
//! ```
//! use saga_runtime::{prelude::*, view};
//!
//! #[derive(Endpoint)]
//! struct Mail;
//!
//! #[derive(Command, Serialize, Deserialize)]
//! #[command(to = Mail)]
//! struct SendLetter {
//!     to: String,
//! }
//!
//! struct PostOffice;
//!
//! #[service(at = Mail)]
//! impl PostOffice {
//!     #[on(SendLetter)]
//!     async fn send(&self, _: SendLetter) {}
//! }
//!
//! saga_runtime::system! { Town { PostOffice } accepts(SendLetter) }
//!
//! assert_eq!(
//!     view::routes::<Town>().to_string(),
//!     "\
//! message     kind     from     queue  to
//! ----------  -------  -------  -----  ----------
//! SendLetter  command  outside  mail   PostOffice
//! ",
//! );
//! ```
//!
//! Everything is in the order written, so that the same system gives the same text: keep it as a golden file, and a
//! change of the process shows in review.

pub mod document;

mod asyncapi;
mod dot;
mod graph;
mod grid;
mod mermaid;
mod notation;
mod parties;
mod routing_table;
mod state_table;

pub use parties::Party;
pub use routing_table::{Route, RoutingTable};
pub use state_table::{StateRow, StateTable};

use crate::{definition::Definition, system::System};

impl Definition {
    /// Who does what where, as a table; it prints itself.
    pub fn table(&self) -> StateTable {
        StateTable::of(self)
    }

    /// The states as a Mermaid `stateDiagram-v2`.
    pub fn mermaid(&'static self) -> String {
        mermaid::saga(self)
    }

    /// The states as a Graphviz digraph.
    pub fn dot(&'static self) -> String {
        dot::saga(self)
    }

    /// The whole definition as JSON: a [`document::SagaDocument`].
    pub fn to_json(&'static self) -> String {
        document::print(&document::SagaDocument::of(self))
    }
}

/// A system's routing table: every message, who sends it, by which queue, and who takes it.
pub fn routes<S: System>() -> RoutingTable {
    RoutingTable::of::<S>()
}

/// A system's endpoints and the messages between them as a Mermaid `flowchart`.
pub fn mermaid<S: System>() -> String {
    mermaid::system(&routes::<S>())
}

/// A system's endpoints and the messages between them as a Graphviz digraph.
pub fn dot<S: System>() -> String {
    dot::system(&routes::<S>())
}

/// A system, its routes and its messages as JSON: a [`document::SystemDocument`].
pub fn to_json<S: System>() -> String {
    document::print(&document::SystemDocument::of::<S>())
}

/// A system's queues, messages and operations as an [AsyncAPI 3.0](https://www.asyncapi.com/docs/reference/specification/v3.0.0)
/// document.
///
/// It says what the code knows. Add `servers`, descriptions and bindings to the value, then print it with `{:#}`.
/// Payloads are described field by field as far as the types are known by name; a type that is not may be anything, under
/// its name as title.
pub fn asyncapi<S: System>() -> serde_json::Value {
    asyncapi::document(&routes::<S>())
}
