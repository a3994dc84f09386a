//! S104: a message used as what it is not, or by whom it is not meant for.

mod unasked;

pub(in crate::soundness) use unasked::find as find_effect;
pub(super) use unasked::is_unasked;

use super::{Exploration, open, s109};
use crate::{
    definition::{Effect, Item, Trigger, Verb},
    message::{MessageInfo, MessageKind},
    soundness::{
        messages::{declares, same},
        model::{items, names},
        report::Text,
    },
};

/// Checks one item of a trigger: it is addressed to this saga, and an undo undoes what was done.
pub(in crate::soundness) const fn find_trigger(
    exploration: &Exploration,
    clause: usize,
    item: usize,
) -> Option<Text> {
    if exploration.excess.is_some() {
        return None;
    }
    let trigger = &exploration.model.clause(clause).trigger;
    if let Trigger::Compensate(item) = trigger {
        return find_undo(exploration, item);
    }
    let starts = matches!(trigger, Trigger::Start(_));
    let item = &items(trigger)[item];
    let mut message = 0;
    while message < item.messages.len() {
        let info = item.messages[message];
        if starts && matches!(info.kind, MessageKind::Reply) {
            return Some(started_by_reply(exploration, info));
        }
        if let Some(endpoint) = elsewhere(exploration, info) {
            return Some(addressed_elsewhere(exploration, info, endpoint));
        }
        if let Some(command) = item.of
            && !declares(command, info)
        {
            return Some(undeclared(exploration, command, info));
        }
        message += 1;
    }
    None
}

/// The endpoint of a command that is not for the saga's own. A saga that lives nowhere was refused for that.
pub(super) const fn elsewhere(exploration: &Exploration, message: &MessageInfo) -> Option<&'static str> {
    let home = exploration.model.definition.endpoint;
    match message.endpoint {
        Some(endpoint)
            if matches!(message.kind, MessageKind::Command) && !home.is_empty() && !same(endpoint, home) =>
        {
            Some(endpoint)
        }
        _ => None,
    }
}

/// Checks that an effect sends a command, publishes an event or replies a reply, where no type says so.
pub(in crate::soundness) const fn find_kind(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    effect: usize,
) -> Option<Text> {
    let written = written(exploration, clause, branch, effect);
    let (verb, wanted) = match (written.verb, written.message.kind) {
        (Verb::Send, MessageKind::Command)
        | (Verb::Publish, MessageKind::Event)
        | (Verb::Reply, MessageKind::Reply) => {
            return None;
        }
        (Verb::Send, _) => ("send", "a command"),
        (Verb::Publish, _) => ("publish", "an event"),
        (Verb::Reply, _) => ("reply", "a reply"),
    };
    let (is, instead) = match written.message.kind {
        MessageKind::Command => ("a command", "send"),
        MessageKind::Event => ("an event", "publish"),
        MessageKind::Reply => ("a reply", "reply"),
    };
    let mut text = open(exploration, "S104");
    text.push("`");
    text.push(verb);
    text.push("` takes ");
    text.push(wanted);
    text.push(", and ");
    text.quoted(written.message.name);
    text.push(" is ");
    text.push(is);
    text.push("\nremedy: write `");
    text.push(instead);
    text.push(" ");
    text.push(written.message.name);
    text.push("`");
    Some(text)
}

const fn written(exploration: &Exploration, clause: usize, branch: usize, effect: usize) -> &'static Effect {
    &exploration.model.clause(clause).branches[branch].effects[effect]
}

/// An undo is for the success of a command that this saga sends; one never sent is told elsewhere.
const fn find_undo(exploration: &Exploration, item: &'static Item) -> Option<Text> {
    if !is_for_refusal(exploration, item) {
        return None;
    }
    let mut text = open(exploration, "S104");
    text.quoted_items(item);
    text.push(" says that nothing was done, so that there is nothing to undo");
    let left = if exploration.apart {
        None
    } else {
        s109::tell_left(exploration, &mut text)
    };
    text.push("\nremedy: ");
    match left {
        Some(reply) => {
            text.push("did you mean `");
            text.push(reply);
            text.push("`? Otherwise undo");
        }
        None => text.push("undo"),
    }
    text.push(" the reply that says it was done, or declare this one among the command's `replies(..)`");
    Some(text)
}

const fn is_for_refusal(exploration: &Exploration, item: &Item) -> bool {
    let mut input = 0;
    let (mut sent, mut done) = (false, false);
    while input < exploration.model.replies_from[exploration.model.request_count] as usize {
        let reply = &exploration.model.inputs[input];
        if names(item.messages, exploration.model.message(reply.message)) {
            sent = true;
            done |= !reply.refusal;
        }
        input += 1;
    }
    sent && !done
}

/// Whether some undo is for a refusal; which steps nothing undoes is told there.
pub(super) const fn undoes_nothing(exploration: &Exploration) -> bool {
    let mut clause = 0;
    while clause < exploration.model.definition.clauses.len() && !exploration.apart {
        if let Trigger::Compensate(item) = &exploration.model.clause(clause).trigger
            && is_for_refusal(exploration, item)
        {
            return true;
        }
        clause += 1;
    }
    false
}

const fn started_by_reply(exploration: &Exploration, reply: &MessageInfo) -> Text {
    let mut text = open(exploration, "S104");
    text.quoted(reply.name);
    text.push(" cannot start an instance: a reply goes only to the instance that sent its command");
    text.push("\nremedy: start with a command or an event, `#[start(Command ..)]`, and take the reply in a state, `#[on(");
    text.push(reply.name);
    text.push(" in ..)]`");
    text
}

const fn addressed_elsewhere(exploration: &Exploration, command: &MessageInfo, endpoint: &str) -> Text {
    let mut text = open(exploration, "S104");
    text.quoted(command.name);
    text.push(" cannot come: it is addressed to `");
    text.push(endpoint);
    text.push("`, and the saga lives at `");
    text.push(exploration.model.definition.endpoint);
    text.push("`\nremedy: address the command here, `#[command(to = ..)]`, or have whoever takes it publish an event");
    text
}

const fn undeclared(exploration: &Exploration, command: &MessageInfo, reply: &MessageInfo) -> Text {
    let mut text = open(exploration, "S104");
    text.quoted(command.name);
    text.push(" is never answered with ");
    text.quoted(reply.name);
    text.push("\nremedy: name it among the command's `replies(..)` or `refusals(..)`, or another command after `of`");
    text
}
