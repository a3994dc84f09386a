//! What was written. Tolerant: keeps whatever was read before a mistake, together with the mistake.

mod clause;

pub(crate) use clause::{
    Arity, Branch, Effect, Item, Place, Target, Verb, branches, effects, message, places, wrapped,
};
