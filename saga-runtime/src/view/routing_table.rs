//! A system's routing table: every message, who sends it, by which queue, and who takes it.

use std::fmt::{self, Display};

use super::{grid::Grid, notation, parties::Party};
use crate::{
    definition::{Effect, Verb},
    engine::{replies_queue, taken_messages},
    message::{MessageInfo, MessageKind, ReplyInfo},
    system::{Part, System},
};

const HEADINGS: [&str; 5] = ["message", "kind", "from", "queue", "to"];

/// Every message of a system, who sends it, by which queue, and who takes it. [`Display`] aligns it for a terminal.
#[derive(Clone, Debug)]
pub struct RoutingTable {
    /// The system's name.
    pub system: &'static str,
    /// What comes from outside first, then what each part sends, in the order written; replies behind their command.
    pub routes: Vec<Route>,
    /// The system's sagas and services, in the order written.
    pub parts: Vec<Party>,
}

/// One way of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The message.
    pub message: &'static MessageInfo,
    /// Who sends, publishes or replies it.
    pub from: Party,
    /// Where it arrives: an endpoint's queue, the queue of its replies, or that of a caller, which has no fixed name.
    pub queue: Option<String>,
    /// Who takes it.
    pub to: Party,
}

/// All messages of one kind from one party to another.
pub(super) struct Bundle {
    pub(super) from: Party,
    pub(super) to: Party,
    pub(super) kind: MessageKind,
    pub(super) messages: Vec<&'static str>,
}

impl RoutingTable {
    pub(super) fn of<S: System>() -> Self {
        let mut table = Self {
            system: S::NAME,
            routes: Vec::new(),
            parts: S::PARTS.iter().map(Party::of).collect(),
        };
        let directory = Directory {
            parts: S::PARTS,
            remote: S::REMOTE,
        };
        for message in directory.arriving(S::ACCEPTS) {
            table.add_message(&directory, message, Party::Outside);
        }
        for part in S::PARTS {
            for message in emitted(part) {
                table.add_message(&directory, message, Party::of(part));
            }
        }
        table
    }

    fn add_message(&mut self, directory: &Directory, message: &'static MessageInfo, from: Party) {
        match message.kind {
            MessageKind::Command => self.add_command(directory, message, from),
            MessageKind::Event => {
                for to in directory.hearers(message) {
                    self.add(message, from, to.endpoint().map(str::to_owned), to);
                }
            }
            MessageKind::Reply => {}
        }
    }

    fn add_command(&mut self, directory: &Directory, command: &'static MessageInfo, from: Party) {
        for to in directory.takers(command) {
            self.add(command, from, command.endpoint.map(str::to_owned), to);
            let answers = to != Party::Nobody;
            for ReplyInfo { message, .. } in command.replies.iter().filter(|_| answers) {
                match from {
                    Party::Saga { endpoint, .. } => {
                        self.add(message, to, Some(replies_queue(endpoint).to_string()), from);
                    }
                    Party::Outside => self.add(message, to, None, from),
                    // Services do not wait for answers.
                    Party::Service { .. } | Party::Remote { .. } | Party::Nobody => {}
                }
            }
        }
    }

    fn add(&mut self, message: &'static MessageInfo, from: Party, queue: Option<String>, to: Party) {
        let route = Route {
            message,
            from,
            queue,
            to,
        };
        if !self.routes.contains(&route) {
            self.routes.push(route);
        }
    }

    /// The routes of each kind between the same two parties, together.
    pub(super) fn bundles(&self) -> Vec<Bundle> {
        let mut bundles: Vec<Bundle> = Vec::new();
        for Route {
            message, from, to, ..
        } in &self.routes
        {
            let same =
                |bundle: &&mut Bundle| (bundle.from, bundle.to, bundle.kind) == (*from, *to, message.kind);
            match bundles.iter_mut().find(same) {
                Some(bundle) => bundle.messages.push(message.name),
                None => bundles.push(Bundle {
                    from: *from,
                    to: *to,
                    kind: message.kind,
                    messages: vec![message.name],
                }),
            }
        }
        bundles
    }
}

impl Display for RoutingTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.routes.iter().map(Route::cells).collect();
        let grid = Grid {
            headings: HEADINGS,
            rows,
        };
        grid.fmt(f)
    }
}

impl Route {
    fn cells(&self) -> [String; 5] {
        let caller = || match self.to {
            Party::Outside if self.message.kind == MessageKind::Reply => "(the caller's)".into(),
            _ => String::new(),
        };
        [
            self.message.name.into(),
            notation::kind(self.message.kind).into(),
            self.from.name().into(),
            self.queue.clone().unwrap_or_else(caller),
            self.to.name().into(),
        ]
    }
}

/// Who takes what in a system.
struct Directory {
    parts: &'static [Part],
    remote: &'static [&'static str],
}

impl Directory {
    /// What the system accepts, and the external events it hears.
    fn arriving(&self, accepts: &[&'static MessageInfo]) -> Vec<&'static MessageInfo> {
        let heard = self.parts.iter().flat_map(taken);
        let external = heard.filter(|message| message.kind == MessageKind::Event && message.external);
        unique(accepts.iter().copied().chain(external))
    }

    fn takers(&self, command: &'static MessageInfo) -> Vec<Party> {
        let takes =
            |part: &&Part| Some(part.endpoint()) == command.endpoint && taken(part).contains(&command);
        let takers: Vec<_> = self.parts.iter().filter(takes).map(Party::of).collect();
        let remote = command.endpoint.filter(|endpoint| self.remote.contains(endpoint));
        match remote {
            _ if !takers.is_empty() => takers,
            Some(endpoint) => vec![Party::Remote { endpoint }],
            None => vec![Party::Nobody],
        }
    }

    fn hearers(&self, event: &'static MessageInfo) -> Vec<Party> {
        let hears = |part: &&Part| taken(part).contains(&event);
        let mut hearers: Vec<_> = self.parts.iter().filter(hears).map(Party::of).collect();
        if event.outsiders {
            hearers.push(Party::Outside);
        } else if hearers.is_empty() {
            hearers.push(Party::Nobody);
        }
        hearers
    }
}

/// What a part takes.
fn taken(part: &Part) -> Vec<&'static MessageInfo> {
    match part {
        Part::Saga(saga) => taken_messages(saga),
        Part::Service(service) => service.handlers.iter().map(|handler| handler.message).collect(),
    }
}

/// What a part sends and publishes, in the order written.
fn emitted(part: &Part) -> Vec<&'static MessageInfo> {
    let to_others = |effect: &&Effect| effect.verb != Verb::Reply;
    match part {
        Part::Saga(saga) => {
            let effects = notation::emitted(saga).filter(to_others);
            unique(effects.map(|effect| effect.message))
        }
        Part::Service(service) => {
            let effects = service.handlers.iter().flat_map(|handler| handler.effects);
            unique(effects.filter(to_others).map(|effect| effect.message))
        }
    }
}

fn unique(messages: impl Iterator<Item = &'static MessageInfo>) -> Vec<&'static MessageInfo> {
    let mut unique: Vec<&'static MessageInfo> = Vec::new();
    for message in messages {
        if !unique.contains(&message) {
            unique.push(message);
        }
    }
    unique
}
