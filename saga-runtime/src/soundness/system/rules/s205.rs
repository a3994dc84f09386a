//! S205: two message types with one name on the wire.

use super::{next, open};
use crate::{
    message::{MessageInfo, MessageKind},
    soundness::{
        messages::same,
        report::{Text, refuse},
        system::table::{Place, Row, Table, have_same_fields},
    },
};

/// Checks what a part is the first to name as another type.
#[track_caller]
pub const fn part(table: &Table, part: usize) {
    refuse(find(table, part));
}

/// Checks a message in `accepts(..)`.
#[track_caller]
pub const fn accepted(table: &Table, accepted: usize) {
    refuse(find_accepted(table, accepted));
}

const fn find(table: &Table, part: usize) -> Option<Text> {
    let mut found: Option<Text> = None;
    let mut row = 0;
    while table.excess.is_none() && row < table.count {
        if let Some((other, Place::Part(place))) = table.rows[row].other
            && place == part
        {
            let mut text = next(found, table, "S205");
            tell(&mut text, &table.rows[row], other);
            found = Some(text);
        }
        row += 1;
    }
    found
}

const fn find_accepted(table: &Table, accepted: usize) -> Option<Text> {
    let row = table.row(table.accepts[accepted]);
    match row.other {
        Some((other, Place::Accepted(place))) if place == accepted && table.excess.is_none() => {
            let mut text = open(table, "S205");
            tell(&mut text, row, other);
            Some(text)
        }
        _ => None,
    }
}

const fn tell(text: &mut Text, row: &Row, other: &MessageInfo) {
    let first = row.message;
    text.push("two message types are called ");
    text.quoted(first.name);
    text.push(" on the wire: ");
    text.quoted(first.declared);
    text.push(" and ");
    text.quoted(other.declared);
    difference(text, first, other);
    text.push("\nremedy: ");
    if same(first.declared, other.declared) {
        text.push("use one version of the crate that declares it");
    } else {
        text.push("share one type, in a crate that both sides use; or give one of them another name, `#[");
        text.push(match other.kind {
            MessageKind::Command => "command",
            MessageKind::Reply => "reply",
            MessageKind::Event => "event",
        });
        text.push("(name = \"..\")]`");
    }
}

const fn difference(text: &mut Text, first: &MessageInfo, other: &MessageInfo) {
    text.push(if first.kind as u8 != other.kind as u8 {
        "; they are of different kinds"
    } else if !have_same_fields(first, other) {
        "; their fields differ"
    } else if first.version != other.version {
        "; their versions differ"
    } else {
        "; they look alike, until one of them is changed"
    });
}
