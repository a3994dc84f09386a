//! Whether a body written with the old fields can be read with the new ones, as serde reads JSON.

use super::{
    compare::Found,
    facts::{Field, Shape},
};

/// The fields of one version, and how they make a body.
pub(super) struct Layout<'a> {
    /// `None`: an object.
    pub(super) form: Option<Shape>,
    pub(super) strict: bool,
    pub(super) fields: Vec<&'a Field>,
}

/// Reports what cannot be read.
pub(super) fn compare(subject: &str, old: &Layout<'_>, new: &Layout<'_>, version: u32, found: &mut Found) {
    let next = version + 1;
    let upgrade = format!("raise the version: `version = {next}, upgrade({version} = ..)`");
    if old.form != new.form || (old.form == Some(Shape::Tuple) && !same_length(old, new)) {
        found.refuse(
            format!(
                "{subject}: what is stored or under way has another form: {}, now {}",
                form(old),
                form(new)
            ),
            upgrade,
        );
        return;
    }
    for field in &new.fields {
        match old.fields.iter().find(|old| reads(field, old)) {
            Some(old) => changed(subject, old, field, &upgrade, found),
            None if !field.optional => found.refuse(
                format!("{subject}: field `{}: {}` was added, and what is stored or under way has none", field.key, field.ty),
                format!("make it an `Option`, or write `#[serde(default)]` on it; if it was only renamed, `#[serde(alias = \"old_name\")]`; or {upgrade}"),
            ),
            None => {}
        }
    }
    for field in &old.fields {
        if !new.fields.iter().any(|new| reads(new, field)) {
            removed(subject, field, new.strict, &upgrade, found);
        }
    }
}

/// A newtype is the value it wraps; a list may only grow by what has a default.
fn same_length(old: &Layout<'_>, new: &Layout<'_>) -> bool {
    let (before, after) = (old.fields.len(), new.fields.len());
    before == after || (before > 1 && before < after)
}

fn form(layout: &Layout<'_>) -> String {
    match (layout.form, layout.fields.len()) {
        (None, _) => "an object".into(),
        (Some(Shape::Tuple), 1) => "the value it wraps".into(),
        (Some(Shape::Tuple), length) => format!("a list of {length}"),
        (Some(Shape::Unit), _) => "nothing".into(),
        (Some(_), _) => "what serde's attributes make of it".into(),
    }
}

/// Whether `new` takes its value from `old`.
fn reads(new: &Field, old: &Field) -> bool {
    new.key == old.key || new.aliases.contains(&old.key)
}

fn changed(subject: &str, old: &Field, new: &Field, upgrade: &str, found: &mut Found) {
    let key = &old.key;
    if old.with != new.with {
        let with = |field: &Field| field.with.clone().unwrap_or_else(|| "its type".into());
        let what = format!(
            "{subject}: field `{key}` was written by `{}`, now by `{}`",
            with(old),
            with(new)
        );
        found.refuse(what, same_or(upgrade));
    } else if !widens(&old.ty, &new.ty) {
        let what = format!("{subject}: field `{key}` was `{}` and is `{}`", old.ty, new.ty);
        found.refuse(what, same_or(upgrade));
    } else if old.optional && !new.optional {
        let what = format!(
            "{subject}: field `{key}` may be missing in what is stored or under way, and is needed now"
        );
        found.refuse(what, format!("write `#[serde(default)]` on it, or {upgrade}"));
    } else if old.key != new.key {
        found.remarks.push(format!(
            "{subject}: older builds running beside this one do not find `{key}` in what this one writes as `{}`",
            new.key
        ));
    }
}

/// What is written may be the same under another type's name, which cannot be seen here.
fn same_or(upgrade: &str) -> String {
    format!("{upgrade}; if it is written in the same way all the same, `SAGA_LOCK=overwrite`")
}

fn removed(subject: &str, field: &Field, strict: bool, upgrade: &str, found: &mut Found) {
    let key = &field.key;
    if strict {
        let what = format!(
            "{subject}: field `{key}` is gone, and `deny_unknown_fields` refuses what is stored or under way with it"
        );
        found.refuse(what, format!("remove `deny_unknown_fields`, or {upgrade}"));
    } else if !field.optional {
        found.remarks.push(format!(
            "{subject}: older builds running beside this one need `{key}`, which this one does not write; to keep them from it, {upgrade}"
        ));
    }
}

/// Whether every `old` in JSON is a `new`.
pub(super) fn widens(old: &str, new: &str) -> bool {
    let (old, new) = (value(old), value(new));
    let option = ["Option<", "std::option::Option<", "core::option::Option<"];
    let inside = option
        .iter()
        .find_map(|option| new.strip_prefix(option)?.strip_suffix('>'));
    old == new || inside.is_some_and(|inside| widens(old, inside)) || is_wider_number(old, new)
}

/// The type whose value is written: pointers are not seen in a body.
fn value(ty: &str) -> &str {
    let inside = ["Box<", "Arc<", "Rc<"]
        .iter()
        .find_map(|pointer| ty.strip_prefix(pointer)?.strip_suffix('>'));
    inside.map_or(ty, value)
}

fn is_wider_number(old: &str, new: &str) -> bool {
    let bits = |ty: &str| ty.get(1..).and_then(|bits| bits.parse::<u32>().ok());
    let (Some(before), Some(after)) = (bits(old), bits(new)) else {
        return false;
    };
    match (old.as_bytes().first(), new.as_bytes().first()) {
        (Some(b'u'), Some(b'u')) | (Some(b'i'), Some(b'i')) | (Some(b'u'), Some(b'i')) => before < after,
        (Some(b'f'), Some(b'f')) => before <= after,
        _ => false,
    }
}
