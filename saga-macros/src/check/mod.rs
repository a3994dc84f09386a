//! Whether what was meant is sound: one function per rule, each looking at the model alone.

mod contradictions;
mod handled;
mod refusals;
mod renamed;
mod shape;
mod states;
#[cfg(test)]
mod tests;

use syn::Error;

use crate::model::{Graph, Model};

/// Every mistake of a saga that can be seen without knowing its contracts.
pub(crate) fn all(model: &Model<'_>) -> Vec<Error> {
    let mut errors = Vec::new();
    errors.extend(refusals::hidden_handlers(model));
    errors.extend(refusals::generic_saga(model));
    errors.extend(refusals::keys(model));
    errors.extend(states::undeclared(model)); // S003
    errors.extend(handled::twice(model)); // S002
    errors.extend(shape::disagreements(model)); // S007
    errors.extend(contradictions::all(model)); // S010
    errors.extend(renamed::all(model));
    errors.extend(shape::asynchronous(model)); // S011
    errors.extend(shape::delays(model)); // S012
    if model.written.complete {
        errors.extend(states::no_start(model)); // S001
    }
    // What follows looks at the states as a graph; with a clause or a state missing, it would accuse the wrong ones.
    let complete = model.written.complete && model.undeclared.is_empty();
    let drawable = complete && states::has_start(model) && states::starts_lead_somewhere(model);
    if drawable {
        let graph = Graph::of(model);
        errors.extend(states::not_entered(model, &graph)); // S004
        errors.extend(states::retired_and_entered(model, &graph)); // S010
        errors.extend(states::waits_for_ever(model, &graph)); // S006
    }
    errors
}

/// The states that nothing leads out of: S005, unless the saga's struct says `endless`, which only rustc can see.
pub(crate) fn traps(model: &Model<'_>) -> Vec<Trap> {
    states::traps(model, &Graph::of(model))
}

pub(crate) use refusals::is_generic;
pub(crate) use states::Trap;
