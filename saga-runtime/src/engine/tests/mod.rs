//! What a saga does with a message, asked of the engine alone: no store, no task, no time but ours.
//!
//! Between any two steps the instance is written down and read again, as a store would.
#![allow(clippy::unwrap_used, clippy::panic)] // Test code: a failure is the point.

mod builds;
mod clockwork;
mod deal;
mod labels;
mod letterbox;
mod trip;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::*;
use crate::{
    codec::Payload,
    envelope::MessageId,
    message::{Message as Typed, Reply},
    saga::Saga,
};

/// One instance on the bench.
struct Lab {
    engine: Engine,
    id: InstanceId,
    found: Found,
    now: Timestamp,
    /// Everything emitted and not yet looked at.
    emitted: Vec<Emission>,
    /// Everything ever sent, to be answered.
    sent: Vec<Arc<Envelope>>,
    dead: Vec<Reason>,
}

impl Lab {
    fn of<S: Saga>() -> Self {
        Self::within::<S>(Limits::default())
    }

    fn within<S: Saga>(limits: Limits) -> Self {
        let engine = Engine::new(Erased::<S>::new(), Codec::Json, limits);
        Self {
            id: InstanceId {
                saga: Arc::clone(engine.name()),
                key: "1".into(),
            },
            engine,
            found: Found::Absent,
            now: Timestamp::UNIX_EPOCH,
            emitted: Vec::new(),
            sent: Vec::new(),
            dead: Vec::new(),
        }
    }

    /// A message from outside that nobody awaits an answer to.
    fn give<M: Typed>(&mut self, message: &M) -> Verdict {
        let envelope = self.envelope(message);
        self.deliver(envelope)
    }

    /// A command from outside whose sender waits; its id.
    fn ask<M: Typed>(&mut self, message: &M) -> MessageId {
        let mut envelope = self.envelope(message);
        envelope.reply_to = Some(Address {
            queue: "requester".into(),
            instance: None,
        });
        let id = envelope.id;
        self.deliver(envelope);
        id
    }

    /// Answers the latest command of this name.
    fn answer<R: Reply>(&mut self, command: &str, reply: &R) -> Verdict {
        self.answer_nth(command, usize::MAX, reply)
    }

    /// Answers the `nth` command of this name, the latest if there are fewer.
    fn answer_nth<R: Reply>(&mut self, command: &str, nth: usize, reply: &R) -> Verdict {
        let all: Vec<_> = self
            .sent
            .iter()
            .filter(|sent| &*sent.name == command)
            .cloned()
            .collect();
        let request = all
            .get(nth)
            .or(all.last())
            .unwrap_or_else(|| panic!("no `{command}` was sent"));
        let mut envelope = self.envelope(reply);
        envelope.in_reply_to = Some(request.id);
        envelope.to = request.reply_to.as_ref().and_then(|to| to.instance.clone());
        self.deliver(envelope)
    }

    fn envelope<M: Typed>(&self, message: &M) -> Envelope {
        let payload = Payload::of(message, Codec::Json).unwrap();
        let id = MessageId::random();
        Envelope {
            id,
            kind: payload.info.kind,
            name: payload.info.name.into(),
            version: 1,
            content_type: Codec::Json,
            created_at: self.now,
            conversation: id,
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: None,
            traceparent: None,
            headers: BTreeMap::new(),
            body: payload.body,
        }
    }

    fn deliver(&mut self, envelope: Envelope) -> Verdict {
        let envelope = Arc::new(envelope);
        let (mut slot, mut out) = (self.engine.open(self.found.clone()).unwrap(), Vec::new());
        let message = Message {
            envelope: &envelope,
            decoded: None,
            waited: true,
            attempt: 0,
        };
        let verdict = self
            .engine
            .deliver(&mut slot, &self.id, message, self.now, &mut out);
        let verdict = match verdict {
            Ok(verdict) => verdict,
            // The slot is thrown away.
            Err(failure) => return Verdict::Dead(failure.reason, failure.detail),
        };
        self.deliver_ripe(&mut slot, &mut out);
        self.keep(slot, out);
        verdict
    }

    fn deliver_ripe(&mut self, slot: &mut Slot, out: &mut Vec<Emission>) {
        let aside = self.engine.deliver_ripe(slot, &self.id, self.now, &|_| None, out);
        self.dead
            .extend(aside.unwrap().into_iter().map(|aside| aside.reason));
    }

    fn keep(&mut self, mut slot: Slot, out: Vec<Emission>) {
        if let Slot::Live(instance) = &mut slot {
            match self.engine.seal(instance, self.now).unwrap() {
                Change::Keep => {}
                Change::Put(row) => self.found = Found::Live(row),
                Change::Finish(tombstone) => self.found = Found::Finished(tombstone),
            }
        }
        let sent = out
            .iter()
            .filter(|emission| emission.envelope.kind == crate::message::MessageKind::Command);
        self.sent
            .extend(sent.map(|emission| Arc::clone(&emission.envelope)));
        self.emitted.extend(out);
    }

    /// Moves time on and fires what has become due, as the bus would: earliest first.
    fn pass(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time).unwrap();
        let (mut slot, mut out) = (self.engine.open(self.found.clone()).unwrap(), Vec::new());
        while self
            .engine
            .fire(&mut slot, self.now, &|_| false, &mut out)
            .unwrap()
            .is_some()
        {
            self.deliver_ripe(&mut slot, &mut out);
        }
        self.keep(slot, out);
    }

    /// Goes on with another build of the same saga.
    fn becomes<S: Saga>(&mut self) {
        self.engine = Engine::new(Erased::<S>::new(), Codec::Json, Limits::default());
        assert_eq!(self.engine.name(), &self.id.saga);
    }

    /// The timers that a process which started at `since` takes out as messages rather than firing them.
    fn hand_over(&mut self, since: Timestamp) -> Vec<Envelope> {
        let mut slot = self.engine.open(self.found.clone()).unwrap();
        let handed = self.engine.hand_over(&mut slot, self.now, since);
        self.keep(slot, Vec::new());
        handed.into_iter().map(Arc::unwrap_or_clone).collect()
    }

    /// The names of what was emitted since this was last asked.
    fn emitted(&mut self) -> Vec<String> {
        let emitted = std::mem::take(&mut self.emitted);
        emitted
            .iter()
            .map(|emission| emission.envelope.name.to_string())
            .collect()
    }

    fn row(&self) -> &InstanceRow {
        match &self.found {
            Found::Live(row) => row,
            other => panic!("not alive: {other:?}"),
        }
    }

    fn state(&self) -> &str {
        match &self.found {
            Found::Live(row) => &row.state,
            Found::Finished(_) => "end",
            Found::Absent => "absent",
        }
    }

    fn book(&self) -> Book {
        Book::read(&self.row().book).unwrap()
    }

    fn parked(&self) -> Option<&str> {
        self.row().parked.as_deref()
    }

    /// A person says: try again.
    fn retry(&mut self) -> Verdict {
        let mut envelope = self.envelope(&deal::Cancel { deal: 1 });
        envelope.kind = crate::message::MessageKind::Event;
        envelope.name = RETRY.into();
        envelope.to = Some(InstanceAddress {
            saga: Arc::clone(&self.id.saga),
            key: Arc::clone(&self.id.key),
            incarnation: self.row().incarnation,
        });
        self.deliver(envelope)
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

fn is_dead(verdict: &Verdict, reason: Reason) -> bool {
    matches!(verdict, Verdict::Dead(dead, _) if *dead == reason)
}
