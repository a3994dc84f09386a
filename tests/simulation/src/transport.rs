//! A broker that fails as brokers do. Its queues are those of the real transport in memory, which outlive every node.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use saga_runtime::{
    Error, ErrorKind,
    service::BoxFuture,
    transport::{
        Batch, Flow, MemoryTransport, Outgoing, Receiver, Sent, Settle, Topology, Transport, TransportCaps,
    },
};

use crate::{fault::Fault, life::Life, world::World};

/// The longest that the broker keeps a message before it puts it into its queue.
const HELD_BACK: Duration = Duration::from_secs(20);

/// One node's connection to the broker.
#[derive(Debug)]
pub struct SimTransport {
    inner: MemoryTransport,
    broker: Arc<MemoryTransport>,
    life: Arc<Life>,
}

impl SimTransport {
    /// A connection that lives as long as its node.
    pub fn new(broker: Arc<MemoryTransport>, life: Arc<Life>) -> Self {
        Self {
            inner: (*broker).clone(),
            broker,
            life,
        }
    }

    fn world(&self) -> &Arc<World> {
        self.life.world()
    }

    async fn send_one(&self, outgoing: &Outgoing) -> Sent {
        let world = self.world();
        if world.strikes(Fault::SendLost) {
            self.life.note("send", Fault::SendLost);
            return Sent::Unknown("simulated: it did not get there".into());
        }
        if world.strikes(Fault::Doubled) {
            self.life.note("send", Fault::Doubled);
            self.later(outgoing);
        }
        let sent = if world.strikes(Fault::HeldBack) {
            self.life.note("send", Fault::HeldBack);
            self.later(outgoing);
            Sent::Accepted
        } else {
            let sent = self.inner.send(std::slice::from_ref(outgoing)).await;
            sent.into_iter()
                .next()
                .unwrap_or_else(|| Sent::Unknown("the broker did not answer".into()))
        };
        world
            .journal
            .note(world.clock.elapsed(), self.life.node, "send", 0, || {
                format!(
                    "{} {} to {:?}: {sent:?}",
                    outgoing.envelope.name, outgoing.envelope.id, outgoing.to
                )
            });
        if sent == Sent::Accepted && world.strikes(Fault::ConfirmLost) {
            self.life.note("send", Fault::ConfirmLost);
            return Sent::Unknown("simulated: the confirmation is lost".into());
        }
        sent
    }

    /// The broker has it, and puts it into its queue at some other time.
    fn later(&self, outgoing: &Outgoing) {
        let (world, broker, outgoing) = (
            Arc::clone(self.world()),
            Arc::clone(&self.broker),
            outgoing.clone(),
        );
        let wait = world.dice.mostly_short(HELD_BACK);
        world.in_flight.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            broker.send(&[outgoing]).await;
            world.in_flight.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

impl Transport for SimTransport {
    fn caps(&self) -> TransportCaps {
        TransportCaps {
            name: "simulated",
            ..self.inner.caps()
        }
    }

    fn declare<'a>(&'a self, topology: &'a Topology) -> BoxFuture<'a, Result<(), Vec<Error>>> {
        Box::pin(async move {
            self.life.approach("declare").await.map_err(|error| vec![error])?;
            self.inner.declare(topology).await?;
            self.life.depart("declare").await;
            Ok(())
        })
    }

    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> BoxFuture<'a, Vec<Sent>> {
        Box::pin(async move {
            if let Err(error) = self.life.approach("send").await {
                return batch.iter().map(|_| Sent::Unknown(error.to_string())).collect();
            }
            let mut sent = Vec::with_capacity(batch.len());
            for outgoing in batch {
                sent.push(self.send_one(outgoing).await);
            }
            self.life.depart("send").await;
            sent
        })
    }

    fn subscribe<'a>(
        &'a self,
        queue: &'a str,
        flow: Flow,
    ) -> BoxFuture<'a, Result<Box<dyn Receiver>, Error>> {
        Box::pin(async move {
            self.life.approach("subscribe").await?;
            let inner = self.inner.subscribe(queue, flow).await?;
            self.life.depart("subscribe").await;
            let life = Arc::clone(&self.life);
            let receiver = SimReceiver {
                inner,
                arrived: None,
                life,
            };
            Ok(Box::new(receiver) as Box<dyn Receiver>)
        })
    }
}

/// A node's end of one queue.
struct SimReceiver {
    inner: Box<dyn Receiver>,
    /// On its way from the broker: who gives up waiting for it finds it here the next time.
    arrived: Option<Batch>,
    life: Arc<Life>,
}

impl SimReceiver {
    fn cut(&self, what: &'static str, fault: Fault) -> Result<(), Error> {
        if !self.life.world().strikes(fault) {
            return Ok(());
        }
        self.life.note(what, fault);
        Err(Error::new(
            ErrorKind::Unavailable,
            "simulated: the connection broke",
        ))
    }
}

impl Receiver for SimReceiver {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Error>> {
        Box::pin(async move {
            self.cut("receive", Fault::ReceiveCut)?;
            if self.arrived.is_none() {
                self.arrived = Some(self.inner.next().await?);
            }
            self.life.depart("receive").await;
            self.cut("receive", Fault::ReceiveCut)?;
            let mut batch = self.arrived.take().unwrap_or_default();
            let world = self.life.world();
            if batch.deliveries.len() > 1 && world.strikes(Fault::Shuffled) {
                world.dice.shuffle(&mut batch.deliveries);
            }
            if let Some(first) = batch.deliveries.first().cloned()
                && world.strikes(Fault::Doubled)
            {
                batch.deliveries.push(first);
            }
            world.journal.note(
                world.clock.elapsed(),
                self.life.node,
                "receive",
                batch.deliveries.len() as u64,
                || format!("{} deliveries", batch.deliveries.len()),
            );
            Ok(batch)
        })
    }

    fn settle(&mut self, batch: Batch, how: Settle) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.life.approach("settle").await?;
            self.cut("settle", Fault::AckLost)?;
            self.inner.settle(batch, how).await?;
            self.life.depart("settle").await;
            Ok(())
        })
    }

    fn has_caught_up(&mut self) -> BoxFuture<'_, Result<bool, Error>> {
        self.inner.has_caught_up()
    }
}
