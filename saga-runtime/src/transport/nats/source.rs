//! One consumer on the server, and the request for messages that is under way to it.

use std::time::Duration;

use async_nats::{StatusCode, jetstream::consumer};
use serde_json::json;
use tokio::time::Instant;

use crate::transport::Flow;

/// How long the server keeps a request for messages that it has none for.
const EXPIRES: Duration = Duration::from_secs(5);

/// A request that was not answered so long after it ran out is lost, with the connection or the server.
const GRACE: Duration = Duration::from_secs(1);

/// The pause after a refusal that says nothing of messages.
const REST: Duration = Duration::from_millis(250);

/// What the server counts beside the body of a message: subject, headers, and its own.
const BESIDE_BODY: usize = 1_024;

/// A consumer that a receiver takes from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) stream: String,
    pub(super) consumer: String,
    /// The part of the receiver's flow.
    share: Flow,
    request: Option<Request>,
    requests: u64,
    /// Received and not settled.
    holding: Flow,
    /// The place in the stream up to which all is to be settled for the receiver to have caught up.
    goal: Option<u64>,
    /// The next message does not fit beside what is held.
    is_too_large: bool,
    rests_until: Option<Instant>,
}

#[derive(Debug)]
struct Request {
    number: u64,
    left: usize,
    lost_at: Instant,
}

/// What to ask the server for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) number: u64,
    pub(super) payload: Vec<u8>,
}

impl Source {
    pub(super) fn new(info: &consumer::Info, share: Flow) -> Self {
        Self {
            stream: info.stream_name.clone(),
            consumer: info.name.clone(),
            share,
            request: None,
            requests: 0,
            holding: Flow {
                messages: 0,
                bytes: 0,
            },
            goal: None,
            is_too_large: false,
            rests_until: None,
        }
    }

    /// What to ask for now, if anything. It is under way once [`asked`](Self::asked).
    pub(super) fn wants(&self, now: Instant) -> Option<Ask> {
        let rests = self.rests_until.is_some_and(|until| until > now);
        if self.request.is_some() || rests {
            return None;
        }
        let messages = self.share.messages.saturating_sub(self.holding.messages);
        let bytes = self.share.bytes.saturating_sub(self.holding.bytes);
        let holds_nothing = self.holding.messages == 0;
        if !holds_nothing && (messages == 0 || bytes == 0 || self.is_too_large) {
            return None;
        }
        let mut payload = json!({ "batch": messages.max(1), "expires": nanoseconds(EXPIRES) });
        if self.is_too_large {
            // One message always fits.
            payload["batch"] = json!(1);
        } else {
            payload["max_bytes"] = json!(bytes.saturating_add(messages.saturating_mul(BESIDE_BODY)));
        }
        Some(Ask {
            number: self.requests + 1,
            payload: payload.to_string().into_bytes(),
        })
    }

    pub(super) fn asked(&mut self, ask: &Ask, now: Instant) {
        self.requests = ask.number;
        self.rests_until = None;
        self.request = Some(Request {
            number: ask.number,
            left: self.share.messages.saturating_sub(self.holding.messages).max(1),
            lost_at: now + EXPIRES + GRACE,
        });
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.holding.messages += 1;
        self.holding.bytes += bytes;
        let Some(request) = &mut self.request else {
            return;
        };
        request.left = request.left.saturating_sub(1);
        if request.left == 0 || self.is_too_large {
            self.is_too_large = false;
            self.request = None;
        }
    }

    pub(super) fn settled(&mut self, bytes: usize) {
        self.holding.messages = self.holding.messages.saturating_sub(1);
        self.holding.bytes = self.holding.bytes.saturating_sub(bytes);
    }

    /// The server ended a request. `Err` says that the consumer is not there any more.
    pub(super) fn ended(
        &mut self,
        number: u64,
        status: StatusCode,
        description: &str,
        now: Instant,
    ) -> Result<(), String> {
        if self
            .request
            .as_ref()
            .is_none_or(|request| request.number != number)
        {
            return Ok(());
        }
        match status {
            StatusCode::IDLE_HEARTBEAT => return Ok(()),
            StatusCode::NOT_FOUND | StatusCode::TIMEOUT => {}
            StatusCode::NO_RESPONDERS => return Err("nobody answers for it".to_owned()),
            _ if description.contains("Deleted") => return Err(description.to_owned()),
            _ if description.contains("MaxBytes") => self.is_too_large = true,
            _ => self.rests_until = Some(now + REST),
        }
        self.request = None;
        Ok(())
    }

    /// Whether the server must be asked up to where the stream reaches.
    pub(super) fn has_no_goal(&self) -> bool {
        self.goal.is_none()
    }

    /// What the stream has accepted up to this place is to be settled.
    pub(super) fn aims_at(&mut self, last: u64) {
        self.goal = Some(last);
    }

    /// Whether it is, whoever had it in hand.
    pub(super) fn has_reached_goal(&self, info: &consumer::Info) -> bool {
        let nothing_is_open = info.num_pending == 0 && info.num_ack_pending == 0;
        nothing_is_open
            || self
                .goal
                .is_some_and(|goal| info.ack_floor.stream_sequence >= goal)
    }

    pub(super) fn forget_goal(&mut self) {
        self.goal = None;
    }

    /// The connection was lost, and with it what was asked.
    pub(super) fn forget_request(&mut self) {
        self.request = None;
    }

    pub(super) fn forget_lost_request(&mut self, now: Instant) {
        self.request.take_if(|request| request.lost_at <= now);
    }

    /// When to look again although nothing came.
    pub(super) fn looks_again_at(&self) -> Option<Instant> {
        let lost_at = self.request.as_ref().map(|request| request.lost_at);
        lost_at.into_iter().chain(self.rests_until).min()
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn source(messages: usize, bytes: usize) -> Source {
        Source {
            stream: "s".into(),
            consumer: "c".into(),
            share: Flow { messages, bytes },
            request: None,
            requests: 0,
            holding: Flow {
                messages: 0,
                bytes: 0,
            },
            goal: None,
            is_too_large: false,
            rests_until: None,
        }
    }

    fn ask(source: &mut Source) -> Option<serde_json::Value> {
        let now = Instant::now();
        let ask = source.wants(now)?;
        source.asked(&ask, now);
        serde_json::from_slice(&ask.payload).ok()
    }

    #[tokio::test]
    async fn no_more_is_asked_for_than_the_flow_has_room_for() {
        let mut source = source(3, 1_000);
        assert_eq!(ask(&mut source).unwrap()["batch"], 3);
        assert!(ask(&mut source).is_none(), "one request at a time");
        for _ in 0..3 {
            source.received(100);
        }
        assert!(ask(&mut source).is_none(), "the flow is full");
        source.settled(100);
        assert_eq!(ask(&mut source).unwrap()["batch"], 1);
    }

    #[tokio::test]
    async fn a_message_that_does_not_fit_waits_until_it_is_alone() {
        let mut source = source(3, 1_000);
        ask(&mut source).unwrap();
        source.received(900);
        let end = source.ended(
            1,
            StatusCode::REQUEST_TERMINATED,
            "Message Size Exceeds MaxBytes",
            Instant::now(),
        );
        assert_eq!(end, Ok(()));
        assert!(ask(&mut source).is_none());
        source.settled(900);
        let alone = ask(&mut source).unwrap();
        assert_eq!((&alone["batch"], alone.get("max_bytes")), (&json!(1), None));
        source.received(5_000);
        source.settled(5_000);
        assert_eq!(ask(&mut source).unwrap()["batch"], 3);
    }

    #[tokio::test]
    async fn a_request_that_is_lost_is_made_again() {
        let mut source = source(3, 1_000);
        ask(&mut source).unwrap();
        let lost = source.looks_again_at().unwrap();
        source.forget_lost_request(lost - Duration::from_millis(1));
        assert!(ask(&mut source).is_none());
        source.forget_lost_request(lost);
        assert!(ask(&mut source).is_some());
    }

    #[tokio::test]
    async fn a_consumer_that_is_gone_is_said_to_be() {
        let mut source = source(3, 1_000);
        ask(&mut source).unwrap();
        let now = Instant::now();
        assert_eq!(
            source.ended(7, StatusCode::NO_RESPONDERS, "", now),
            Ok(()),
            "of an older request"
        );
        assert!(source.ended(1, StatusCode::NO_RESPONDERS, "", now).is_err());
        assert!(
            source
                .ended(1, StatusCode::REQUEST_TERMINATED, "Consumer Deleted", now)
                .is_err()
        );
    }
}
