//! What never meets need not be mixed: inputs whose instances share nothing are explored apart.

use super::{
    input::Input,
    parts::{Parts, Taker},
};
use crate::{
    definition::{Effect, Verb},
    store::InstanceId,
};

/// Whether some saga or service here sends or publishes what a saga here takes.
pub(in crate::testing) fn talk(parts: &Parts) -> bool {
    let sagas = parts.sagas.iter().flat_map(|saga| saga.definition().clauses);
    let of_sagas = sagas
        .flat_map(|clause| clause.branches)
        .flat_map(|branch| branch.effects);
    let services = parts
        .services
        .iter()
        .flat_map(|service| service.definition.handlers);
    let of_services = services.flat_map(|handler| handler.effects);
    of_sagas.chain(of_services).any(|effect| is_heard(parts, effect))
}

fn is_heard(parts: &Parts, effect: &Effect) -> bool {
    let is_saga = |taker: &Taker| matches!(taker, Taker::Saga(_));
    match effect.verb {
        Verb::Send => {
            let endpoint = effect.message.endpoint.unwrap_or_default();
            parts
                .taker(endpoint, effect.message.name)
                .is_some_and(|taker| is_saga(&taker))
        }
        Verb::Publish => parts.subscribers(effect.message.name).iter().any(is_saga),
        Verb::Reply => false,
    }
}

/// The inputs that are for the same instances, together.
pub(in crate::testing) fn groups<'i>(parts: &Parts, inputs: &'i [Input]) -> Vec<Vec<&'i Input>> {
    let mut groups: Vec<(Vec<InstanceId>, Vec<&'i Input>)> = Vec::new();
    for input in inputs {
        let mut ids = instances(parts, input);
        let mut members = Vec::new();
        groups.retain_mut(|(others, inputs)| {
            let apart = !others.iter().any(|id| ids.contains(id));
            if !apart {
                ids.append(others);
                members.append(inputs);
            }
            apart
        });
        members.push(input);
        groups.push((ids, members));
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

/// Who takes an input.
pub(in crate::testing) fn takers(parts: &Parts, input: &Input) -> Vec<Taker> {
    match input.endpoint {
        Some(endpoint) => parts.taker(endpoint, &input.envelope.name).into_iter().collect(),
        None => parts.subscribers(&input.envelope.name),
    }
}

fn instances(parts: &Parts, input: &Input) -> Vec<InstanceId> {
    let takers = takers(parts, input);
    let ids = takers.into_iter().filter_map(|taker| match taker {
        Taker::Saga(saga) => parts.sagas[saga].engine.instance_of(&input.envelope).ok(),
        Taker::Service(_) | Taker::Declared => None,
    });
    ids.map(|(id, _)| id).collect()
}
