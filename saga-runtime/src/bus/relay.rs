//! Sends what commits left for a broker, and deletes it once the broker has it.
//!
//! The rows are claimed by this node from birth; those of a node that died are adopted and come through the intake.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_channel::Receiver;
use jiff::Timestamp;

use super::{budget::Permit, requests::REQUESTER, shared::Shared};
use crate::{
    dead_letter::{DeadLetter, DeadMessage, Reason},
    envelope::Envelope,
    message::MessageKind,
    store::{Seq, Unit, Want},
    transport::{Destination, Outgoing, Sent, Transport},
};

/// A command that the broker knows no queue for is set aside after so many tries, the last some 50 s after the first.
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
    /// A dead node may have left something unsent.
    leftovers: bool,
}

impl Relay {
    pub(crate) fn new(shared: Arc<Shared>, transport: Arc<dyn Transport>, lane: Receiver<Parcel>) -> Self {
        Self {
            shared,
            transport,
            lane,
            later: Vec::new(),
            leftovers: true,
        }
    }

    /// Works until the lane is closed and everything in it is sent.
    pub(crate) async fn run(mut self) {
        while let Some(batch) = self.next_batch().await {
            let outgoing: Vec<Outgoing> = batch.iter().map(outgoing).collect();
            let sent = self.transport.send(&outgoing).await;
            self.settle(batch, sent).await;
        }
    }

    /// What a dead node left unsent, as much of it as there is room for.
    async fn adopt(&mut self) {
        let free = self.shared.budget.free();
        if !self.leftovers || free.is_none() || self.shared.is_stopping() {
            return;
        }
        let want = Want {
            relay: self.shared.limits().batch.min(free.messages),
            max_bytes: free.bytes,
            ..Want::default()
        };
        let Ok(taken) = self.shared.store.take(want).await else {
            return;
        };
        self.leftovers = !taken.relay.is_empty();
        for stored in taken.relay {
            let permit = self.shared.budget.acquire(None, stored.envelope.body.len());
            self.shared
                .relay(stored.seq, stored.queue, stored.envelope, permit);
        }
    }

    async fn next_batch(&mut self) -> Option<Vec<Parcel>> {
        loop {
            self.adopt().await;
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
                () = self.shared.leftovers.notified() => self.leftovers = true,
                () = async { match next { Some(next) => clock.sleep_until(next).await, None => std::future::pending().await } } => {}
            }
        }
    }

    async fn settle(&mut self, batch: Vec<Parcel>, sent: Vec<Sent>) {
        let now = self.shared.now();
        let mut units = Vec::with_capacity(batch.len());
        let mut unsent: HashMap<String, usize> = HashMap::new();
        for (parcel, sent) in batch.into_iter().zip(sent) {
            match fate(&parcel, sent) {
                Fate::Done => units.push(done(&parcel)),
                Fate::SetAside(why) => units.push(self.undeliverable(&parcel, &why, now)),
                Fate::Again(why) => {
                    *unsent.entry(why).or_default() += 1;
                    self.try_later(parcel, now);
                }
            }
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

/// What becomes of a parcel.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Done,
    /// Tried again later, and why.
    Again(String),
    SetAside(String),
}

/// A broker that is out of reach may come back, however long that takes; a queue that does not exist may be declared.
fn fate(parcel: &Parcel, sent: Sent) -> Fate {
    let may_be_gone = parcel.envelope.kind == MessageKind::Event || parcel.to.starts_with(REQUESTER);
    match sent {
        Sent::Accepted => Fate::Done,
        Sent::NoRoute if may_be_gone => {
            tracing::debug!(message.name = %parcel.envelope.name, to = %parcel.to, "nobody is there to get it");
            Fate::Done
        }
        Sent::NoRoute => {
            let why = format!("the transport has no queue `{}`", parcel.to);
            if parcel.attempts < MAX_TRIES {
                Fate::Again(why)
            } else {
                Fate::SetAside(why)
            }
        }
        Sent::Refused(why) => Fate::SetAside(why),
        Sent::Unknown(why) => Fate::Again(why),
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
