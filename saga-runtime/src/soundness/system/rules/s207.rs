//! S207: a command with replies that more than one saga sends.

use super::{next, parts, type_name};
use crate::{
    message::MessageKind,
    soundness::{
        report::{Text, refuse},
        system::{
            crowd::Crowd,
            table::{Row, Table},
        },
    },
    system::Part,
};

/// Checks what a part is the second saga to send.
#[track_caller]
pub const fn part(table: &Table, part: usize) {
    refuse(find(table, part));
}

const fn find(table: &Table, part: usize) -> Option<Text> {
    let mut found: Option<Text> = None;
    let mut row = 0;
    while table.excess.is_none() && row < table.count {
        let at = &table.rows[row];
        if at.senders.has(part) && is_asked_for(at) {
            let sagas = sagas(table, at.senders);
            if sagas.is_second(part) {
                let mut text = next(found, table, "S207");
                tell(&mut text, table, at, sagas);
                found = Some(text);
            }
        }
        row += 1;
    }
    found
}

const fn is_asked_for(row: &Row) -> bool {
    row.is(MessageKind::Command) && row.message.wants_reply() && !row.shared
}

const fn sagas(table: &Table, crowd: Crowd) -> Crowd {
    let mut sagas = Crowd::NOBODY;
    let mut part = 0;
    while part < table.parts.len() {
        if crowd.has(part) && matches!(table.parts[part], Part::Saga(_)) {
            sagas.add(part);
        }
        part += 1;
    }
    sagas
}

const fn tell(text: &mut Text, table: &Table, row: &Row, sagas: Crowd) {
    let name = type_name(row.message);
    parts(text, table, sagas);
    text.push(if sagas.count() == 2 {
        " both send "
    } else {
        " all send "
    });
    text.quoted(name);
    text.push(" and await its answer, so that one thing may be done twice\nremedy: let one of them ask and tell the other by an event; or, if each asks for something of its own, say `shared(");
    text.push(name);
    text.push(")`");
}
