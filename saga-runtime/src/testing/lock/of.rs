//! The facts of sagas, services and all messages that they take or emit.

use super::facts::{Fact, Field, Item, Lock, Section, Shape, Title};
use crate::{
    definition::{self, Clause, Definition, Effect, Place, ServiceDefinition, Treatment, Trigger},
    message::{FieldInfo, Form, MessageInfo, MessageKind},
    system::Part,
};

impl Lock {
    /// What there is to pin.
    pub(super) fn of(parts: &[Part]) -> Self {
        let mut lock = Self::default();
        for part in parts {
            match part {
                Part::Saga(saga) => lock.add_saga(saga),
                Part::Service(service) => lock.add_service(service),
            }
        }
        lock
    }

    fn add(&mut self, section: Section, name: &str, facts: impl IntoIterator<Item = Fact>) {
        let name = name.to_owned();
        let subject = self.subjects.entry(Title { section, name }).or_default();
        subject.extend(facts);
    }

    fn add_saga(&mut self, saga: &Definition) {
        let mut facts = vec![Fact::At(saga.endpoint.into()), Fact::Version(saga.version)];
        facts.extend(body(saga.form, saga.fields, saga.upgrades));
        facts.extend(key(saga));
        facts.extend(saga.states.iter().map(|&state| Fact::State(state.into())));
        facts.extend(saga.renamed.iter().map(|renamed| Fact::Renamed {
            old: renamed.old.into(),
            new: renamed.new.into(),
        }));
        facts.extend(saga.clauses.iter().flat_map(|clause| clause_facts(saga, clause)));
        facts.extend(saga.exceptions.iter().flat_map(|exception| {
            let how = match exception.how {
                Treatment::Ignore => "ignores",
                Treatment::Defer => "defers",
                Treatment::Unexpected => "sets aside",
            };
            named(saga, exception.places, &[exception.item], how)
        }));
        self.add(Section::Saga, saga.name, facts);
        for clause in saga.clauses {
            self.add_items(items(&clause.trigger));
            let effects = clause.branches.iter().flat_map(|branch| branch.effects);
            effects.for_each(|effect| self.add_effect(effect));
        }
        for exception in saga.exceptions {
            self.add_items(&[exception.item]);
        }
        saga.retired_commands()
            .for_each(|command| self.add_message(command));
    }

    fn add_service(&mut self, service: &ServiceDefinition) {
        let handled = service
            .handlers
            .iter()
            .map(|handler| Fact::Handles(handler.message.name.into()));
        let facts: Vec<Fact> = handled.chain([Fact::At(service.endpoint.into())]).collect();
        self.add(Section::Service, service.name, facts);
        for handler in service.handlers {
            self.add_message(handler.message);
            handler.effects.iter().for_each(|effect| self.add_effect(effect));
        }
    }

    fn add_items(&mut self, items: &[definition::Item]) {
        for item in items {
            item.messages
                .iter()
                .chain(&item.of)
                .for_each(|message| self.add_message(message));
        }
    }

    fn add_effect(&mut self, effect: &Effect) {
        self.add_message(effect.message);
        effect.to.iter().for_each(|message| self.add_message(message));
    }

    fn add_message(&mut self, message: &MessageInfo) {
        if self.facts(Section::Message, message.name).is_some() {
            return;
        }
        let kind = match (message.kind, message.endpoint) {
            (MessageKind::Command, endpoint) => format!("command to {}", endpoint.unwrap_or_default()),
            (MessageKind::Reply, _) => "reply".to_owned(),
            (MessageKind::Event, _) => "event".to_owned(),
        };
        let answers = message.replies.iter().map(|reply| Fact::Answer {
            message: reply.message.name.into(),
            refusal: reply.refusal,
        });
        let mut facts = vec![Fact::Kind(kind), Fact::Version(message.version)];
        facts.extend(body(message.form, message.fields, message.upgrades));
        facts.extend(answers);
        self.add(Section::Message, message.name, facts);
        for reply in message.replies {
            self.add_message(reply.message);
        }
    }
}

/// What reading depends on. Of a body that the fields do not make, they are not pinned.
fn body(form: Form, fields: &[FieldInfo], upgrades: &[u32]) -> Vec<Fact> {
    let fields = if form == Form::Custom { &[] } else { fields };
    let form = Shape::of(form).map(Fact::Form);
    let upgrades = upgrades.iter().map(|&version| Fact::Reads(version));
    let fields = fields.iter().map(|info| Fact::Field(field(info)));
    form.into_iter().chain(upgrades).chain(fields).collect()
}

/// What finds an instance, and where its messages have it.
fn key(saga: &Definition) -> impl Iterator<Item = Fact> {
    let fields = saga
        .key
        .iter()
        .map(|field| format!("{}: {}", field.name, tight(field.ty)));
    let fields: Vec<String> = fields.collect();
    let key = (!fields.is_empty()).then(|| Fact::Key(fields.join(", ")));
    let paths = saga.key_paths.iter().map(|written| Fact::KeyPath {
        message: written.message.name.into(),
        path: written.path.join(", "),
    });
    key.into_iter().chain(paths)
}

fn field(info: &FieldInfo) -> Field {
    Field {
        position: info.name.parse().ok(),
        key: info.key.into(),
        ty: tight(info.ty),
        optional: info.optional,
        with: info.with.map(Into::into),
        aliases: info.aliases.iter().map(|&alias| alias.into()).collect(),
    }
}

/// The type without the spaces that tokens are printed with.
fn tight(ty: &str) -> String {
    let mut tight = String::new();
    let mut chars = ty.chars().peekable();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(c) = chars.next() {
        let between_words =
            tight.chars().next_back().is_some_and(is_word) && chars.peek().copied().is_some_and(is_word);
        if c != ' ' || between_words {
            tight.push(c);
        }
    }
    tight
}

fn clause_facts(saga: &Definition, clause: &Clause) -> Vec<Fact> {
    match &clause.trigger {
        Trigger::Start(item) => item
            .messages
            .iter()
            .map(|message| Fact::Starts(message.name.into()))
            .collect(),
        Trigger::On(item) => named(saga, clause.places, &[*item], "takes"),
        Trigger::All(items) => named(saga, clause.places, items, "joins"),
        Trigger::Compensate(item) => each(item).map(Fact::Undoes).collect(),
        Trigger::Compensated => Vec::new(),
        Trigger::After(_) | Trigger::Every(_) | Trigger::At => {
            let timer = |(place, _)| Fact::Timer {
                place,
                handler: clause.handler.into(),
            };
            places(saga, clause.places).into_iter().map(timer).collect()
        }
    }
}

fn items(trigger: &Trigger) -> &[definition::Item] {
    match trigger {
        Trigger::Start(item) | Trigger::On(item) | Trigger::Compensate(item) => std::slice::from_ref(item),
        Trigger::All(items) => items,
        Trigger::After(_) | Trigger::Every(_) | Trigger::At | Trigger::Compensated => &[],
    }
}

fn named(saga: &Definition, at: &[Place], items: &[definition::Item], how: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    for item in items.iter().flat_map(each) {
        for (place, by_rest) in places(saga, at) {
            if by_rest && is_named(saga, &place, &item) {
                continue;
            }
            let (item, how) = (item.clone(), how.into());
            facts.push(Fact::In { place, item, how });
        }
    }
    facts
}

/// Whether something names the message in this very state, so that `_` does not mean it there.
fn is_named(saga: &Definition, state: &str, item: &Item) -> bool {
    let clauses = saga
        .clauses
        .iter()
        .map(|clause| (clause.places, items(&clause.trigger)));
    let exceptions = saga
        .exceptions
        .iter()
        .map(|exception| (exception.places, std::slice::from_ref(&exception.item)));
    let mut here = clauses.chain(exceptions).filter(|(at, _)| {
        let mut named = places(saga, at).into_iter();
        named.any(|(place, by_rest)| !by_rest && place == state)
    });
    here.any(|(_, items)| {
        let mut each = items.iter().flat_map(each);
        each.any(|other| other.message == item.message && (other.of.is_none() || other.of == item.of))
    })
}

/// Each message of an item.
fn each(item: &definition::Item) -> impl Iterator<Item = Item> {
    let of = item.of.map(|command| command.name.to_owned());
    item.messages.iter().map(move |message| Item {
        message: message.name.into(),
        of: of.clone(),
    })
}

/// The places by name, and whether it is one of those that `_` stands for.
fn places(saga: &Definition, places: &[Place]) -> Vec<(String, bool)> {
    let named = places.iter().flat_map(|place| match place {
        Place::State(state) => saga
            .states
            .get(usize::from(*state))
            .into_iter()
            .map(|&name| (name, false))
            .collect(),
        Place::Rest => saga.states.iter().map(|&name| (name, true)).collect(),
        Place::Compensate => vec![("compensate", false)],
        Place::End => vec![("end", false)],
    });
    named.map(|(name, by_rest)| (name.to_owned(), by_rest)).collect()
}
