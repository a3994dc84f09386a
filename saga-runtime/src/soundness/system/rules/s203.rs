//! S203: an event that nobody hears, or that nobody publishes.

use super::{next, open, parts, type_name};
use crate::{
    message::MessageKind,
    soundness::{
        report::{Text, refuse},
        system::table::{Row, Table},
    },
};

/// Checks what a part is the first to publish.
#[track_caller]
pub const fn published(table: &Table, part: usize) {
    refuse(find_published(table, part));
}

/// Checks what a part is the first to await.
#[track_caller]
pub const fn awaited(table: &Table, part: usize) {
    refuse(find_awaited(table, part));
}

/// Checks an event in `accepts(..)` that no part publishes.
#[track_caller]
pub const fn accepted(table: &Table, accepted: usize) {
    refuse(find_accepted(table, accepted));
}

const fn find_published(table: &Table, part: usize) -> Option<Text> {
    let mut found: Option<Text> = None;
    let mut row = 0;
    while row < table.count {
        let at = &table.rows[row];
        if at.senders.is_first(part) && is_unheard(table, at) {
            let mut text = next(found, table, "S203");
            tell_unheard(&mut text, table, at);
            found = Some(text);
        }
        row += 1;
    }
    found
}

const fn find_awaited(table: &Table, part: usize) -> Option<Text> {
    let mut found: Option<Text> = None;
    let mut row = 0;
    while row < table.count {
        let at = &table.rows[row];
        if at.takers.is_first(part) && is_unpublished(table, at) {
            let mut text = next(found, table, "S203");
            tell_unpublished(&mut text, table, at);
            found = Some(text);
        }
        row += 1;
    }
    found
}

const fn find_accepted(table: &Table, accepted: usize) -> Option<Text> {
    let row = table.row(table.accepts[accepted]);
    if !row.senders.is_empty() || !is_unheard(table, row) {
        return None;
    }
    let mut text = open(table, "S203");
    tell_unheard(&mut text, table, row);
    Some(text)
}

const fn is_judged(table: &Table, row: &Row) -> bool {
    !table.incomplete && table.excess.is_none() && row.is(MessageKind::Event)
}

const fn is_unheard(table: &Table, row: &Row) -> bool {
    is_judged(table, row) && row.takers.is_empty() && !row.message.outsiders
}

const fn is_unpublished(table: &Table, row: &Row) -> bool {
    is_judged(table, row) && row.senders.is_empty() && !row.accepted && !row.message.external
}

const fn tell_unheard(text: &mut Text, table: &Table, row: &Row) {
    let name = type_name(row.message);
    text.push("nobody hears ");
    text.quoted(name);
    if row.senders.is_empty() {
        text.push(", which the system accepts");
    } else {
        text.push(", published by ");
        parts(text, table, row.senders);
    }
    text.push("\nremedy: handle it, `#[on(");
    text.push(name);
    text.push(" ..)]`, in a part of the system; or, if it is meant for others, say so where it is declared: `#[event(outsiders)]`");
}

const fn tell_unpublished(text: &mut Text, table: &Table, row: &Row) {
    let name = type_name(row.message);
    text.push("nobody publishes ");
    text.quoted(name);
    text.push(", awaited by ");
    parts(text, table, row.takers);
    text.push("\nremedy: name the part that publishes it in `");
    text.push(table.name);
    text.push(" { .. }`; say `accepts(");
    text.push(name);
    text.push(")` if the bus is to publish it; or, if it is published elsewhere, say so where it is declared: `#[event(external)]`");
}
