//! A saga as data: its states, clauses and exceptions, exactly as written, in the order written.
//!
//! The macro writes one [`Definition`] per saga; a person may as well. The runtime routes by it, the compile-time
//! checks explore it in const evaluation, diagrams are drawn from it. Everything here is therefore `const`-friendly:
//! `&'static` slices, no generics, no hidden state.

use std::time::Duration;

use crate::message::{FieldInfo, Form, MessageInfo};

/// A saga as data.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The stored name, `"Fulfilment"` unless overridden.
    pub name: &'static str,
    /// The version of the saga's data, 1 unless overridden.
    pub version: u32,
    /// The endpoint it lives at.
    pub endpoint: &'static str,
    /// The declared states, by stored name, in declaration order. Never empty: `["Active"]` where none were listed.
    pub states: &'static [&'static str],
    /// Every annotated handler, in the order written.
    pub clauses: &'static [Clause],
    /// `ignore(..)`, `defer(..)` and `unexpected(..)`.
    pub exceptions: &'static [Exception],
    /// States that wait without a timeout, by intent: indices into [`states`](Self::states).
    pub no_timeout: &'static [u16],
    /// Commands (or their replies) whose completed step needs no undo.
    pub no_undo: &'static [&'static [&'static MessageInfo]],
    /// States past the point of no return; entering one empties the step log.
    pub settled: &'static [u16],
    /// It is meant never to end.
    pub endless: bool,
    /// The fields of its data as declared, without those that serde skips.
    pub fields: &'static [FieldInfo],
    /// How the fields make the stored data.
    pub form: Form,
    /// The older versions of its data that can be read, ascending: `upgrade(1 = FulfilmentV1)`.
    pub upgrades: &'static [u32],
    /// What older builds called states and timers: `renamed(Old = New)`.
    pub renamed: &'static [Renamed],
    /// What is kept for instances of older builds alone: `retired(..)`.
    pub retired: &'static [Retired],
    /// The fields that make the correlation key, each with its type.
    pub key: &'static [FieldInfo],
    /// `by(Message = path)`: where a message has the key, if not in fields of those names.
    pub key_paths: &'static [KeyPath],
}

/// `retired(..)`: something that this build does no more, and instances of older builds may have done.
#[derive(Clone, Copy, Debug)]
pub enum Retired {
    /// `retired(handler)`: a timer that is not armed any more; where an older build has armed it, it still fires.
    Timer(&'static str),
    /// `retired(send Command in State)`: a command that is not sent any more; its replies may still come.
    Send {
        /// The command.
        command: &'static MessageInfo,
        /// Where older builds may have left it unanswered: states, or `[Place::Rest]` where no `in` was written.
        places: &'static [Place],
    },
    /// `retired(Insuring)`: a state that only instances of older builds are in, by its number.
    State(u16),
}

/// `by(Message = path)`.
#[derive(Clone, Copy, Debug)]
pub struct KeyPath {
    /// The message.
    pub message: &'static MessageInfo,
    /// The path to each field of the key in it, as written: `["order.id"]`.
    pub path: &'static [&'static str],
}

/// `renamed(Old = New)`: a state, or the handler of a timer, that older builds stored under another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// What older builds call it.
    pub old: &'static str,
    /// What it is called now: one of [`Definition::states`], or the [`handler`](Clause::handler) of a timer.
    pub new: &'static str,
}

impl Definition {
    /// Whether a timer is kept only for instances in which an older build has armed it.
    pub(crate) fn is_retired_timer(&self, handler: &str) -> bool {
        let mut timers = self.retired.iter().filter_map(|retired| match retired {
            Retired::Timer(timer) => Some(*timer),
            Retired::Send { .. } | Retired::State(_) => None,
        });
        timers.any(|timer| timer == handler)
    }

    /// The commands that only older builds sent.
    pub(crate) fn retired_commands(&self) -> impl Iterator<Item = &'static MessageInfo> {
        self.retired.iter().filter_map(|retired| match retired {
            Retired::Send { command, .. } => Some(*command),
            Retired::Timer(_) | Retired::State(_) => None,
        })
    }

    /// What a stored name of a state or timer is today: itself, unless it was renamed.
    pub(crate) fn current_name<'a>(&'a self, stored: &'a str) -> &'a str {
        self.renamed
            .iter()
            .find(|renamed| renamed.old == stored)
            .map_or(stored, |renamed| renamed.new)
    }
}

/// One annotated handler.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// The method's name.
    pub handler: &'static str,
    /// What sets it off.
    pub trigger: Trigger,
    /// Where. `[Place::Rest]` where the clause has no `in`; empty for `start`, `compensate` and `compensated`.
    pub places: &'static [Place],
    /// The possible outcomes: one without a label, or several with.
    pub branches: &'static [Branch],
}

/// What sets a handler off.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// `#[start(M ..)]`
    Start(Item),
    /// `#[on(M ..)]`
    On(Item),
    /// `#[all(A, B?, C* ..)]`
    All(&'static [Item]),
    /// `#[after(30 min ..)]`
    After(Duration),
    /// `#[every(1 h ..)]`
    Every(Duration),
    /// `#[at(self.when ..)]`; the time is asked of the instance after every step.
    At,
    /// `#[compensate(R ..)]`
    Compensate(Item),
    /// `#[compensated(..)]`
    Compensated,
}

/// A message named in a trigger or an exception.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The one message, or all replies of the command whose reply enum was named.
    pub messages: &'static [&'static MessageInfo],
    /// `of Command`: only as the answer to this command.
    pub of: Option<&'static MessageInfo>,
    /// None, `?` or `*`; always [`Arity::One`] outside `all`.
    pub arity: Arity,
}

/// How many: written with nothing, `?` or `*` behind a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Exactly one.
    One,
    /// `?`: an `Option`.
    Optional,
    /// `*`: a `Vec`.
    Many,
}

/// A state in the widest sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A declared state: an index into [`Definition::states`].
    State(u16),
    /// `_`: every declared state in which this message is not named otherwise; for timers, every declared state.
    Rest,
    /// `compensate`: the state the runtime runs.
    Compensate,
    /// `end`: no live instance.
    End,
}

/// One outcome of a handler.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    /// The label, where the handler decides.
    pub label: Option<&'static str>,
    /// What it emits, in written order.
    pub effects: &'static [Effect],
    /// Where it leads; `None` stays, with timers running on.
    pub target: Option<Target>,
}

/// Something a handler emits.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// `send`, `publish` or `reply`.
    pub verb: Verb,
    /// What.
    pub message: &'static MessageInfo,
    /// None, `?` or `*`.
    pub arity: Arity,
    /// `reply R to C`: the senders of this command.
    pub to: Option<&'static MessageInfo>,
}

/// How a message leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To the command's endpoint; opens a request if the command declares replies.
    Send,
    /// To every subscriber.
    Publish,
    /// To whoever waits.
    Reply,
}

/// Where a branch leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into a declared state, leaving and entering even if it is the same one.
    State(u16),
    /// The instance is finished.
    End,
    /// Undo what was done.
    Compensate,
}

/// `ignore(M in S)`, `defer(M in S)` or `unexpected(M in S)`.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// Which of the three.
    pub how: Treatment,
    /// The message.
    pub item: Item,
    /// Where; `[Place::Rest]` where no `in` was written.
    pub places: &'static [Place],
}

/// What becomes of a message that no handler takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Discarded.
    Ignore,
    /// Kept durably until the state changes.
    Defer,
    /// Its request is closed and it becomes a dead letter for a person.
    Unexpected,
}

/// A service as data.
#[derive(Clone, Copy, Debug)]
pub struct ServiceDefinition {
    /// The name under which its messages are recorded, the type's name unless overridden.
    pub name: &'static str,
    /// The endpoint it serves.
    pub endpoint: &'static str,
    /// Its handlers, in the order written.
    pub handlers: &'static [ServiceHandler],
}

/// One handler of a service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceHandler {
    /// The method's name.
    pub handler: &'static str,
    /// The command or event it takes.
    pub message: &'static MessageInfo,
    /// What it emits beside the reply, in written order.
    pub effects: &'static [Effect],
}
