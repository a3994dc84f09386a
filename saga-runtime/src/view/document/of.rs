//! Documents from the data.

use super::{
    Clause, DeclaredReply, Effect, End, Exception, Field, Item, MessageType, Outcome, Route, SagaDocument,
    State, SystemDocument, Trigger,
};
use crate::{
    definition::{self, Arity, Definition},
    engine::taken_messages,
    message::MessageInfo,
    system,
    view::{notation, parties::Party, routing_table::RoutingTable},
};

impl SagaDocument {
    /// The document of a saga.
    pub fn of(definition: &'static Definition) -> Self {
        let clause = |clause| Clause::of(definition, clause);
        let exception = |exception| Exception::of(definition, exception);
        let no_undo = definition.no_undo.iter().flat_map(|messages| messages.iter());
        Self {
            format: "saga/1".into(),
            name: definition.name.into(),
            version: definition.version,
            endpoint: definition.endpoint.into(),
            endless: definition.endless,
            states: states(definition),
            clauses: definition.clauses.iter().map(clause).collect(),
            exceptions: definition.exceptions.iter().map(exception).collect(),
            no_undo: no_undo.map(|message| message.name.into()).collect(),
            messages: messages(named(definition)),
        }
    }
}

fn states(definition: &Definition) -> Vec<State> {
    let states = (0..).zip(definition.states);
    let state = |(index, name): (u16, &&str)| State {
        name: (*name).into(),
        no_timeout: definition.no_timeout.contains(&index),
        settled: definition.settled.contains(&index),
    };
    states.map(state).collect()
}

/// What the saga takes and emits.
fn named(definition: &'static Definition) -> impl Iterator<Item = &'static MessageInfo> {
    let emitted = notation::emitted(definition).map(|effect| effect.message);
    taken_messages(definition).into_iter().chain(emitted)
}

/// Each message once, by name, with the replies it declares.
fn messages(named: impl Iterator<Item = &'static MessageInfo>) -> Vec<MessageType> {
    let mut messages: Vec<&'static MessageInfo> = named
        .flat_map(|message| {
            let replies = message.replies.iter().map(|reply| reply.message);
            std::iter::once(message).chain(replies)
        })
        .collect();
    messages.sort_by_key(|message| message.name);
    messages.dedup();
    messages.into_iter().map(MessageType::of).collect()
}

impl Clause {
    fn of(definition: &Definition, clause: &definition::Clause) -> Self {
        Self {
            handler: clause.handler.into(),
            trigger: Trigger::of(&clause.trigger),
            places: places(definition, clause.places),
            outcomes: clause
                .branches
                .iter()
                .map(|branch| Outcome::of(definition, branch))
                .collect(),
        }
    }
}

fn places(definition: &Definition, places: &[definition::Place]) -> Vec<String> {
    let place = |place: &definition::Place| notation::place(definition, *place).into();
    places.iter().map(place).collect()
}

impl Trigger {
    fn of(trigger: &definition::Trigger) -> Self {
        use definition::Trigger as Of;
        let millis = |duration: &std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        match trigger {
            Of::Start(item) => Self::Start { item: Item::of(item) },
            Of::On(item) => Self::On { item: Item::of(item) },
            Of::All(items) => Self::All {
                items: items.iter().map(Item::of).collect(),
            },
            Of::After(wait) => Self::After { millis: millis(wait) },
            Of::Every(wait) => Self::Every { millis: millis(wait) },
            Of::At => Self::At,
            Of::Compensate(item) => Self::Compensate { item: Item::of(item) },
            Of::Compensated => Self::Compensated,
        }
    }
}

impl Item {
    fn of(item: &definition::Item) -> Self {
        Self {
            messages: item.messages.iter().map(|message| message.name.into()).collect(),
            of: item.of.map(|command| command.name.into()),
            arity: arity(item.arity),
        }
    }
}

fn arity(arity: Arity) -> String {
    match arity {
        Arity::One => "one",
        Arity::Optional => "optional",
        Arity::Many => "many",
    }
    .into()
}

impl Outcome {
    fn of(definition: &Definition, branch: &definition::Branch) -> Self {
        let target = |target| notation::target(definition, target).to_owned();
        Self {
            label: branch.label.map(str::to_owned),
            effects: branch.effects.iter().map(Effect::of).collect(),
            target: branch.target.map(target),
        }
    }
}

impl Effect {
    fn of(effect: &definition::Effect) -> Self {
        Self {
            verb: notation::verb(effect.verb).into(),
            message: effect.message.name.into(),
            arity: arity(effect.arity),
            to: effect.to.map(|command| command.name.into()),
        }
    }
}

impl Exception {
    fn of(definition: &Definition, exception: &definition::Exception) -> Self {
        Self {
            how: notation::treatment(exception.how).into(),
            item: Item::of(&exception.item),
            places: places(definition, exception.places),
        }
    }
}

impl MessageType {
    fn of(message: &'static MessageInfo) -> Self {
        let replies = message.replies.iter().map(|reply| DeclaredReply {
            name: reply.message.name.into(),
            refusal: reply.refusal,
        });
        let fields = message.fields.iter().map(|field| Field {
            name: field.name.into(),
            ty: notation::ty(field.ty),
            key: field.key.into(),
            optional: field.optional,
        });
        Self {
            name: message.name.into(),
            version: message.version,
            kind: notation::kind(message.kind).into(),
            endpoint: message.endpoint.map(str::to_owned),
            replies: replies.collect(),
            external: message.external,
            outsiders: message.outsiders,
            fields: fields.collect(),
        }
    }
}

impl SystemDocument {
    /// The document of a system.
    pub fn of<S: system::System>() -> Self {
        let table = RoutingTable::of::<S>();
        let routes = table.routes.iter().map(|route| Route {
            message: route.message.name.into(),
            from: End::of(route.from),
            queue: route.queue.clone(),
            to: End::of(route.to),
        });
        Self {
            format: "system/1".into(),
            name: S::NAME.into(),
            parts: table.parts.iter().copied().map(End::of).collect(),
            accepts: S::ACCEPTS.iter().map(|message| message.name.into()).collect(),
            remote: S::REMOTE.iter().map(|endpoint| (*endpoint).into()).collect(),
            routes: routes.collect(),
            messages: messages(table.routes.iter().map(|route| route.message)),
        }
    }
}

impl End {
    fn of(party: Party) -> Self {
        match party {
            Party::Saga { name, endpoint } => Self::Saga {
                name: name.into(),
                endpoint: endpoint.into(),
            },
            Party::Service { name, endpoint } => Self::Service {
                name: name.into(),
                endpoint: endpoint.into(),
            },
            Party::Remote { endpoint } => Self::Remote {
                endpoint: endpoint.into(),
            },
            Party::Outside => Self::Outside,
            Party::Nobody => Self::Nobody,
        }
    }
}
