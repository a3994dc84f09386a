//! Messages sent from transactions of the user's own.

use std::fmt::Write as _;

use serde_json::json;

use super::{Postgres, error::Fault};
use crate::{
    Error, ErrorKind,
    store::{
        Sending, Statement,
        row::{wait_code, write_head},
    },
};

impl Postgres {
    /// A call of the schema's own function, which any user may make who may write to its tables.
    pub(super) fn statement_of(&self, sending: &Sending) -> Result<Statement, Error> {
        let envelope = &sending.envelope;
        let consumer = sending.inbox.as_ref().map(|entry| &*entry.consumer);
        let texts = sending.queues.iter().map(|queue| &**queue).chain(consumer);
        if let Some(text) = texts.chain([&*envelope.name]).find(|text| text.contains('\0')) {
            let why = format!("PostgreSQL keeps no text with a NUL character, and {text:?} has one");
            return Err(Error::new(ErrorKind::Limit, why));
        }
        let mut head = Vec::new();
        write_head(envelope, &mut head)
            .map_err(|error| self.explain(Fault::Row(error), "write a message"))?;
        let parameter = json!({
            "id": envelope.id.0,
            "consumer": consumer,
            "retention": self.common.member.retention(),
            "wait": wait_code(sending.wait),
            "queues": sending.queues,
            "name": envelope.name,
            "version": envelope.version,
            "head": hex(&head),
            "body": hex(&envelope.body),
        });
        let sql = format!("SELECT {}.send_1($1)", self.common.address.quoted_schema());
        Ok(Statement::new(sql, parameter.to_string(), envelope.id))
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = String::with_capacity(2 * bytes.len());
    bytes.iter().fold(digits, |mut digits, byte| {
        // Writing to a string succeeds.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
