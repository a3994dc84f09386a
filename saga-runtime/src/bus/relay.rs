//! Sends what commits left for a broker, and deletes it once the broker has it.
//!
//! The rows are claimed by this node from birth; those of a node that died are adopted and come through the intake.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_channel::Receiver;
use jiff::Timestamp;

use super::{budget::Permit, shared::Shared};
use crate::{
    dead_letter::{DeadLetter, DeadMessage, Reason},
    envelope::Envelope,
    message::MessageKind,
    store::{Seq, Unit, Want},
    transport::{Destination, Outgoing, Sent, Transport},
};

/// An unroutable or refused command is set aside after so many tries.
const MAX_TRIES: u32 = 10;

/// A message on its way to a broker.
pub(crate) struct Parcel {
    pub(crate) seq: Seq,
    /// The queue; of an event, its name.
    pub(crate) to: Arc<str>,
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) attempts: u32,
    pub(crate) _permit: Permit,
}

/// The task that sends.
pub(crate) struct Relay {
    shared: Arc<Shared>,
    transport: Arc<dyn Transport>,
    lane: Receiver<Parcel>,
    /// Parcels to try again, with the time to do it.
    later: Vec<(Timestamp, Parcel)>,
}

impl Relay {
    pub(crate) fn new(shared: Arc<Shared>, transport: Arc<dyn Transport>, lane: Receiver<Parcel>) -> Self {
        Self {
            shared,
            transport,
            lane,
            later: Vec::new(),
        }
    }

    /// Works until the lane is closed and everything in it is sent.
    pub(crate) async fn run(mut self) {
        self.adopt().await;
        while let Some(batch) = self.next_batch().await {
            let outgoing: Vec<Outgoing> = batch.iter().map(outgoing).collect();
            let sent = self.transport.send(&outgoing).await;
            self.settle(batch, sent).await;
        }
    }

    /// What a dead node left unsent.
    async fn adopt(&self) {
        let limit = self.shared.limits().batch;
        loop {
            let want = Want {
                relay: limit,
                max_bytes: self.shared.limits().prefetch_bytes,
                ..Want::default()
            };
            let Ok(taken) = self.shared.store.take(want).await else {
                return;
            };
            let last = taken.relay.len() < limit;
            for stored in taken.relay {
                let permit = self.shared.budget.acquire(stored.envelope.body.len());
                self.shared
                    .relay(stored.seq, stored.queue, stored.envelope, permit);
            }
            if last {
                return;
            }
        }
    }

    async fn next_batch(&mut self) -> Option<Vec<Parcel>> {
        loop {
            let now = self.shared.now();
            let (due, later) = std::mem::take(&mut self.later)
                .into_iter()
                .partition(|(at, _)| *at <= now);
            self.later = later;
            let due: Vec<(Timestamp, Parcel)> = due;
            let mut batch: Vec<Parcel> = due.into_iter().map(|(_, parcel)| parcel).collect();
            while batch.len() < self.shared.limits().batch {
                match self.lane.try_recv() {
                    Ok(parcel) => batch.push(parcel),
                    Err(_) => break,
                }
            }
            if !batch.is_empty() {
                return Some(batch);
            }
            let next = self.later.iter().map(|(at, _)| *at).min();
            let clock = Arc::clone(&self.shared.node.clock);
            tokio::select! {
                parcel = self.lane.recv() => match parcel {
                    Ok(parcel) => self.later.push((now, parcel)),
                    Err(_) if self.later.is_empty() => return None,
                    Err(_) => clock.sleep_until(next.unwrap_or(now)).await,
                },
                () = async { match next { Some(next) => clock.sleep_until(next).await, None => std::future::pending().await } } => {}
            }
        }
    }

    async fn settle(&mut self, batch: Vec<Parcel>, sent: Vec<Sent>) {
        let now = self.shared.now();
        let mut units = Vec::with_capacity(batch.len());
        let mut unsent: HashMap<String, usize> = HashMap::new();
        for (parcel, sent) in batch.into_iter().zip(sent) {
            let is_event = parcel.envelope.kind == MessageKind::Event;
            let why = match sent {
                Sent::Accepted => {
                    units.push(done(&parcel));
                    continue;
                }
                Sent::NoRoute if is_event || parcel.to.starts_with(super::requests::REQUESTER) => {
                    tracing::debug!(message.name = %parcel.envelope.name, to = %parcel.to, "nobody is there to get it");
                    units.push(done(&parcel));
                    continue;
                }
                Sent::NoRoute => format!("the transport has no queue `{}`", parcel.to),
                Sent::Refused(why) | Sent::Unknown(why) if parcel.attempts >= MAX_TRIES => why,
                Sent::Refused(why) => {
                    units.push(self.undeliverable(&parcel, &why, now));
                    continue;
                }
                Sent::Unknown(why) => why,
            };
            if parcel.attempts >= MAX_TRIES && !matches!(why.as_str(), "") {
                units.push(self.undeliverable(&parcel, &why, now));
                continue;
            }
            *unsent.entry(why).or_default() += 1;
            self.try_later(parcel, now);
        }
        for (why, count) in unsent {
            tracing::warn!(count, why, "messages could not be sent yet");
        }
        if !units.is_empty() {
            self.shared.commit_patiently(&units).await;
        }
    }

    fn try_later(&mut self, mut parcel: Parcel, now: Timestamp) {
        let delay = Duration::from_millis(50 << parcel.attempts.min(9));
        parcel.attempts += 1;
        self.later
            .push((now.saturating_add(delay).unwrap_or(now), parcel));
    }

    fn undeliverable(&self, parcel: &Parcel, why: &str, now: Timestamp) -> Unit {
        let name = self.transport.caps().name;
        let detail = format!(
            "`{}` could not be delivered to `{}` by transport `{name}`: {why}",
            parcel.envelope.name, parcel.to
        );
        tracing::warn!(message.name = %parcel.envelope.name, message.id = %parcel.envelope.id, detail, "dead letter");
        let letter = DeadLetter {
            message: DeadMessage::Envelope(Arc::clone(&parcel.envelope)),
            queue: Arc::clone(&parcel.to),
            consumer: None,
            reason: Reason::Undeliverable,
            detail,
            history: Vec::new(),
            at: now,
        };
        Unit {
            consumed: vec![parcel.seq],
            dead: vec![letter],
            ..Unit::default()
        }
    }
}

fn done(parcel: &Parcel) -> Unit {
    Unit {
        consumed: vec![parcel.seq],
        ..Unit::default()
    }
}

fn outgoing(parcel: &Parcel) -> Outgoing {
    let to = Arc::clone(&parcel.to);
    let to = match parcel.envelope.kind {
        MessageKind::Event => Destination::Event(to),
        MessageKind::Command | MessageKind::Reply => Destination::Queue(to),
    };
    Outgoing {
        to,
        envelope: Arc::clone(&parcel.envelope),
    }
}
