//! Sends: a batch is published at once, and each message is answered when its stream has it.

use async_nats::{
    HeaderMap, HeaderName, HeaderValue,
    connection::State,
    header::NATS_MESSAGE_ID,
    jetstream::{
        self, ErrorCode,
        context::{PublishAckFuture, PublishError, PublishErrorKind},
        message::PublishMessage,
    },
};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::{
    connection::{Connection, PATIENCE, is_absent},
    error::{Failure, is_shortage},
    names::Names,
    topology::stream_info,
};
use crate::{
    envelope::{Address, Envelope},
    transport::{Destination, Outgoing, Sent},
};

/// Sends on one connection.
pub(super) struct Sending<'a> {
    pub(super) connection: &'a Connection,
    pub(super) names: &'a Names,
}

/// Where a message goes on the server.
struct Place {
    stream: String,
    subject: String,
}

impl Sending<'_> {
    /// One answer for each message, in order.
    pub(super) async fn send(&self, batch: &[Outgoing]) -> Vec<Sent> {
        let until = Instant::now() + PATIENCE;
        let mut under_way = Vec::with_capacity(batch.len());
        for outgoing in batch {
            let place = self.place(&outgoing.to);
            let published = self.publish(outgoing, &place, until).await;
            under_way.push((place, published));
        }
        let answers = under_way.into_iter().map(|(place, published)| async move {
            match published {
                Ok(ack) => self.answered(&place, ack).await,
                Err(sent) => sent,
            }
        });
        join_all(answers).await
    }

    fn place(&self, to: &Destination) -> Place {
        let (stream, subject) = match to {
            Destination::Queue(queue) => (self.names.queue_stream(queue), self.names.queue_subject(queue)),
            Destination::Event(event) => (self.names.event_stream(event), self.names.event_subject(event)),
        };
        Place { stream, subject }
    }

    async fn publish(
        &self,
        outgoing: &Outgoing,
        place: &Place,
        until: Instant,
    ) -> Result<PublishAckFuture, Sent> {
        if let Some(refused) = outgoing.refused_over(self.connection.max_body) {
            return Err(refused);
        }
        if self.connection.client.connection_state() != State::Connected {
            return Err(self.unknown("sending", "the connection is lost; it is made again"));
        }
        let message = message(&outgoing.envelope, &place.subject)?;
        let published = self
            .connection
            .jetstream
            .send_publish(place.subject.clone(), message);
        match timeout_at(until, published).await {
            Ok(Ok(ack)) => Ok(ack),
            Ok(Err(error)) => Err(self.not_published(&outgoing.envelope, &error)),
            Err(_) => Err(self.unknown("sending", "the connection takes nothing")),
        }
    }

    fn not_published(&self, envelope: &Envelope, error: &PublishError) -> Sent {
        match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => Sent::Refused(format!(
                "`{}` has a body of {} bytes and headers of {}; together they exceed the `max_payload` of the server",
                envelope.name,
                envelope.body.len(),
                envelope.header_bytes()
            )),
            _ => self.unknown("sending", error),
        }
    }

    async fn answered(&self, place: &Place, ack: PublishAckFuture) -> Sent {
        let answer = tokio::select! {
            answer = ack.into_future() => answer,
            () = self.connection.lost() => return self.unknown(&place.stream, "the connection was lost on the way"),
        };
        match answer {
            Ok(ack) if ack.stream == place.stream || ack.stream == self.names.in_process() => Sent::Accepted,
            Ok(ack) => {
                tracing::warn!(server = %self.connection.server, place.subject, ack.stream, "a stream of others takes what is sent here");
                Sent::NoRoute
            }
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => self.nobody(place).await,
            Err(error) => self.not_accepted(place, &error),
        }
    }

    /// Nobody answered. That a stream is not there is certain only when JetStream says so: it may have no leader for now.
    async fn nobody(&self, place: &Place) -> Sent {
        match stream_info(&self.connection.jetstream, &place.stream).await {
            Err(why) if is_absent(&why) => Sent::NoRoute,
            Ok(_) => self.unknown(&place.stream, "the stream does not answer for now"),
            Err(why) => self.unknown(&place.stream, why),
        }
    }

    fn not_accepted(&self, place: &Place, error: &PublishError) -> Sent {
        let refusal =
            std::error::Error::source(error).and_then(|source| source.downcast_ref::<jetstream::Error>());
        let operation = format!("sending to stream `{}`", place.stream);
        match refusal {
            Some(refusal) if refusal.error_code() == ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => {
                Sent::Refused(format!(
                    "{}: {operation}: the message is larger than its `max_msg_size`",
                    self.connection.server
                ))
            }
            Some(refusal) if is_shortage(refusal.error_code()) => {
                self.unknown(&operation, Failure::Refused(refusal.clone()))
            }
            Some(refusal) => self.unknown(&operation, refusal),
            None => self.unknown(&operation, error),
        }
    }

    fn unknown(&self, operation: &str, why: impl std::fmt::Display) -> Sent {
        Sent::Unknown(format!("{}: {operation}: {why}", self.connection.server))
    }
}

fn message(envelope: &Envelope, subject: &str) -> Result<PublishMessage, Sent> {
    let (headers, body) = envelope.to_wire();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let refused = |why: &dyn std::fmt::Display| {
            Sent::Refused(format!(
                "the header `{name}` of `{}` cannot be sent to `{subject}`: {why}",
                envelope.name
            ))
        };
        let key: HeaderName = name.parse().map_err(|why| refused(&why))?;
        let value: HeaderValue = value.parse().map_err(|why| refused(&why))?;
        map.append(key, value);
    }
    map.insert(NATS_MESSAGE_ID, dedup_id(envelope));
    Ok(PublishMessage::build().payload(body).headers(map))
}

/// By what the server recognises a message that is sent again. A caller who asks again under the same id waits for an
/// answer: that is not the same message sent again, so the time of asking is part of it.
fn dedup_id(envelope: &Envelope) -> String {
    let asked_by_caller = matches!(&envelope.reply_to, Some(Address { instance: None, .. }));
    if asked_by_caller {
        format!("{}/{}", envelope.id, envelope.created_at.as_microsecond())
    } else {
        envelope.id.to_string()
    }
}
