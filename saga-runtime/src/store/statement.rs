//! Sending from a transaction of the user's own, on a connection of the user's own.

use std::sync::Arc;

use super::{InboxEntry, Wait};
use crate::envelope::{Envelope, MessageId};

/// A message as a statement for a transaction of your own, on a connection of your own to the store's database: it is
/// sent when that transaction commits, and never if it does not.
///
/// Made by the `statement` of [`Bus::send`](crate::Bus::send) and [`Bus::publish`](crate::Bus::publish). Any client can run it: it has one
/// parameter, a text. Its one row says in its one column whether the message is new: under an [id](crate::bus::Send::id)
/// that was seen before, nothing is sent.
///
/// With PostgreSQL, whoever runs it needs few rights in the store's schema, `saga` unless said otherwise:
///
/// ```sql
/// GRANT USAGE ON SCHEMA saga TO web;
/// GRANT USAGE ON SEQUENCE saga.message_block TO web;
/// GRANT INSERT ON saga.message TO web;
/// GRANT SELECT, INSERT, UPDATE ON saga.inbox TO web; -- for messages to which an id was given
/// ```
///
#[cfg_attr(feature = "postgres", doc = "```no_run")]
#[cfg_attr(not(feature = "postgres"), doc = "```ignore")]
/// # use saga_runtime::{Bus, Error, envelope::MessageId, prelude::*, store::tokio_postgres::Client};
/// # #[derive(Endpoint)]
/// # struct Sales;
/// # #[derive(Command, Serialize, Deserialize)]
/// # #[command(to = Sales)]
/// # struct PlaceOrder { order: String }
/// # async fn place(bus: &Bus, client: &mut Client) -> Result<(), Box<dyn std::error::Error>> {
/// let transaction = client.transaction().await?;
/// transaction.execute("INSERT INTO cart (id, ordered) VALUES ($1, true)", &[&"A1"]).await?;
/// let sending = bus.send(PlaceOrder { order: "A1".into() }).statement()?;
/// transaction.query_one(&sending.sql, &[&sending.parameter]).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// What is run, with `$1` for the parameter.
    pub sql: String,
    /// Its parameter.
    pub parameter: String,
    /// The message's id.
    pub id: MessageId,
}

impl Statement {
    /// For authors of stores.
    pub fn new(sql: String, parameter: String, id: MessageId) -> Self {
        Self { sql, parameter, id }
    }
}

/// A message that [`Store::statement`](super::Store::statement) is to send.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The message.
    pub envelope: Arc<Envelope>,
    /// One row for each, not assigned to a consumer; with [`Wait::Relay`], the destinations at the broker.
    pub queues: Vec<Arc<str>>,
    /// [`Wait::Ready`] or [`Wait::Relay`].
    pub wait: Wait,
    /// Nothing is sent if this is recorded already.
    pub inbox: Option<InboxEntry>,
}
