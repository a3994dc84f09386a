//! A saga larger than the checks can hold is told so, once.

use super::{Exploration, open};
use crate::soundness::report::Text;

/// Refuses a saga that exceeds one of the [capacities](crate::soundness::capacity).
pub(in crate::soundness) const fn find(exploration: &Exploration) -> Option<Text> {
    let Some(excess) = exploration.excess else {
        return None;
    };
    let mut text = open(exploration, "S100");
    text.push("there are more than ");
    text.number(excess.most as u128);
    text.push(" ");
    text.push(excess.what);
    text.push(", too many to be checked\nremedy: split the saga; a part of it can be a saga of its own, started by a command and awaited by its replies");
    Some(text)
}
