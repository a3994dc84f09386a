//! What the checks could not see, or the data could not say: refused in words.

use syn::{Attribute, Error};

use crate::{
    diagnostics::refusal,
    model::{Model, messages, shown},
};

/// `#[cfg]` on a handler: the graph would have two shapes.
pub(super) fn hidden_handlers(model: &Model<'_>) -> Vec<Error> {
    let attrs = model.written.handlers().flat_map(|handler| &handler.attrs);
    let remedy = "put the whole saga behind `#[cfg(..)]`, or ask `cfg!(..)` within the method";
    let refuse = |attr: &Attribute| {
        refusal(
            attr.path(),
            "a handler cannot be left out by `#[cfg]`: the checks see all or none",
            remedy,
        )
    };
    attrs
        .filter(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))
        .map(refuse)
        .collect()
}

/// A generic saga: there is no one graph, and no one stored name.
pub(super) fn generic_saga(model: &Model<'_>) -> Option<Error> {
    let text = format!("saga `{}` cannot be generic", model.name());
    let remedy = "use concrete types; a saga's data is stored under one name";
    let generics = &model.written.generics;
    is_generic(model).then(|| match generics.params.is_empty() {
        true => refusal(&model.written.saga, &text, remedy),
        false => refusal(&generics.params, &text, remedy),
    })
}

pub(crate) fn is_generic(model: &Model<'_>) -> bool {
    let arguments = model
        .written
        .saga
        .segments
        .iter()
        .any(|segment| !segment.arguments.is_none());
    arguments || !model.written.generics.params.is_empty()
}

/// S103, as far as it can be seen here: two keys for one message, a key for a message that is never heard.
pub(super) fn keys(model: &Model<'_>) -> Vec<Error> {
    let heard = messages(model);
    let keys = &model.written.words.keys;
    let mistake = |(i, key): (usize, &crate::parse::KeyPath)| {
        let (message, saga) = (shown(&key.message), model.name());
        if keys[..i].iter().any(|earlier| earlier.message == key.message) {
            let text = format!("S103: saga `{saga}` says twice where `{message}` has its key");
            return Some(refusal(&key.message, text, "keep one of the two"));
        }
        let complete = model.written.complete && !heard.contains(&&key.message);
        let text =
            format!("S103: no clause of saga `{saga}` names `{message}`, so that its key is never asked for");
        complete.then(|| {
            refusal(
                &key.message,
                text,
                format!("remove `by({message} = ..)`, or handle `{message}`"),
            )
        })
    };
    keys.iter().enumerate().filter_map(mistake).collect()
}
