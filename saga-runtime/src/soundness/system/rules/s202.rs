//! S202: a command that is taken twice.

use super::{next, parts, type_name};
use crate::{
    message::MessageKind,
    soundness::{
        report::{Text, refuse},
        system::table::{Row, Table},
    },
};

/// Checks what a part is the second to take.
#[track_caller]
pub const fn part(table: &Table, part: usize) {
    refuse(find(table, part));
}

const fn find(table: &Table, part: usize) -> Option<Text> {
    let mut found: Option<Text> = None;
    let mut row = 0;
    while row < table.count {
        let at = &table.rows[row];
        if table.excess.is_none() && at.is(MessageKind::Command) && at.takers.is_second(part) {
            let mut text = next(found, table, "S202");
            tell(&mut text, table, at);
            found = Some(text);
        }
        row += 1;
    }
    found
}

const fn tell(text: &mut Text, table: &Table, row: &Row) {
    text.quoted(type_name(row.message));
    text.push(" is taken by ");
    parts(text, table, row.takers);
    text.push(", but a command is done once\nremedy: keep one of the handlers; what several parts should hear of is an event, `#[derive(Event)]`");
}
