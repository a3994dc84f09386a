//! Clauses as their author wrote them, from the data.

use std::time::Duration;

use crate::{
    definition::{Arity, Branch, Clause, Definition, Effect, Item, Place, Target, Treatment, Trigger, Verb},
    message::{MessageInfo, MessageKind},
};

const UNITS: [(u128, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];

/// `30 min`, `24 h`, `3 d`: the largest unit that divides it; a single day in hours.
pub(super) fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let fits = |unit: u128| millis > 0 && millis.is_multiple_of(unit) && millis != UNITS[0].0;
    let unit = UNITS.iter().find(|(unit, _)| fits(*unit));
    match unit {
        Some((unit, name)) => format!("{} {name}", millis / unit),
        None if millis == UNITS[0].0 => "24 h".into(),
        None => format!("{millis} ms"),
    }
}

/// What sets a clause off.
pub(super) fn trigger(definition: &Definition, clause: &Clause) -> String {
    match &clause.trigger {
        Trigger::Start(item) | Trigger::On(item) => self::item(definition, item),
        Trigger::All(items) => {
            let items: Vec<_> = items.iter().map(|item| self::item(definition, item)).collect();
            items.join(" and ")
        }
        Trigger::After(wait) => format!("after {}", duration(*wait)),
        Trigger::Every(wait) => format!("every {}", duration(*wait)),
        // The data does not hold the expression; the handler's name says what it is for.
        Trigger::At => format!("at the time of {}", clause.handler),
        Trigger::Compensate(item) => format!("undo of {}", self::item(definition, item)),
        Trigger::Compensated => "everything undone".into(),
    }
}

/// The message, or the reply enum of a command; then its arity and the command it answers.
pub(super) fn item(definition: &Definition, item: &Item) -> String {
    let name = match reply_enum(definition, item.messages) {
        Some(command) if command.name.chars().all(|c| c.is_ascii_alphanumeric()) => {
            format!("{}Reply", command.name)
        }
        Some(command) => format!("any reply to {}", command.name),
        None => names(item.messages).join(" or "),
    };
    let of = item.of.map(|command| format!(" of {}", command.name));
    format!("{name}{}{}", mark(item.arity), of.unwrap_or_default())
}

/// The command among those the saga sends whose replies are these.
fn reply_enum(definition: &Definition, messages: &[&MessageInfo]) -> Option<&'static MessageInfo> {
    let declares = |command: &&MessageInfo| {
        let replies = command.replies.iter().map(|reply| reply.message);
        messages.len() > 1 && replies.eq(messages.iter().copied())
    };
    emitted(definition).map(|effect| effect.message).find(declares)
}

/// Every effect of every outcome, in the order written.
pub(super) fn emitted(definition: &Definition) -> impl Iterator<Item = &'static Effect> {
    let branches = definition.clauses.iter().flat_map(|clause| clause.branches);
    branches.flat_map(|branch| branch.effects)
}

pub(super) fn names(messages: &[&'static MessageInfo]) -> Vec<&'static str> {
    messages.iter().map(|message| message.name).collect()
}

/// The states of a clause, as written; nothing for those that have none.
pub(super) fn places(definition: &Definition, places: &[Place]) -> String {
    let places: Vec<_> = places
        .iter()
        .map(|place| self::place(definition, *place))
        .collect();
    places.join(", ")
}

pub(super) fn place(definition: &Definition, place: Place) -> &'static str {
    match place {
        Place::State(state) => self::state(definition, state),
        Place::Rest => "_",
        Place::Compensate => "compensate",
        Place::End => "end",
    }
}

pub(super) fn target(definition: &Definition, target: Target) -> &'static str {
    match target {
        Target::State(state) => self::state(definition, state),
        Target::End => "end",
        Target::Compensate => "compensate",
    }
}

/// A state's name; a definition written by hand may speak of one it does not declare.
pub(super) fn state(definition: &Definition, state: u16) -> &'static str {
    definition.states.get(usize::from(state)).copied().unwrap_or("?")
}

/// What a branch emits, in written order.
pub(super) fn effects(branch: &Branch) -> String {
    let effects: Vec<_> = branch.effects.iter().map(effect).collect();
    effects.join(", ")
}

/// `send BillOrder?`
pub(super) fn effect(effect: &Effect) -> String {
    let to = effect.to.map(|command| format!(" to {}", command.name));
    format!(
        "{} {}{}{}",
        verb(effect.verb),
        effect.message.name,
        mark(effect.arity),
        to.unwrap_or_default()
    )
}

pub(super) fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Send => "send",
        Verb::Publish => "publish",
        Verb::Reply => "reply",
    }
}

pub(super) fn treatment(how: Treatment) -> &'static str {
    match how {
        Treatment::Ignore => "ignored",
        Treatment::Defer => "deferred",
        Treatment::Unexpected => "unexpected",
    }
}

pub(super) fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Command => "command",
        MessageKind::Reply => "reply",
        MessageKind::Event => "event",
    }
}

/// A type as it is usually written: `"Vec < (u8 , T) >"` is `"Vec<(u8, T)>"`.
pub(super) fn ty(tokens: &str) -> String {
    let mut ty = String::new();
    let mut last = ' ';
    let mut spaced = false;
    for c in tokens.chars() {
        if c.is_whitespace() {
            spaced = true;
            continue;
        }
        let words = (last.is_alphanumeric() || last == '_') && (c.is_alphanumeric() || c == '_');
        if (spaced && words) || matches!(last, ',' | ';') {
            ty.push(' ');
        }
        ty.push(c);
        (last, spaced) = (c, false);
    }
    ty
}

fn mark(arity: Arity) -> &'static str {
    match arity {
        Arity::One => "",
        Arity::Optional => "?",
        Arity::Many => "*",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_the_way_they_are_written() {
        let shown = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(shown(1_800), "30 min");
        assert_eq!(shown(86_400), "24 h");
        assert_eq!(shown(3 * 86_400), "3 d");
        assert_eq!(shown(90), "90 s");
        assert_eq!(duration(Duration::from_millis(1_500)), "1500 ms");
        assert_eq!(duration(Duration::ZERO), "0 ms");
    }

    #[test]
    fn types_are_shown_the_way_they_are_written() {
        assert_eq!(ty("Vec < (u8 , T) >"), "Vec<(u8, T)>");
        assert_eq!(
            ty("std :: borrow :: Cow<'static , str>"),
            "std::borrow::Cow<'static, str>"
        );
        assert_eq!(ty("Box < dyn Any >"), "Box<dyn Any>");
        assert_eq!(ty("[u8;4]"), "[u8; 4]");
    }
}
