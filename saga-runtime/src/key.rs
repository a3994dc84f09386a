//! The correlation key as text: what finds the instance a message is for.

use std::{fmt, sync::Arc};

use serde::{Serialize, ser};

use crate::error::HandlerError;

/// The most a key may measure as text, in bytes.
pub const MAX_KEY_BYTES: usize = 512;

/// A correlation key as text.
///
/// Anything serde writes as a scalar is a key: a string, a number, a UUID, a newtype of one; a tuple makes a composite,
/// its parts joined by `/` (with `/` and `\` inside a part escaped by `\`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The key that `value` spells; `Err` if it is not a scalar (or tuple of scalars), empty, or too long.
    pub fn of<K: Serialize + ?Sized>(value: &K) -> Result<Self, HandlerError> {
        let mut text = KeyText::default();
        value
            .serialize(&mut text)
            .map_err(|error| HandlerError::new(error.to_string()))?;
        match text.written.len() {
            0 => Err(HandlerError::new("the correlation key is empty")),
            1..=MAX_KEY_BYTES => Ok(Self(text.written.into())),
            n => Err(HandlerError::over_limit(format!(
                "the correlation key has {n} bytes; at most {MAX_KEY_BYTES} are allowed"
            ))),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Key> for Arc<str> {
    fn from(key: Key) -> Self {
        key.0
    }
}

/// Writes scalars as text; in a tuple, parts are escaped and joined.
#[derive(Default)]
struct KeyText {
    written: String,
    in_tuple: bool,
    parts: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("a correlation key must be a scalar or a tuple of scalars: {0}")]
struct NotAKey(String);

impl ser::Error for NotAKey {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string())
    }
}

impl KeyText {
    fn part(&mut self, text: &str) -> Result<(), NotAKey> {
        if !self.in_tuple {
            self.written.push_str(text);
            return Ok(());
        }
        if self.parts > 0 {
            self.written.push('/');
        }
        self.parts += 1;
        for c in text.chars() {
            if matches!(c, '/' | '\\') {
                self.written.push('\\');
            }
            self.written.push(c);
        }
        Ok(())
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty)),*) => {
        $(fn $method(self, value: $type) -> Result<(), NotAKey> {
            self.part(&value.to_string())
        })*
    };
}

fn not_a_key<T>(what: &str) -> Result<T, NotAKey> {
    Err(NotAKey(format!("got {what}")))
}

impl<'a> ser::Serializer for &'a mut KeyText {
    type Ok = ();
    type Error = NotAKey;
    type SerializeSeq = ser::Impossible<(), NotAKey>;
    type SerializeTuple = &'a mut KeyText;
    type SerializeTupleStruct = ser::Impossible<(), NotAKey>;
    type SerializeTupleVariant = ser::Impossible<(), NotAKey>;
    type SerializeMap = ser::Impossible<(), NotAKey>;
    type SerializeStruct = ser::Impossible<(), NotAKey>;
    type SerializeStructVariant = ser::Impossible<(), NotAKey>;

    scalars!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_i128(i128),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_u128(u128),
        serialize_char(char)
    );

    fn serialize_str(self, value: &str) -> Result<(), NotAKey> {
        self.part(value)
    }

    fn serialize_f32(self, _: f32) -> Result<(), NotAKey> {
        not_a_key("a floating-point number")
    }

    fn serialize_f64(self, _: f64) -> Result<(), NotAKey> {
        not_a_key("a floating-point number")
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), NotAKey> {
        not_a_key("bytes")
    }

    fn serialize_none(self) -> Result<(), NotAKey> {
        not_a_key("None")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotAKey> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), NotAKey> {
        not_a_key("()")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), NotAKey> {
        not_a_key(name)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NotAKey> {
        self.part(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotAKey> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotAKey> {
        not_a_key(name)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, NotAKey> {
        not_a_key("a sequence")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, NotAKey> {
        if self.in_tuple {
            return not_a_key("a tuple within a tuple");
        }
        self.in_tuple = true;
        Ok(self)
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, NotAKey> {
        not_a_key(name)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotAKey> {
        not_a_key(name)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, NotAKey> {
        not_a_key("a map")
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, NotAKey> {
        not_a_key(name)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotAKey> {
        not_a_key(name)
    }
}

impl ser::SerializeTuple for &mut KeyText {
    type Ok = ();
    type Error = NotAKey;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotAKey> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), NotAKey> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct OrderId(String);

    fn key(value: impl Serialize) -> Result<String, String> {
        Key::of(&value)
            .map(|key| key.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn scalars_and_newtypes_of_scalars_are_keys() {
        assert_eq!(key(42_u64).as_deref(), Ok("42"));
        assert_eq!(key(OrderId("A/1".into())).as_deref(), Ok("A/1"));
    }

    #[test]
    fn parts_of_a_composite_cannot_run_into_each_other() {
        assert_ne!(key(("a/b", "c")), key(("a", "b/c")));
        assert_eq!(key(("a/b", 7)).as_deref(), Ok(r"a\/b/7"));
    }

    #[test]
    fn what_is_no_scalar_is_refused_in_words() {
        assert!(key(vec![1]).is_err_and(|text| text.contains("got a sequence")));
        assert!(key(1.5).is_err_and(|text| text.contains("floating-point")));
        assert!(key("").is_err_and(|text| text.contains("empty")));
        assert!(key("x".repeat(513)).is_err_and(|text| text.contains("513 bytes")));
    }
}
