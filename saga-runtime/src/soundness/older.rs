//! What is known of instances of older builds in states that only they are in.
//!
//! Each reply that such a state names may come there, so that its request is taken to be open: one of them at a time, as
//! nobody knows which were open together. Where a reply answers several commands, it may come, and none of them is taken to
//! be open. What a join there awaits may have come together. What `_` names is not known to come.

use super::{
    capacity::NONE,
    model::Model,
    routes::{Route, Routes},
};

/// Whether a retired state names a reply that answers this request and no other.
pub(super) const fn is_asked_in(model: &Model, routes: &Routes, place: usize, request: usize) -> bool {
    let mut input = model.replies_from[request] as usize;
    while input < model.replies_from[request + 1] as usize {
        if routes.is_explicit(place, input) && (routes.is_of(place, input) || is_only(model, input)) {
            return true;
        }
        input += 1;
    }
    false
}

/// The clause that takes a reply there of which it is not clear what it answers.
pub(super) const fn takes_unclear(
    model: &Model,
    routes: &Routes,
    place: usize,
    input: usize,
) -> Option<usize> {
    match routes.route(place, input) {
        Route::Clause(clause)
            if routes.join_of[clause] == NONE
                && routes.is_explicit(place, input)
                && !routes.is_of(place, input)
                && !is_only(model, input) =>
        {
            Some(clause)
        }
        _ => None,
    }
}

/// Whether no other command is answered with the same message.
const fn is_only(model: &Model, input: usize) -> bool {
    let first = model.inputs_of(model.message(model.inputs[input].message));
    model.next_input(first) == 0
}
