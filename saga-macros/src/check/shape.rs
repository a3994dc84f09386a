//! Whether a method has the shape its clause asks for.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Error, Type};

use crate::{
    diagnostics::refusal,
    model::{Clause, Expected, Model, Receiver, last_name, plain, shown, wait},
    parse::{Trigger, Word},
};

/// S007: a method whose shape differs from what its clause says; one mistake per method.
pub(super) fn disagreements(model: &Model<'_>) -> Vec<Error> {
    let sound = |clause: &&Clause<'_>| clause.handler.signature.asyncness.is_none();
    let shapes = model
        .clauses
        .iter()
        .filter(sound)
        .filter_map(|clause| disagreement(model, clause));
    shapes.chain(shared_decisions(model)).collect()
}

fn disagreement(model: &Model<'_>, clause: &Clause<'_>) -> Option<Error> {
    let expected = Expected::of(clause);
    let (at, what) = receiver(clause, &expected)
        .or_else(|| modifiers(clause))
        .or_else(|| messages(clause, &expected))
        .or_else(|| outcome(clause, &expected))?;
    let text = format!("S007: `{}` of saga `{}` {what}", clause.name(), model.name());
    Some(refusal(
        at,
        text,
        format!("its clause asks for `{}`", expected.signature()),
    ))
}

type Finding = Option<(TokenStream, String)>;

fn receiver(clause: &Clause<'_>, expected: &Expected) -> Finding {
    let written = clause.shape.receiver;
    // A handler that changes nothing may take the saga by `&self`.
    let fits = written == expected.receiver
        || (expected.receiver == Receiver::Exclusive && written == Receiver::Shared);
    if fits {
        return None;
    }
    let what = match (expected.receiver, clause.word()) {
        (Receiver::None, Word::Start) => "starts an instance, so that there is no `self` yet",
        (Receiver::None, _) => "answers in `end`, where there is no `self` any more",
        (Receiver::Shared, _) => "undoes a step, for which it is given `&self`",
        _ => "is given the instance as `&mut self`",
    };
    let signature = &clause.handler.signature;
    let at = signature
        .receiver()
        .map_or_else(|| signature.ident.to_token_stream(), ToTokens::to_token_stream);
    Some((at, what.to_owned()))
}

fn modifiers(clause: &Clause<'_>) -> Finding {
    let signature = &clause.handler.signature;
    if let Some(generic) = signature.generics.params.first() {
        return Some((generic.to_token_stream(), "cannot be generic".to_owned()));
    }
    let abi = signature.abi.as_ref().map(ToTokens::to_token_stream);
    let safety = Some(signature.safety.to_token_stream()).filter(|safety| !safety.is_empty());
    abi.or(safety)
        .map(|at| (at, "is called by the runtime as a plain safe function".to_owned()))
}

fn messages(clause: &Clause<'_>, expected: &Expected) -> Finding {
    let written: Vec<&Type> = clause.shape.messages().collect();
    if let Some(reference) = written.iter().find(|ty| matches!(ty, Type::Reference(_))) {
        return Some((
            reference.to_token_stream(),
            "is given its messages by value".to_owned(),
        ));
    }
    let (asked, taken) = (expected.messages.len(), written.len());
    let ident = clause.name().to_token_stream();
    match written.get(asked) {
        Some(more) => Some((
            more.to_token_stream(),
            format!("takes `{}`, which its clause does not name", shown(more)),
        )),
        None if taken < asked => {
            let missing = expected.messages.get(taken).map(plain).unwrap_or_default();
            Some((
                ident,
                format!("does not take `{missing}`, which its clause gives it"),
            ))
        }
        None => None,
    }
}

/// Only what is visibly wrong: a type may have several names, which rustc knows and we do not.
fn outcome(clause: &Clause<'_>, expected: &Expected) -> Finding {
    let asked = &expected.outcome;
    if clause.is_labelled() && clause.shape.label_enum(clause.word()).is_none() {
        let what =
            "decides between labelled outcomes, for which it returns an enum that the macro writes: name it";
        return Some((returned(clause), what.to_owned()));
    }
    let says = || {
        let asked = plain(&expected.outcome_type());
        format!("but its clause says `{asked}`")
    };
    match clause.shape.outcome {
        None if !asked.is_empty() => Some((returned(clause), format!("returns nothing, {}", says()))),
        Some(Type::Tuple(tuple)) if tuple.elems.len() != asked.len() => {
            let count = counted(tuple.elems.len());
            Some((returned(clause), format!("returns {count}, {}", says())))
        }
        Some(one @ Type::Path(_)) if asked.len() != 1 && (asked.is_empty() || is_one_of(one, asked)) => {
            Some((
                returned(clause),
                format!("returns `{}` alone, {}", shown(one), says()),
            ))
        }
        Some(hidden @ Type::ImplTrait(_)) => Some((
            hidden.to_token_stream(),
            format!("hides what it returns, {}", says()),
        )),
        _ => None,
    }
}

fn counted(values: usize) -> String {
    match values {
        0 => "nothing".to_owned(),
        1 => "one value".to_owned(),
        n => format!("{n} values"),
    }
}

/// The return type for the caret, or the method's name where there is none.
fn returned(clause: &Clause<'_>) -> TokenStream {
    clause
        .shape
        .returns
        .map_or_else(|| clause.name().to_token_stream(), ToTokens::to_token_stream)
}

/// Whether a return type is visibly one of the several that are asked for.
fn is_one_of(ty: &Type, asked: &[TokenStream]) -> bool {
    let name = last_name(ty);
    let asked = asked
        .iter()
        .filter_map(|asked| syn::parse2::<Type>(asked.clone()).ok());
    name.is_some() && asked.into_iter().any(|asked| last_name(&asked) == name)
}

/// S007: two handlers that decide by one enum, but between different outcomes.
fn shared_decisions(model: &Model<'_>) -> Vec<Error> {
    let labelled: Vec<_> = model
        .clauses
        .iter()
        .filter(|clause| clause.is_labelled())
        .collect();
    let mistake = |(i, clause): (usize, &&Clause<'_>)| {
        let name = clause.shape.label_enum(clause.word())?;
        let same_name = |other: &&&Clause<'_>| other.shape.label_enum(other.word()) == Some(name);
        let first = labelled[..i].iter().find(same_name)?;
        let text = format!(
            "S007: `{name}` already names what `{}` decides between, and `{}` has other outcomes",
            first.name(),
            clause.name()
        );
        (!same_variants(first, clause)).then(|| refusal(name, text, "give the enum another name here"))
    };
    labelled.iter().enumerate().filter_map(mistake).collect()
}

fn same_variants(one: &Clause<'_>, other: &Clause<'_>) -> bool {
    let variants = |clause: &Clause<'_>| {
        let variant = |branch: &crate::model::Branch<'_>| {
            (branch.written.label.clone(), branch.written.effects.clone())
        };
        clause.branches.iter().map(variant).collect::<Vec<_>>()
    };
    variants(one) == variants(other)
}

/// S011: a handler that would wait, where it should only decide.
pub(super) fn asynchronous(model: &Model<'_>) -> Vec<Error> {
    let awaits = |clause: &Clause<'_>| {
        let keyword = clause.handler.signature.asyncness?;
        let text = format!(
            "S011: `{}` of saga `{}` is async: a saga's handlers decide, they do not wait",
            clause.name(),
            model.name()
        );
        Some(refusal(
            keyword,
            text,
            "remove `async`; send a command to a service, which does the I/O, and handle its reply",
        ))
    };
    model.clauses.iter().filter_map(awaits).collect()
}

/// S012: a delay that says no time.
pub(super) fn delays(model: &Model<'_>) -> Vec<Error> {
    let bad = |clause: &Clause<'_>| {
        let Trigger::Delay(delay) = clause.trigger else {
            return None;
        };
        let what = wait(delay).err()?;
        let remedy = "write a whole number and `ms`, `s`, `min`, `h` or `d`, as in `30 min`, or the path of a `Duration` constant";
        Some(refusal(delay, format!("S012: {what}"), remedy))
    };
    model.clauses.iter().filter_map(bad).collect()
}
