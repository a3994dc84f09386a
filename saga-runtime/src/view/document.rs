//! The data as JSON documents: what [`Definition::to_json`](crate::definition::Definition::to_json) and [`to_json`](super::to_json) print, as types to read it
//! back with.
//!
//! States, messages and parts are named by their stored and wire names. Lists are in the order written. Absent values are
//! left out. The same in JSON Schema: `schemas/saga.schema.json` and `schemas/system.schema.json` beside the crate's
//! manifest.

use serde::{Deserialize, Serialize};

mod of;

/// A saga.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SagaDocument {
    /// The form of this document: `"saga/1"`.
    pub format: String,
    /// The stored name.
    pub name: String,
    /// The version of the saga's data.
    pub version: u32,
    /// The endpoint it lives at.
    pub endpoint: String,
    /// It is meant never to end.
    pub endless: bool,
    /// The declared states.
    pub states: Vec<State>,
    /// The handlers.
    pub clauses: Vec<Clause>,
    /// What becomes of messages that no handler takes.
    pub exceptions: Vec<Exception>,
    /// Messages whose completed step needs no undo.
    pub no_undo: Vec<String>,
    /// Every message named in the clauses, and the replies of the commands among them.
    pub messages: Vec<MessageType>,
}

/// A declared state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The stored name.
    pub name: String,
    /// It waits without a timeout, by intent.
    pub no_timeout: bool,
    /// Entering it empties the log of steps to undo.
    pub settled: bool,
}

/// A handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// The method's name.
    pub handler: String,
    /// What sets it off.
    pub trigger: Trigger,
    /// Where: states by name, `"_"`, `"compensate"` or `"end"`. Empty for `start`, `compensate` and `compensated`.
    pub places: Vec<String>,
    /// The possible outcomes.
    pub outcomes: Vec<Outcome>,
}

/// What sets a handler off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// A message that starts an instance.
    Start {
        /// The message.
        item: Item,
    },
    /// A message.
    On {
        /// The message.
        item: Item,
    },
    /// A join.
    All {
        /// The messages that are awaited.
        items: Vec<Item>,
    },
    /// A timer from entering the state on.
    After {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// A timer that repeats.
    Every {
        /// How often, in milliseconds.
        millis: u64,
    },
    /// A timer at a time the instance names.
    At,
    /// The undo of a completed step.
    Compensate {
        /// The reply that said it was done.
        item: Item,
    },
    /// Everything is undone.
    Compensated,
}

/// Messages named together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// One message, or all replies of a command.
    pub messages: Vec<String>,
    /// Only as the answer to this command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How many: `"one"`, `"optional"` or `"many"`.
    pub arity: String,
}

/// A possible outcome of a handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The label, where the handler decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it emits.
    pub effects: Vec<Effect>,
    /// The state that is entered, `"end"` or `"compensate"`; absent where the state stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// Something a handler emits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// `"send"`, `"publish"` or `"reply"`.
    pub verb: String,
    /// The message.
    pub message: String,
    /// How many: `"one"`, `"optional"` or `"many"`.
    pub arity: String,
    /// The command whose senders are answered, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What becomes of a message that no handler takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// `"ignored"`, `"deferred"` or `"unexpected"`.
    pub how: String,
    /// The message.
    pub item: Item,
    /// Where: states by name, `"_"`, `"compensate"` or `"end"`.
    pub places: Vec<String>,
}

/// A message type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageType {
    /// The name on the wire.
    pub name: String,
    /// The version on the wire.
    pub version: u32,
    /// `"command"`, `"reply"` or `"event"`.
    pub kind: String,
    /// The queue a command is sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What a command may be answered with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<DeclaredReply>,
    /// An event that is published outside the system.
    pub external: bool,
    /// An event meant for subscribers outside the system.
    pub outsiders: bool,
    /// The fields as declared.
    pub fields: Vec<Field>,
}

/// A declared answer of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredReply {
    /// The reply's name on the wire.
    pub name: String,
    /// It says that the thing was not done.
    pub refusal: bool,
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The field's name, or its position in a tuple struct.
    pub name: String,
    /// Its Rust type, as written.
    #[serde(rename = "type")]
    pub ty: String,
    /// Its name in the body.
    pub key: String,
    /// A body without it can be read.
    pub optional: bool,
}

/// A system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemDocument {
    /// The form of this document: `"system/1"`.
    pub format: String,
    /// The system's name.
    pub name: String,
    /// Its sagas and services.
    pub parts: Vec<End>,
    /// The messages it accepts from outside.
    pub accepts: Vec<String>,
    /// The endpoints that are served elsewhere.
    pub remote: Vec<String>,
    /// Who sends what to whom.
    pub routes: Vec<Route>,
    /// Every message on a route.
    pub messages: Vec<MessageType>,
}

/// One way of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The message's name on the wire.
    pub message: String,
    /// Who sends it.
    pub from: End,
    /// The queue it arrives at; absent for answers to callers of the bus and for subscribers that are outsiders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Who takes it.
    pub to: End,
}

/// A saga, a service, or what lies beyond the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum End {
    /// A saga of the system.
    Saga {
        /// Its stored name.
        name: String,
        /// Where it lives.
        endpoint: String,
    },
    /// A service of the system.
    Service {
        /// Its name.
        name: String,
        /// The endpoint it serves.
        endpoint: String,
    },
    /// Whatever serves an endpoint elsewhere.
    Remote {
        /// The endpoint.
        endpoint: String,
    },
    /// Callers, outside publishers, outside subscribers.
    Outside,
    /// No one.
    Nobody,
}

/// Indented, ending in a line break.
pub(super) fn print(document: &impl Serialize) -> String {
    // Strings, numbers and lists: nothing that could fail to be written.
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}
