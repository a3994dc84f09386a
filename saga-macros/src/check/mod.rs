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
    errors.extend(states_as_a_graph(model));
    errors
}

/// What looks at the states as a graph; with a clause or a state missing, it would accuse the wrong ones.
fn states_as_a_graph(model: &Model<'_>) -> Vec<Error> {
    let complete = model.written.complete && model.undeclared.is_empty();
    if !(complete && states::has_start(model) && states::starts_lead_somewhere(model)) {
        return contradictions::timer_and_no_timeout(model, &[]); // S010
    }
    let graph = Graph::of(model);
    let (unentered, untimed) = (states::unentered(model, &graph), states::untimed(model, &graph));
    let misplaced = contradictions::timer_and_no_timeout(model, &untimed);
    let mut errors = states::retired_and_entered(model, &graph); // S010
    errors.extend(
        match (misplaced.as_slice(), untimed.as_slice(), unentered.as_slice()) {
            // A timer in the wrong state is told with the state that it is missing in ..
            ([_], [_], _) => states::not_entered(model, &graph, &unentered),
            // .. and a timer that is missing with the state to which it does not lead.
            ([], [waiting], [unentered]) => vec![states::without_way(model, &graph, *waiting, *unentered)],
            _ => {
                let mut errors = states::not_entered(model, &graph, &unentered); // S004
                errors.extend(states::wait_for_ever(model, &graph, &untimed)); // S006
                errors
            }
        },
    );
    errors.extend(misplaced);
    errors
}

/// The states that nothing leads out of: S005, unless the saga's struct says `endless`, which only rustc can see.
pub(crate) fn traps(model: &Model<'_>) -> Vec<Trap> {
    states::traps(model, &Graph::of(model))
}

pub(crate) use refusals::is_generic;
pub(crate) use states::Trap;
