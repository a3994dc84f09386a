//! What was pinned against what is: what would break, and what is only new.

use std::collections::BTreeSet;

use super::{
    facts::{Fact, Item, Lock, Section, Shape, Title},
    fields, key,
};
/// What became of the facts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) refusals: Vec<Refusal>,
    /// Lines that are in one of the two only.
    pub(super) changes: Vec<Change>,
    /// What is compatible only once no older build runs any more.
    pub(super) remarks: Vec<String>,
}

/// A change that breaks what older builds stored or sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) what: String,
    pub(super) remedy: String,
}

/// A line that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) title: Title,
    pub(super) fact: Option<Fact>,
    pub(super) is_new: bool,
}

impl Found {
    pub(super) fn is_nothing(&self) -> bool {
        self.refusals.is_empty() && self.changes.is_empty()
    }

    pub(super) fn refuse(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        self.refusals.push(Refusal {
            what: what.into(),
            remedy: remedy.into(),
        });
    }
}

pub(super) fn compare(locked: &Lock, now: &Lock) -> Found {
    let mut found = Found::default();
    for (title, facts) in &locked.subjects {
        match now.subjects.get(title) {
            None => gone(title, locked, now, &mut found),
            Some(present) => match title.section {
                Section::Saga => {
                    saga(&title.name, [facts, present], [locked, now], &mut found);
                    key::compare(&title.name, [facts, present], [locked, now], &mut found);
                }
                Section::Service => service(&title.name, facts, present, now, &mut found),
                Section::Message => message(&title.name, facts, present, &mut found),
            },
        }
    }
    found.changes = changes(locked, now);
    found
}

fn gone(title: &Title, locked: &Lock, now: &Lock, found: &mut Found) {
    let Title { section, name } = title;
    let added = now
        .subjects
        .keys()
        .filter(|other| other.section == *section && !locked.subjects.contains_key(other));
    let renamed = match added.map(|other| &other.name).collect::<Vec<_>>().as_slice() {
        [only] => format!("if it is `{only}` now"),
        _ => "if it was renamed".to_owned(),
    };
    let (what, attribute, until) = match section {
        Section::Saga => (
            format!("saga `{name}` is gone: its instances and their messages are stored under this name"),
            format!("`#[saga(.., name = \"{name}\")]` on the struct"),
            "keep the saga until none of its instances is left",
        ),
        Section::Service => (
            format!("service `{name}` is gone: messages are recorded for it under this name"),
            format!("`#[service(.., name = \"{name}\")]`"),
            "keep the service until its messages are handled",
        ),
        Section::Message => (
            format!("message `{name}` is gone: it may be under way, or kept by instances, under this name"),
            format!("`name = \"{name}\"` in its attribute"),
            "keep the message until none is left",
        ),
    };
    let retired = match section {
        Section::Message => still_answered(locked, name),
        Section::Saga | Section::Service => String::new(),
    };
    found.refuse(
        what,
        format!("{renamed}, write {attribute}; else {until}{retired}"),
    );
}

/// How a saga says that it sends a command no more, of the commands that a message answers, or of itself.
fn still_answered(locked: &Lock, message: &str) -> String {
    let answers = |(title, facts): &(&Title, &BTreeSet<Fact>)| {
        let mut answers = facts.iter().filter_map(|fact| match fact {
            Fact::Answer { message, .. } => Some(message),
            _ => None,
        });
        title.section == Section::Message && answers.any(|answer| answer == message || title.name == message)
    };
    let commands = locked.subjects.iter().filter(answers);
    let retired: Vec<String> = commands
        .map(|(title, _)| format!("`retired(send {})`", title.name))
        .collect();
    match retired.is_empty() {
        true => String::new(),
        false => format!(
            "; a saga that sends the command no more says {}",
            retired.join(", ")
        ),
    }
}

fn service(name: &str, locked: &BTreeSet<Fact>, present: &BTreeSet<Fact>, now: &Lock, found: &mut Found) {
    let subject = format!("service `{name}`");
    moved(&subject, locked, present, found);
    for fact in locked.difference(present) {
        let Fact::Handles(message) = fact else { continue };
        if now.facts(Section::Message, message).is_some() {
            found.refuse(
                format!("{subject} takes `{message}` no more: one may be in its queue"),
                format!("keep `#[on({message})]` in it until none is sent and its queue is empty"),
            );
        }
    }
}

/// A saga or service at another endpoint.
fn moved(subject: &str, locked: &BTreeSet<Fact>, present: &BTreeSet<Fact>, found: &mut Found) {
    let at = |facts: &BTreeSet<Fact>| {
        facts.iter().find_map(|fact| match fact {
            Fact::At(endpoint) => Some(endpoint.clone()),
            _ => None,
        })
    };
    if let (Some(old), Some(new)) = (at(locked), at(present))
        && old != new
    {
        found.refuse(
            format!("{subject} moved from endpoint `{old}` to `{new}`: messages for it wait in `{old}`"),
            format!("keep its endpoint, or the old name of the queue: `#[endpoint(name = \"{old}\")]`"),
        );
    }
}

fn message(name: &str, locked: &BTreeSet<Fact>, present: &BTreeSet<Fact>, found: &mut Found) {
    let subject = format!("message `{name}`");
    let kind = |facts: &BTreeSet<Fact>| {
        facts.iter().find_map(|fact| match fact {
            Fact::Kind(kind) => Some(kind.clone()),
            _ => None,
        })
    };
    if let (Some(old), Some(new)) = (kind(locked), kind(present))
        && old != new
    {
        found.refuse(
            format!("{subject} was: {old}; it is: {new}; those under way are found no more"),
            "give the new message a name of its own, and keep the old one until none is left",
        );
    }
    body(&subject, name, locked, present, found);
}

/// What reading a body depends on.
fn body(subject: &str, name: &str, locked: &BTreeSet<Fact>, present: &BTreeSet<Fact>, found: &mut Found) {
    let (old, new) = (version(locked), version(present));
    if new < old {
        found.refuse(
            format!("{subject} went back from version {old} to {new}: what is of version {old} would wait for another build"),
            format!("write `version = {old}`, or the next higher number"),
        );
        return;
    }
    for version in readable(locked).difference(&readable(present)) {
        found.refuse(
            format!("{subject} of version {version} cannot be read any more"),
            format!(
                "write `upgrade({version} = Older)` beside `version = {new}`, where `Older` is the type as it was, with \
                 an `impl From<Older>` for the next version; `upgrade({version} = {name})` if it still reads the same"
            ),
        );
    }
    if new == old {
        fields::compare(subject, &layout(locked), &layout(present), new, found);
    }
}

pub(super) fn version(facts: &BTreeSet<Fact>) -> u32 {
    let version = facts.iter().find_map(|fact| match fact {
        Fact::Version(version) => Some(*version),
        _ => None,
    });
    version.unwrap_or(1)
}

/// The versions that can be read: the present one and those with an upgrade.
fn readable(facts: &BTreeSet<Fact>) -> BTreeSet<u32> {
    let versions = facts.iter().filter_map(|fact| match fact {
        Fact::Version(version) | Fact::Reads(version) => Some(*version),
        _ => None,
    });
    versions.collect()
}

fn layout(facts: &BTreeSet<Fact>) -> fields::Layout<'_> {
    let form = facts.iter().find_map(|fact| match fact {
        Fact::Form(form) => Some(*form),
        _ => None,
    });
    let fields = facts.iter().filter_map(|fact| match fact {
        Fact::Field(field) => Some(field),
        _ => None,
    });
    fields::Layout {
        form: form.filter(|form| *form != Shape::Strict),
        strict: form == Some(Shape::Strict),
        fields: fields.collect(),
    }
}

/// A saga's facts, with the names of states and timers as they are today.
struct Names<'a> {
    present: &'a BTreeSet<Fact>,
}

impl Names<'_> {
    fn current<'a>(&'a self, stored: &'a str) -> &'a str {
        let renamed = self.present.iter().find_map(|fact| match fact {
            Fact::Renamed { old, new } if old == stored => Some(new.as_str()),
            _ => None,
        });
        renamed.unwrap_or(stored)
    }

    fn has_state(&self, state: &str) -> bool {
        state == "compensate" || state == "end" || self.present.contains(&Fact::State(state.into()))
    }

    fn has_timer(&self, place: Option<&str>, handler: &str) -> bool {
        self.present.iter().any(|fact| match fact {
            Fact::Timer {
                place: at,
                handler: is,
            } => is == handler && place.is_none_or(|place| place == at),
            _ => false,
        })
    }

    /// What becomes of a message in a state.
    fn how(&self, state: &str, wanted: &Item) -> Option<&str> {
        self.present.iter().find_map(|fact| match fact {
            Fact::In { place, item, how } if place == state && covers(item, wanted) => Some(how.as_str()),
            _ => None,
        })
    }
}

fn covers(item: &Item, wanted: &Item) -> bool {
    item.message == wanted.message && (item.of.is_none() || item.of == wanted.of)
}

fn saga(name: &str, [locked, present]: [&BTreeSet<Fact>; 2], [before, now]: [&Lock; 2], found: &mut Found) {
    let subject = format!("saga `{name}`");
    moved(&subject, locked, present, found);
    body(&subject, name, locked, present, found);
    let names = Names { present };
    for fact in locked {
        match fact {
            Fact::State(state) => state_gone(&subject, state, locked, &names, found),
            Fact::Renamed { old, .. } => old_name_gone(&subject, old, &names, found),
            Fact::Timer { place, handler } => timer_gone(&subject, place, handler, &names, found),
            Fact::In { place, item, how } if now.facts(Section::Message, &item.message).is_some() => {
                handler_gone(&subject, place, (item, how), &names, before, found);
            }
            Fact::Starts(message) if now.facts(Section::Message, message).is_some() && !present.contains(fact) => found
                .refuse(
                    format!("{subject}: `{message}` starts no instance any more; one under way would wait for an instance in vain"),
                    format!("keep `#[start({message} ..)]` until none is sent and the queue is empty"),
                ),
            Fact::Undoes(item) if !present.iter().any(|fact| matches!(fact, Fact::Undoes(other) if covers(other, item))) => found
                .refuse(
                    format!("{subject}: the undo of `{item}` is gone; instances that have this step behind them could not undo it"),
                    format!("keep `#[compensate({item} -> ..)]`"),
                ),
            _ => {}
        }
    }
    added_timers(&subject, locked, &names, found);
}

fn state_gone(subject: &str, state: &str, locked: &BTreeSet<Fact>, names: &Names<'_>, found: &mut Found) {
    if names.has_state(names.current(state)) {
        return;
    }
    let added = names.present.iter().filter_map(|fact| match fact {
        Fact::State(added) if !locked.contains(fact) => Some(added.as_str()),
        _ => None,
    });
    let added: Vec<&str> = added.collect();
    let new = match added.as_slice() {
        [only] => only,
        _ => "New",
    };
    found.refuse(
        format!("{subject}: state `{state}` is gone, and instances may be in it"),
        format!("if it has another name now, or another state goes on for it, write `renamed({state} = {new})` in `#[saga(..)]` on the impl block; else keep it, as `retired({state})` once nothing leads to it, until no instance is in it"),
    );
}

fn old_name_gone(subject: &str, old: &str, names: &Names<'_>, found: &mut Found) {
    let current = names.current(old);
    if names.has_state(current) || names.has_timer(None, current) {
        return;
    }
    found.refuse(
        format!("{subject}: the old name `{old}` is not read any more; instances that did not move since are stored under it"),
        format!("keep `renamed({old} = ..)` until none of them is left"),
    );
}

fn timer_gone(subject: &str, place: &str, handler: &str, names: &Names<'_>, found: &mut Found) {
    let (state, current) = (names.current(place), names.current(handler));
    if !names.has_state(state) || names.has_timer(Some(state), current) {
        return;
    }
    found.refuse(
        format!("{subject}: timer `{handler}` of state `{place}` is gone; instances wait for it under the name of its handler"),
        format!("if the handler has another name now, write `renamed({handler} = new_name)` in `#[saga(..)]` on the impl block; else keep it in `{state}`, as `retired({handler})` if it is not to be armed any more"),
    );
}

fn handler_gone(
    subject: &str,
    place: &str,
    (item, how): (&Item, &str),
    names: &Names<'_>,
    before: &Lock,
    found: &mut Found,
) {
    let state = names.current(place);
    if !names.has_state(state) {
        return;
    }
    match names.how(state, item) {
        None => found.refuse(
            format!("{subject}: nothing takes `{item}` in `{state}` any more, and instances of older builds may still receive it there"),
            format!(
                "keep a handler, or say what becomes of it: `ignore({item} in {state})`, `defer(..)` or `unexpected(..)`{}",
                still_answered(before, &item.message)
            ),
        ),
        Some(present) if how == "joins" && present != "joins" => found.refuse(
            format!("{subject}: `{item}` is not joined in `{state}` any more; instances that hold one for the join would not go on"),
            format!("keep `#[all(.. {item} .. in {state})]` until no instance is in `{state}`"),
        ),
        Some(_) => {}
    }
}

/// Older builds beside this one do not know what a new timer is.
fn added_timers(subject: &str, locked: &BTreeSet<Fact>, names: &Names<'_>, found: &mut Found) {
    for fact in names.present.difference(locked) {
        let Fact::Timer { place, handler } = fact else {
            continue;
        };
        let was_there = locked.iter().any(|old| match old {
            Fact::Timer {
                place: at,
                handler: is,
            } => names.current(at) == place && names.current(is) == handler,
            _ => false,
        });
        if !was_there
            && locked
                .iter()
                .any(|old| matches!(old, Fact::State(state) if names.current(state) == place))
        {
            found.remarks.push(format!(
                "{subject}: instances that are in `{place}` already do not wait for `{handler}`: timers are armed on entering"
            ));
        }
    }
}

fn changes(locked: &Lock, now: &Lock) -> Vec<Change> {
    let mut titles: Vec<&Title> = locked.subjects.keys().chain(now.subjects.keys()).collect();
    titles.sort();
    titles.dedup();
    titles
        .into_iter()
        .flat_map(|title| changes_of(title, locked, now))
        .collect()
}

fn changes_of(title: &Title, locked: &Lock, now: &Lock) -> Vec<Change> {
    let change = |fact: Option<&Fact>, is_new| Change {
        title: title.clone(),
        fact: fact.cloned(),
        is_new,
    };
    match (locked.subjects.get(title), now.subjects.get(title)) {
        (Some(old), Some(new)) => {
            let went = old.difference(new).map(|fact| change(Some(fact), false));
            went.chain(new.difference(old).map(|fact| change(Some(fact), true)))
                .collect()
        }
        (_, new) => vec![change(None, new.is_some())],
    }
}
