//! What follows from another mistake is silent, and nothing gets lost by that.

use super::{dice::Dice, explored, found};
use crate::soundness::{Exploration, capacity::NONE};

const SAGAS: u64 = 4_000;

/// Random sagas, those with clauses that lead out of compensation among them.
fn each(mut ask: impl FnMut(u64, &mut Exploration)) {
    for seed in 0..SAGAS {
        let mut exploration = explored(Dice(seed).saga(seed % 4 == 0));
        ask(seed, &mut exploration);
    }
}

#[test]
fn whatever_is_refused_is_told_and_nothing_else() {
    let (mut apart, mut together) = (0, 0);
    each(|seed, exploration| {
        let told = found(exploration);
        exploration.apart = true;
        let all = found(exploration);
        assert_eq!(
            told.is_empty(),
            all.is_empty(),
            "seed {seed}: {all:#?} and {told:#?}"
        );
        let codes =
            |texts: &[String]| -> Vec<String> { texts.iter().map(|text| text[..4].to_owned()).collect() };
        assert!(
            told.len() <= all.len(),
            "seed {seed}: {:?} and {:?}",
            codes(&all),
            codes(&told)
        );
        apart += all.len();
        together += told.len();
    });
    println!("{together} reports of {apart} findings");
    assert!(
        together * 10 < apart * 7,
        "{together} reports of {apart} findings"
    );
}

#[test]
fn every_message_that_is_unforeseen_is_told() {
    each(|seed, exploration| {
        let told = found(exploration);
        let model = &exploration.model;
        for input in 0..model.input_count {
            let unforeseen = |place: &usize| {
                let comes = match model.inputs[input].request {
                    NONE => false,
                    request => *place != model.compensate() && exploration.is_open(*place, request.into()),
                };
                comes && !exploration.routes.is_named(*place, input)
            };
            let message = model.message(model.inputs[input].message).name;
            if let Some(place) = (0..=model.end()).find(unforeseen) {
                let place = model.place_name(place);
                let names = |text: &String| {
                    let quoted = |name: &&str| text.contains(&format!("`{name}`"));
                    [message, place].iter().all(quoted)
                };
                assert!(
                    told.iter().any(names),
                    "seed {seed}: {message} in {place}: {told:#?}"
                );
            }
        }
    });
}
