//! S109: a step that was done and that nobody undoes.

use super::{Exploration, Token, is_opener, open, retired_request, s104};
use crate::{
    definition::{Place, Treatment},
    soundness::{
        model::{includes, names},
        report::Text,
    },
};

/// Checks one `send`: what it leads to is undone, or needs no undo, wherever the saga compensates.
pub(in crate::soundness) const fn find(
    exploration: &Exploration,
    clause: usize,
    branch: usize,
    effect: usize,
) -> Option<Text> {
    if exploration.excess.is_some() {
        return None;
    }
    let Some(request) = exploration.sent(clause, branch, effect) else {
        return None;
    };
    let token = Token::Effect(exploration.model.effect_number(clause, branch, effect));
    find_request(exploration, request, token)
}

/// Checks one `retired(send ..)` in the same way: what older builds had done may have to be undone.
pub(in crate::soundness) const fn find_retired(exploration: &Exploration, retired: usize) -> Option<Text> {
    match retired_request(exploration, retired) {
        Some(request) => find_request(exploration, request, Token::Retired),
        None => None,
    }
}

/// Checks what an older build may have left open in a retired state.
pub(in crate::soundness) const fn find_left(
    exploration: &Exploration,
    state: usize,
    request: usize,
) -> Option<Text> {
    find_request(exploration, request, Token::RetiredState(state))
}

const fn find_request(exploration: &Exploration, request: usize, token: Token) -> Option<Text> {
    let mut input = exploration.model.replies_from[request] as usize;
    while input < exploration.model.replies_from[request + 1] as usize {
        if exploration.facts.lasting[input] != 0 && !s104::undoes_nothing(exploration) {
            let node = exploration.facts.lasting[input] as usize - 1;
            if is_opener(exploration, request, node, token) {
                return Some(report(exploration, request, input, node));
            }
        }
        input += 1;
    }
    None
}

/// The replies whose steps nothing undoes, each once, where an undo is told to undo nothing; the first of them.
pub(super) const fn tell_left(exploration: &Exploration, text: &mut Text) -> Option<&'static str> {
    let mut first = None;
    let mut input = 0;
    while input < exploration.model.replies_from[exploration.model.request_count] as usize {
        if exploration.facts.lasting[input] != 0 {
            let reply = exploration.model.inputs[input].message;
            let reply = exploration.model.message(reply).name;
            text.push(if first.is_none() {
                "; nothing undoes "
            } else {
                ", "
            });
            text.quoted(reply);
            if first.is_none() {
                first = Some(reply);
            }
        }
        input += 1;
    }
    first
}

const fn report(exploration: &Exploration, request: usize, input: usize, node: usize) -> Text {
    let command = exploration.model.command_of(request).name;
    let reply = exploration
        .model
        .message(exploration.model.inputs[input].message)
        .name;
    let mut text = open(exploration, "S109");
    text.push("`compensate` is entered when ");
    text.quoted(command);
    text.push(" is done or may yet be, and nothing undoes it");
    text.way(exploration, node, None);
    text.push("\nremedy: add the undo, `#[compensate(");
    text.push(reply);
    text.push(" -> send ..)]`, or say that it needs none beside `states(..)`: `no_undo(");
    text.push(command);
    text.push(")`");
    text
}

/// Checks an exception: `ignore(.. in end)` does not lose what would have to be undone.
pub(in crate::soundness) const fn find_exception(
    exploration: &Exploration,
    exception: usize,
) -> Option<Text> {
    let written = &exploration.model.definition.exceptions[exception];
    if exploration.excess.is_some()
        || !matches!(written.how, Treatment::Ignore)
        || !includes(written.places, Place::End)
    {
        return None;
    }
    let mut input = 0;
    while input < exploration.model.replies_from[exploration.model.request_count] as usize {
        let reply = &exploration.model.inputs[input];
        let info = exploration.model.message(reply.message);
        if !reply.refusal
            && names(written.item.messages, info)
            && exploration.model.admits(&written.item, input)
            && exploration.model.undo_of(input).is_some()
            && exploration.is_open(exploration.model.end(), reply.request as usize)
        {
            return Some(lost(exploration, reply.request as usize, info.name));
        }
        input += 1;
    }
    None
}

const fn lost(exploration: &Exploration, request: usize, reply: &str) -> Text {
    let mut text = open(exploration, "S109");
    text.quoted(reply);
    text.push(" may come after the end, and ignoring it leaves ");
    text.quoted(exploration.model.command_of(request).name);
    text.push(" done for ever, though it has an undo");
    let node = exploration.facts.open[exploration.model.end()][request] as usize - 1;
    text.way(exploration, node, Some(reply));
    text.push("\nremedy: await it before ending, or leave it to a person: `unexpected(");
    text.push(reply);
    text.push(" in end)`");
    text
}
