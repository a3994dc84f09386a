//! Arrays for the server, written as they are gathered: one parameter per column, whatever the number of rows.

use bytes::{BufMut, BytesMut};
use jiff::Timestamp;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::store::row::{micros, micros_up, time};

type AnyError = Box<dyn std::error::Error + Sync + Send>;

/// From 1970 to 2000, where PostgreSQL's time begins, in microseconds.
const EPOCH: i64 = 946_684_800_000_000;

/// One column of rows to be, in the binary format of an array.
#[derive(Debug, Default)]
pub(super) struct Column {
    elements: BytesMut,
    len: i32,
    has_null: bool,
}

impl Column {
    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.len += 1;
        // A body is bounded in `limits`; what exceeds this is refused by the server.
        self.elements
            .put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.elements.put_slice(value);
    }

    pub(super) fn null(&mut self) {
        self.len += 1;
        self.has_null = true;
        self.elements.put_i32(-1);
    }

    pub(super) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    pub(super) fn short(&mut self, value: i16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(super) fn int(&mut self, value: i32) {
        self.bytes(&value.to_be_bytes());
    }

    pub(super) fn long(&mut self, value: i64) {
        self.bytes(&value.to_be_bytes());
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.bytes(&[u8::from(value)]);
    }

    pub(super) fn uuid(&mut self, value: Uuid) {
        self.bytes(value.as_bytes());
    }

    pub(super) fn time(&mut self, value: Timestamp) {
        self.long(micros(value) - EPOCH);
    }

    /// A deadline is never early.
    pub(super) fn due(&mut self, value: Option<Timestamp>) {
        self.option(value, |column, due| column.long(micros_up(due) - EPOCH));
    }

    pub(super) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }
}

impl ToSql for Column {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
        let Kind::Array(element) = ty.kind() else {
            return Err(format!("{ty} is no array").into());
        };
        out.put_i32(i32::from(self.len > 0));
        out.put_i32(i32::from(self.has_null));
        out.put_u32(element.oid());
        if self.len > 0 {
            out.put_i32(self.len);
            out.put_i32(1);
            out.put_slice(&self.elements);
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}

/// A point in time as the server writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) Timestamp);

impl<'a> FromSql<'a> for Time {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, AnyError> {
        Ok(Self(time(i64::from_sql(ty, raw)?.saturating_add(EPOCH))))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

impl ToSql for Time {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
        (micros(self.0) - EPOCH).to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}
