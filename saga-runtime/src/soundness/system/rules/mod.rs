//! The rules across a system, one per file.

pub mod limits;
pub mod s201;
pub mod s202;
pub mod s203;
pub mod s205;
pub mod s207;

use super::{crowd::Crowd, table::Table};
use crate::{message::MessageInfo, soundness::report::Text};

/// `S201: in `Shop`, `
const fn open(table: &Table, code: &str) -> Text {
    let mut text = Text::new();
    text.push(code);
    text.push(": in ");
    text.quoted(table.name);
    text.push(", ");
    text
}

/// The text so far, ready for one more mistake of the same kind.
const fn next(found: Option<Text>, table: &Table, code: &str) -> Text {
    match found {
        Some(mut text) => {
            text.push("\nand ");
            text
        }
        None => open(table, code),
    }
}

/// The name a message has in code: the last segment of where it is declared.
const fn type_name(message: &MessageInfo) -> &str {
    let bytes = message.declared.as_bytes();
    let mut start = bytes.len();
    while start > 0 && bytes[start - 1] != b':' {
        start -= 1;
    }
    if start == bytes.len() {
        return message.name;
    }
    message.declared.split_at(start).1
}

/// The parts of a crowd, each quoted: "`A`", "`A` and `B`", "`A`, `B` and `C`".
const fn parts(text: &mut Text, table: &Table, crowd: Crowd) {
    let (mut part, mut told) = (0, 0);
    while part < table.parts.len() {
        if crowd.has(part) {
            text.separate(told == 0, if told + 1 == crowd.count() { " and " } else { ", " });
            text.quoted(table.parts[part].name());
            told += 1;
        }
        part += 1;
    }
}
