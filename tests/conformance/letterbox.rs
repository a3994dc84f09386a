//! A transport to start from, as its author would write it outside of this project: boxes behind one lock.
//!
//! It keeps the contract and nothing more. What a server would do, the lock does; what a connection would do, a clone.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use saga_runtime::{
    Error, ErrorKind,
    service::BoxFuture,
    store::Durability,
    testing::transport_suite::TransportFixture,
    transport::{
        Batch, Delivery, Destination, Flow, Outgoing, Receiver, Sent, Settle, Topology, Transport,
        TransportCaps,
    },
};
use tokio::sync::Notify;

const MAX_BODY: usize = 1 << 20;

/// A connection to the letterboxes.
#[derive(Debug, Default)]
struct Letterboxes {
    office: Arc<Office>,
    /// What vanishes with this connection.
    ephemeral: Mutex<Vec<Arc<str>>>,
}

/// What all connections share.
#[derive(Debug, Default)]
struct Office {
    rooms: Mutex<Rooms>,
    /// Something was put into some box, or given back, or a box has vanished.
    news: Notify,
}

#[derive(Debug, Default)]
struct Rooms {
    boxes: BTreeMap<Arc<str>, Letters>,
    bound: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

/// What is in one box.
#[derive(Debug, Default)]
struct Letters {
    /// Numbered by their tags.
    waiting: VecDeque<Delivery>,
    last_tag: u64,
    /// The tags of those that nobody has acknowledged.
    unsettled: BTreeSet<u64>,
}

impl Office {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap()
    }
}

impl Letterboxes {
    /// One more process.
    fn connect(&self) -> Self {
        Self {
            office: Arc::clone(&self.office),
            ephemeral: Mutex::default(),
        }
    }

    fn leave(&self) {
        let mut rooms = self.office.rooms();
        for name in self.ephemeral.lock().unwrap().drain(..) {
            rooms.boxes.remove(&name);
        }
        self.office.news.notify_waiters();
    }
}

impl Drop for Letterboxes {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Transport for Letterboxes {
    fn caps(&self) -> TransportCaps {
        TransportCaps {
            name: "letterboxes",
            durability: Durability::None,
            max_body: MAX_BODY,
            owns: false,
        }
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        Box::pin(async move {
            let mut rooms = self.office.rooms();
            for name in topology.queues.iter().chain(&topology.ephemeral) {
                rooms.boxes.entry(Arc::clone(name)).or_default();
            }
            self.ephemeral
                .lock()
                .unwrap()
                .extend(topology.ephemeral.iter().cloned());
            let (known, unknown): (Vec<_>, Vec<_>) = topology
                .bindings
                .iter()
                .partition(|binding| rooms.boxes.contains_key(&binding.queue));
            for binding in known {
                let bound = rooms.bound.entry(Arc::clone(&binding.event)).or_default();
                bound.insert(Arc::clone(&binding.queue));
            }
            let faults = unknown.into_iter().map(|binding| {
                Error::new(ErrorKind::Setup, format!("there is no queue `{}`", binding.queue))
            });
            let faults: Vec<Error> = faults.collect();
            if faults.is_empty() { Ok(()) } else { Err(faults) }
        })
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        Box::pin(async move {
            let sent = {
                let mut rooms = self.office.rooms();
                batch.iter().map(|outgoing| rooms.put(outgoing)).collect()
            };
            self.office.news.notify_waiters();
            sent
        })
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        Box::pin(async move {
            if !self.office.rooms().boxes.contains_key(queue) {
                return Err(no_such_box(queue));
            }
            let reader = Reader {
                office: Arc::clone(&self.office),
                name: queue.into(),
                flow,
                unsettled: BTreeMap::new(),
                goal: None,
            };
            Ok(Box::new(reader) as Box<dyn Receiver>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { self.leave() })
    }
}

fn no_such_box(name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no queue `{name}`"))
}

impl Rooms {
    fn put(&mut self, outgoing: &Outgoing) -> Sent {
        let (headers, body) = outgoing.envelope.to_wire();
        if body.len() > MAX_BODY {
            return Sent::Refused(format!("{} bytes; at most {MAX_BODY} are carried", body.len()));
        }
        let names = match &outgoing.to {
            Destination::Queue(name) => vec![Arc::clone(name)],
            Destination::Event(event) => self.bound.get(event).into_iter().flatten().cloned().collect(),
        };
        let mut routed = false;
        for name in names {
            if let Some(letters) = self.boxes.get_mut(&name) {
                routed = true;
                letters.last_tag += 1;
                letters.unsettled.insert(letters.last_tag);
                letters.waiting.push_back(Delivery {
                    tag: letters.last_tag,
                    headers: headers.clone(),
                    body: body.clone(),
                    redelivered: 0,
                });
            }
        }
        if routed { Sent::Accepted } else { Sent::NoRoute }
    }
}

/// Receives from one box.
struct Reader {
    office: Arc<Office>,
    name: Arc<str>,
    flow: Flow,
    unsettled: BTreeMap<u64, Delivery>,
    /// The tag up to which all is to be settled for it to have caught up.
    goal: Option<u64>,
}

impl Reader {
    /// Takes out what fits. `None`: nothing does for now.
    fn take(&mut self) -> Result<Option<Batch>, Error> {
        let office = Arc::clone(&self.office);
        let mut rooms = office.rooms();
        let letters = rooms.boxes.get_mut(&self.name);
        let letters = letters.ok_or_else(|| Error::new(ErrorKind::Closed, "the queue has vanished"))?;
        let mut deliveries = Vec::new();
        while letters.waiting.front().is_some_and(|letter| self.fits(letter)) {
            let Some(letter) = letters.waiting.pop_front() else {
                break;
            };
            self.unsettled.insert(letter.tag, letter.clone());
            deliveries.push(letter);
        }
        Ok((!deliveries.is_empty()).then_some(Batch { deliveries }))
    }

    /// One always fits.
    fn fits(&self, letter: &Delivery) -> bool {
        let bytes: usize = self.unsettled.values().map(|letter| letter.body.len()).sum();
        let few = self.unsettled.len() < self.flow.messages;
        self.unsettled.is_empty() || (few && bytes + letter.body.len() <= self.flow.bytes)
    }

    fn acknowledge(&mut self, tags: impl IntoIterator<Item = u64>) {
        let mut rooms = self.office.rooms();
        for tag in tags {
            self.unsettled.remove(&tag);
            if let Some(letters) = rooms.boxes.get_mut(&self.name) {
                letters.unsettled.remove(&tag);
            }
        }
    }

    fn give_back(&mut self, tags: impl IntoIterator<Item = u64>) {
        let office = Arc::clone(&self.office);
        let mut rooms = office.rooms();
        for tag in tags {
            let letters = rooms.boxes.get_mut(&self.name);
            if let (Some(mut letter), Some(letters)) = (self.unsettled.remove(&tag), letters) {
                letter.redelivered += 1;
                letters.waiting.push_back(letter);
            }
        }
        office.news.notify_waiters();
    }
}

impl Receiver for Reader {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>> {
        Box::pin(async move {
            let office = Arc::clone(&self.office);
            loop {
                // Asked for before looking, so that what comes in between is not missed.
                let mut news = std::pin::pin!(office.news.notified());
                news.as_mut().enable();
                if let Some(batch) = self.take()? {
                    return Ok(batch);
                }
                news.await;
            }
        })
    }

    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let tags = batch.deliveries.iter().map(|delivery| delivery.tag);
            match how {
                Settle::Ack => self.acknowledge(tags),
                Settle::GiveBack => self.give_back(tags),
            }
            Ok(())
        })
    }

    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let rooms = self.office.rooms();
            let letters = rooms.boxes.get(&self.name);
            let letters = letters.ok_or_else(|| no_such_box(&self.name))?;
            let goal = *self.goal.get_or_insert(letters.last_tag);
            let has = letters.unsettled.first().is_none_or(|first| *first > goal);
            if has {
                self.goal = None;
            }
            Ok(has)
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let tags: Vec<u64> = self.unsettled.keys().copied().collect();
        self.give_back(tags);
    }
}

/// How the suite gets at it: one fixture is one post office.
#[derive(Default)]
struct PostOffice(Letterboxes);

impl TransportFixture for PostOffice {
    type Transport = Letterboxes;

    async fn connect(&self) -> Option<Letterboxes> {
        Some(self.0.connect())
    }
}

saga_runtime::testing::transport_suite!(PostOffice::default());
