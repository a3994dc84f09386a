//! JSON Schema from the names of Rust types, the way serde writes them by default.

use serde_json::{Map, Value, json};

use crate::{
    message::{FieldInfo, Form, MessageInfo},
    view::notation,
};

/// The schema of a message's body. Optional fields are not required, types that are not known by name may be anything.
pub(super) fn payload(message: &MessageInfo) -> Value {
    let mut schema = match (message.form, message.fields) {
        (Form::Unit, _) => json!({ "type": "null" }),
        (Form::Tuple, [field]) => of_field(field),
        (Form::Tuple, fields) => tuple(fields.iter().map(of_field).collect()),
        (Form::Named, fields) => object(fields),
        (Form::Strict, fields) => {
            let mut schema = object(fields);
            schema["additionalProperties"] = false.into();
            schema
        }
        (Form::Custom, _) => json!({}),
    };
    schema["title"] = message.name.into();
    schema
}

fn object(fields: &[FieldInfo]) -> Value {
    let required: Vec<_> = fields
        .iter()
        .filter(|field| !field.optional)
        .map(|field| field.key)
        .collect();
    let properties: Map<_, _> = fields
        .iter()
        .map(|field| (field.key.to_owned(), of_field(field)))
        .collect();
    let mut object = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

fn of_field(field: &FieldInfo) -> Value {
    let ty = notation::ty(field.ty);
    match field.with {
        // What it is written as, only that module knows.
        Some(_) => unknown(&ty),
        None => of_type(&ty),
    }
}

fn of_type(ty: &str) -> Value {
    if let Some((name, parameters)) = generic(ty) {
        return of_generic(ty, name, &parameters);
    }
    if let Some(inner) = enclosed(ty, '(', ')') {
        return of_tuple(inner);
    }
    if let Some(inner) = enclosed(ty, '[', ']') {
        return of_array(inner);
    }
    of_name(last_segment(ty)).unwrap_or_else(|| unknown(ty))
}

fn of_name(name: &str) -> Option<Value> {
    Some(match name {
        "bool" => json!({ "type": "boolean" }),
        "String" | "str" => json!({ "type": "string" }),
        "char" => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        "f32" | "f64" => json!({ "type": "number" }),
        "u8" => integer(Some(0), Some(u8::MAX.into())),
        "u16" => integer(Some(0), Some(u16::MAX.into())),
        "u32" => integer(Some(0), Some(u32::MAX.into())),
        "i8" => integer(Some(i8::MIN.into()), Some(i8::MAX.into())),
        "i16" => integer(Some(i16::MIN.into()), Some(i16::MAX.into())),
        "i32" => integer(Some(i32::MIN.into()), Some(i32::MAX.into())),
        "u64" | "u128" | "usize" => integer(Some(0), None),
        "i64" | "i128" | "isize" => integer(None, None),
        _ => return None,
    })
}

fn integer(minimum: Option<i64>, maximum: Option<i64>) -> Value {
    let mut schema = json!({ "type": "integer" });
    if let Some(minimum) = minimum {
        schema["minimum"] = minimum.into();
    }
    if let Some(maximum) = maximum {
        schema["maximum"] = maximum.into();
    }
    schema
}

fn of_generic(ty: &str, name: &str, parameters: &[&str]) -> Value {
    match (name, parameters) {
        ("Option", [inner]) => nullable(of_type(inner)),
        ("Box" | "Arc" | "Rc", [inner]) => of_type(inner),
        ("Cow", [_, inner]) => of_type(inner),
        ("Vec" | "VecDeque" | "LinkedList", [item]) => json!({ "type": "array", "items": of_type(item) }),
        ("HashSet" | "BTreeSet", [item, ..]) => {
            json!({ "type": "array", "items": of_type(item), "uniqueItems": true })
        }
        ("HashMap" | "BTreeMap", [_, value, ..]) => {
            json!({ "type": "object", "additionalProperties": of_type(value) })
        }
        _ => unknown(ty),
    }
}

/// `null` stands for none.
fn nullable(mut schema: Value) -> Value {
    match schema["type"].take() {
        Value::String(ty) => {
            schema["type"] = json!([ty, "null"]);
            schema
        }
        Value::Array(types) => {
            schema["type"] = types.into();
            schema
        }
        // Nothing is known of it, so that it may be null anyhow.
        _ => {
            if let Some(schema) = schema.as_object_mut() {
                schema.remove("type");
            }
            schema
        }
    }
}

fn of_tuple(inner: &str) -> Value {
    match split(inner).as_slice() {
        [] => json!({ "type": "null" }),
        [only] if !inner.trim_end().ends_with(',') => of_type(only),
        items => tuple(items.iter().map(|item| of_type(item)).collect()),
    }
}

fn tuple(items: Vec<Value>) -> Value {
    let count = items.len();
    json!({ "type": "array", "items": items, "minItems": count, "maxItems": count })
}

/// `[T; N]` or `[T]`
fn of_array(inner: &str) -> Value {
    let (item, count) = match inner.rsplit_once("; ") {
        Some((item, count)) => (item, count.parse::<usize>().ok()),
        None => (inner, None),
    };
    let mut schema = json!({ "type": "array", "items": of_type(item) });
    if let Some(count) = count {
        schema["minItems"] = count.into();
        schema["maxItems"] = count.into();
    }
    schema
}

/// Anything, under its name.
fn unknown(ty: &str) -> Value {
    json!({ "title": ty })
}

/// The name and the parameters of a generic type.
fn generic(ty: &str) -> Option<(&str, Vec<&str>)> {
    let (path, parameters) = ty.strip_suffix('>')?.split_once('<')?;
    Some((last_segment(path), split(parameters)))
}

fn enclosed(ty: &str, open: char, close: char) -> Option<&str> {
    ty.strip_prefix(open)?.strip_suffix(close)
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// At the commas that are in no brackets.
fn split(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let items = list.split(|c: char| {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    items.map(str::trim).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_their_ranges() {
        assert_eq!(
            of_type("u8"),
            json!({ "type": "integer", "minimum": 0, "maximum": 255 })
        );
        assert_eq!(of_type("i64"), json!({ "type": "integer" }));
        assert_eq!(of_type("std::string::String"), json!({ "type": "string" }));
        assert_eq!(of_type("()"), json!({ "type": "null" }));
    }

    #[test]
    fn containers_say_what_they_contain() {
        assert_eq!(
            of_type("Vec<Option<u64>>"),
            json!({ "type": "array", "items": { "type": ["integer", "null"], "minimum": 0 } })
        );
        assert_eq!(
            of_type("HashMap<(u8, String), Vec<bool>>"),
            json!({ "type": "object", "additionalProperties": { "type": "array", "items": { "type": "boolean" } } })
        );
        assert_eq!(
            of_type("[f64; 2]"),
            json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 })
        );
        assert_eq!(of_type("Option<Option<char>>")["type"], json!(["string", "null"]));
    }

    #[test]
    fn what_is_not_known_may_be_anything() {
        assert_eq!(of_type("Money<Euro, 2>"), json!({ "title": "Money<Euro, 2>" }));
        assert_eq!(of_type("Option<OrderId>"), json!({ "title": "OrderId" }));
    }
}
