//! A system larger than the checks can hold is told so, once.

use super::open;
use crate::soundness::{
    report::{Text, refuse},
    system::table::{MESSAGES, PARTS, Table},
};

/// Refuses a system of more than [`PARTS`] sagas and services or [`MESSAGES`] messages.
#[track_caller]
pub const fn system(table: &Table) {
    refuse(find(table));
}

pub(in crate::soundness) const fn find(table: &Table) -> Option<Text> {
    let Some(what) = table.excess else {
        return None;
    };
    let mut text = open(table, "S200");
    text.push("there are too many ");
    text.push(what);
    text.push(" to be checked: at most ");
    text.number(PARTS as u128);
    text.push(" sagas and services, and ");
    text.number(MESSAGES as u128);
    text.push(" messages\nremedy: split the system; what one half sends to the other is `remote(..)` here and in `accepts(..)` there");
    Some(text)
}
