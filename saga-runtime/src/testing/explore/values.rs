//! A value for a message of which only the declaration is known.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::message::{FieldInfo, Form, MessageInfo};

/// The plainest body of a message, where its fields say what that is: nothing, zero, the empty text.
pub(super) fn plain(message: &MessageInfo) -> Option<Bytes> {
    let body = match message.form {
        Form::Named | Form::Strict => Value::Object(fields(message.fields)?),
        Form::Tuple => match message.fields {
            [field] => value(field.ty)?,
            fields => Value::Array(
                fields
                    .iter()
                    .map(|field| value(field.ty))
                    .collect::<Option<_>>()?,
            ),
        },
        Form::Unit => Value::Null,
        Form::Custom => return None,
    };
    Some(body.to_string().into())
}

fn fields(fields: &[FieldInfo]) -> Option<Map<String, Value>> {
    let needed = fields.iter().filter(|field| !field.optional);
    needed
        .map(|field| match field.with {
            Some(_) => None,
            None => Some((field.key.to_owned(), value(field.ty)?)),
        })
        .collect()
}

fn value(ty: &str) -> Option<Value> {
    let ty: String = ty.split_whitespace().collect();
    let name = ty.rsplit("::").next().unwrap_or(&ty);
    match name {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => Some(json!(0)),
        "f32" | "f64" => Some(json!(0.0)),
        "bool" => Some(json!(false)),
        "String" => Some(json!("")),
        "Timestamp" => Some(json!("2027-01-15T08:00:00Z")),
        "Uuid" | "MessageId" => Some(json!("00000000-0000-0000-0000-000000000000")),
        _ if ty.starts_with("Option<") => Some(Value::Null),
        _ if ty.starts_with("Vec<") => Some(json!([])),
        _ => None,
    }
}
