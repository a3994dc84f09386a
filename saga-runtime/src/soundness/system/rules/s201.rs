//! S201: a command that nothing at its endpoint takes.

use super::{next, open, parts, type_name};
use crate::{
    message::MessageKind,
    soundness::{
        messages::same,
        report::{Text, refuse},
        system::table::{Row, Table},
    },
};

/// Checks what a part is the first to send.
#[track_caller]
pub const fn part(table: &Table, part: usize) {
    refuse(find(table, part));
}

/// Checks a command in `accepts(..)` that no part sends.
#[track_caller]
pub const fn accepted(table: &Table, accepted: usize) {
    refuse(find_accepted(table, accepted));
}

const fn find(table: &Table, part: usize) -> Option<Text> {
    let mut found: Option<Text> = None;
    let mut row = 0;
    while row < table.count {
        if table.rows[row].senders.is_first(part) && is_lost(table, &table.rows[row]) {
            let mut text = next(found, table, "S201");
            tell(&mut text, table, &table.rows[row]);
            found = Some(text);
        }
        row += 1;
    }
    found
}

const fn find_accepted(table: &Table, accepted: usize) -> Option<Text> {
    let row = table.row(table.accepts[accepted]);
    if !row.senders.is_empty() || !is_lost(table, row) {
        return None;
    }
    let mut text = open(table, "S201");
    tell(&mut text, table, row);
    Some(text)
}

const fn is_lost(table: &Table, row: &Row) -> bool {
    let silent = table.incomplete || table.excess.is_some();
    !silent
        && row.is(MessageKind::Command)
        && row.takers.is_empty()
        && match row.message.endpoint {
            Some(endpoint) => !table.is_remote(endpoint),
            None => false,
        }
}

const fn tell(text: &mut Text, table: &Table, row: &Row) {
    let (Some(endpoint), name) = (row.message.endpoint, type_name(row.message)) else {
        return;
    };
    text.push("nothing at the endpoint ");
    text.quoted(endpoint);
    text.push(" takes ");
    text.quoted(name);
    if row.senders.is_empty() {
        text.push(", which the system accepts");
    } else {
        text.push(", sent by ");
        parts(text, table, row.senders);
    }
    let served = is_served(text, table, endpoint);
    text.push("\nremedy: handle it, `#[on(");
    text.push(name);
    text.push(" ..)]`, ");
    if served {
        text.push("there");
    } else {
        text.push("in a saga or service there and name that in `");
        text.push(table.name);
        text.push(" { .. }`");
    }
    text.push("; or, if the endpoint is served elsewhere, name it in `remote(..)`");
}

/// Tells who lives at the endpoint, if anybody does.
const fn is_served(text: &mut Text, table: &Table, endpoint: &str) -> bool {
    let mut served = false;
    let mut part = 0;
    while part < table.parts.len() {
        if same(table.parts[part].endpoint(), endpoint) {
            text.push(if served { ", " } else { "; there is " });
            text.quoted(table.parts[part].name());
            served = true;
        }
        part += 1;
    }
    served
}
