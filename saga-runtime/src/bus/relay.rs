//! Sends what commits left for a broker, and deletes it once the broker has it.
//!
//! The rows are claimed by this node from birth; those of a node that died are adopted and come through the intake.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_channel::{Receiver, Sender};
use futures_util::{StreamExt as _, future, stream::FuturesUnordered};
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

/// How often the pause doubles while the broker is out of reach: up to 1.6 s, so that it is found soon when it is back.
const DOUBLINGS: u32 = 5;

/// Batches on their way to the broker at a time, so that its disk and ours work side by side.
const SIDE_BY_SIDE: usize = 8;

/// What is to be committed of a message that left, and its place in the budget until it is.
type Settled = (Unit, Permit);

/// A message on its way to a broker.
pub(crate) struct Parcel {
    pub(crate) seq: Seq,
    /// The queue; of an event, its name.
    pub(crate) to: Arc<str>,
    pub(crate) envelope: Arc<Envelope>,
    /// How often the broker knew no queue for it.
    pub(crate) unrouted: u32,
    /// How often the broker was out of reach.
    pub(crate) outages: u32,
    pub(crate) permit: Permit,
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
    pub(crate) async fn run(self) {
        let shared = Arc::clone(&self.shared);
        // Bounded by the budget: each has its place there until it is committed.
        let (settled, to_commit) = async_channel::unbounded();
        future::join(self.ship(settled), commit_settled(shared, to_commit)).await;
    }

    /// Sends several batches side by side; what became of them is committed apart, and holds none of them up.
    async fn ship(mut self, settled: Sender<Settled>) {
        let (shared, transport) = (Arc::clone(&self.shared), Arc::clone(&self.transport));
        let mut under_way = FuturesUnordered::new();
        loop {
            self.adopt().await;
            // The order decides nothing but that runs can be repeated.
            tokio::select! {
                biased;
                Some((batch, sent)) = under_way.next() => self.settle(batch, sent, &settled),
                () = shared.leftovers.notified() => self.leftovers = true,
                batch = self.next_batch(), if under_way.len() < SIDE_BY_SIDE => match batch {
                    Some(batch) => under_way.push(send(&*transport, batch)),
                    None => break,
                },
            }
        }
        while let Some((batch, sent)) = under_way.next().await {
            self.settle(batch, sent, &settled);
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
        let Ok(taken) = self.shared.take(want).await else {
            return;
        };
        self.leftovers = !taken.relay.is_empty();
        for stored in taken.relay {
            let permit = self.shared.budget.acquire(None, stored.envelope.body.len());
            self.shared
                .relay(stored.seq, stored.queue, stored.envelope, permit);
        }
    }

    /// Abandoned, it loses nothing.
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
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                biased;
                parcel = self.lane.recv() => match parcel {
                    Ok(parcel) => self.later.push((now, parcel)),
                    Err(_) if self.later.is_empty() => return None,
                    Err(_) => shared.time.sleep_until(next.unwrap_or(now)).await,
                },
                () = async { match next { Some(next) => shared.time.sleep_until(next).await, None => std::future::pending().await } } => {}
            }
        }
    }

    fn settle(&mut self, batch: Vec<Parcel>, sent: Vec<Sent>, settled: &Sender<Settled>) {
        let now = self.shared.now();
        let mut unsent: HashMap<String, usize> = HashMap::new();
        for (parcel, sent) in batch.into_iter().zip(sent) {
            match fate(parcel, sent) {
                Fate::Done(parcel) => put(settled, done(&parcel), parcel),
                Fate::SetAside(parcel, why) => put(settled, self.undeliverable(&parcel, &why, now), parcel),
                Fate::Again(again) => {
                    *unsent.entry(again.why).or_default() += 1;
                    let at = now.saturating_add(again.after).unwrap_or(now);
                    self.later.push((at, again.parcel));
                }
            }
        }
        for (why, count) in unsent {
            tracing::warn!(count, why, "messages could not be sent yet");
        }
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
enum Fate {
    Done(Parcel),
    Again(Again),
    SetAside(Parcel, String),
}

/// A parcel to be tried again.
struct Again {
    parcel: Parcel,
    after: Duration,
    why: String,
}

/// A broker that is out of reach may come back, however long that takes; a queue that does not exist may be declared.
fn fate(parcel: Parcel, sent: Sent) -> Fate {
    let may_be_gone = parcel.envelope.kind == MessageKind::Event || parcel.to.starts_with(REQUESTER);
    match sent {
        Sent::Accepted => Fate::Done(parcel),
        Sent::NoRoute if may_be_gone => {
            tracing::debug!(message.name = %parcel.envelope.name, to = %parcel.to, "nobody is there to get it");
            Fate::Done(parcel)
        }
        Sent::NoRoute => no_queue(parcel),
        Sent::Refused(why) => Fate::SetAside(parcel, why),
        Sent::Unknown(why) => Fate::Again(Again {
            after: Duration::from_millis(50 << parcel.outages.min(DOUBLINGS)),
            parcel: Parcel {
                outages: parcel.outages.saturating_add(1),
                ..parcel
            },
            why,
        }),
    }
}

fn no_queue(parcel: Parcel) -> Fate {
    let why = format!("the transport has no queue `{}`", parcel.to);
    if parcel.unrouted >= MAX_TRIES {
        return Fate::SetAside(parcel, why);
    }
    Fate::Again(Again {
        after: Duration::from_millis(50 << parcel.unrouted.min(9)),
        parcel: Parcel {
            unrouted: parcel.unrouted + 1,
            ..parcel
        },
        why,
    })
}

fn done(parcel: &Parcel) -> Unit {
    Unit {
        consumed: vec![parcel.seq],
        ..Unit::default()
    }
}

fn put(settled: &Sender<Settled>, unit: Unit, parcel: Parcel) {
    // Whoever commits runs for as long as this does.
    let _ = settled.try_send((unit, parcel.permit));
}

async fn send(transport: &dyn Transport, batch: Vec<Parcel>) -> (Vec<Parcel>, Vec<Sent>) {
    let outgoing: Vec<Outgoing> = batch.iter().map(outgoing).collect();
    let sent = transport.send(&outgoing).await;
    (batch, sent)
}

/// Commits whatever has been settled, all of it at once.
async fn commit_settled(shared: Arc<Shared>, settled: Receiver<Settled>) {
    while let Ok(first) = settled.recv().await {
        let more = std::iter::from_fn(|| settled.try_recv().ok());
        let (units, permits): (Vec<Unit>, Vec<Permit>) = std::iter::once(first).chain(more).unzip();
        shared.commit_patiently(&units).await;
        drop(permits);
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
