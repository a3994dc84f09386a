//! A store that fails as stores do. What it keeps is kept by the real one in memory, which outlives every node.

use std::sync::{Arc, Mutex, PoisonError};

use saga_runtime::{
    Error, ErrorKind,
    clock::Clock as _,
    envelope::Envelope,
    service::BoxFuture,
    store::{
        Beat, Catalog, Inspect, Memory, Node, Opened, Outcome, Store, StoreCaps, Taken, Unit, Wait, Want,
    },
};

use crate::{
    fault::Fault, hammer::BidId, journal::Intent, life::Life, plan::Mode, shop::contracts::Bid, world::World,
};

/// One node's connection to the store.
#[derive(Debug)]
pub struct SimStore {
    inner: Arc<Memory>,
    life: Arc<Life>,
    /// It only carries messages: one that was sent again is there twice, as at any broker.
    is_queue: bool,
    /// How it was opened: a connection that is made again introduces itself as before.
    opened: Mutex<Option<(Node, Catalog)>>,
}

impl SimStore {
    /// A connection that lives as long as its node.
    pub fn new(inner: Arc<Memory>, life: Arc<Life>) -> Self {
        Self {
            inner,
            life,
            is_queue: false,
            opened: Mutex::default(),
        }
    }

    /// The same, to a store that carries messages for a transport.
    pub fn of_queues(inner: Arc<Memory>, life: Arc<Life>) -> Self {
        Self {
            is_queue: true,
            ..Self::new(inner, life)
        }
    }

    fn world(&self) -> &World {
        self.life.world()
    }

    /// The answer to a call is lost. As the contract says, the connection made again has given back all that the node
    /// had claimed before it answers anything else.
    async fn lose_answer(&self, what: &'static str, fault: Fault) -> Result<Error, Error> {
        self.life.note(what, fault);
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((node, catalog)) = opened {
            self.inner.close().await?;
            self.inner.open(&node, &catalog).await?;
        }
        self.life.depart(what).await;
        Ok(Error::new(ErrorKind::Unknown, "simulated: the answer is lost"))
    }

    /// Applies units and writes down what became of them.
    async fn apply(&self, units: Vec<Unit>) -> Result<Vec<Outcome>, Error> {
        let world = self.world();
        let intents: Vec<Intent> = units.iter().map(Intent::of).collect();
        let bids = units.iter().map(accepted).collect::<Vec<_>>();
        let outcomes = self.inner.commit(units).await?;
        let at = world.clock.elapsed();
        for (bids, outcome) in bids.into_iter().zip(&outcomes) {
            if matches!(outcome, Outcome::Applied { .. }) && !self.is_queue {
                bids.into_iter()
                    .for_each(|bid| world.hammer.accept(bid, world.clock.now()));
            }
        }
        if self.is_queue {
            world
                .journal
                .note(at, self.life.node, "queue", outcomes.len() as u64, || {
                    format!("{outcomes:?} {intents:?}")
                });
            return Ok(outcomes);
        }
        for (intent, outcome) in intents.iter().zip(&outcomes) {
            world.journal.applied(at, self.life.node, intent, outcome);
        }
        Ok(outcomes)
    }
}

impl Store for SimStore {
    fn caps(&self) -> StoreCaps {
        StoreCaps {
            name: "simulated",
            shared: self.world().plan.mode != Mode::Embedded,
            ..self.inner.caps()
        }
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        Box::pin(async move {
            self.life.approach("open").await?;
            let opened = self.inner.open(node, catalog).await?;
            *self.opened.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((node.clone(), catalog.clone()));
            self.life.depart("open").await;
            Ok(opened)
        })
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        Box::pin(async move {
            self.life.approach("take").await?;
            let asked: Vec<Arc<str>> = want.claims.iter().map(|claim| Arc::clone(&claim.queue)).collect();
            let taken = self.inner.take(want).await?;
            let world = self.world();
            let waited = taken.messages.iter().filter(|row| row.wait != Wait::Ready);
            for bid in waited.filter_map(|row| bid(&row.envelope)) {
                world.hammer.excuse(bid);
            }
            world.journal.note(
                world.clock.elapsed(),
                self.life.node,
                "take",
                digest(&taken),
                || describe(&asked, &taken),
            );
            if world.strikes(Fault::AnswerLost) {
                return Err(self.lose_answer("take", Fault::AnswerLost).await?);
            }
            self.life.depart("take").await;
            Ok(taken)
        })
    }

    fn commit(&self, mut units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        Box::pin(async move {
            self.life.approach("commit").await?;
            let world = self.world();
            if units.len() > 1 && world.strikes(Fault::AnswerLostHalfway) {
                units.truncate(world.dice.below(units.len()));
                self.apply(units).await?;
                return Err(self.lose_answer("commit", Fault::AnswerLostHalfway).await?);
            }
            let outcomes = self.apply(units).await?;
            if world.strikes(Fault::AnswerLost) {
                return Err(self.lose_answer("commit", Fault::AnswerLost).await?);
            }
            self.life.depart("commit").await;
            Ok(outcomes)
        })
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>> {
        Box::pin(async move {
            self.life.approach("beat").await?;
            let beat = self.inner.beat().await?;
            self.life.depart("beat").await;
            Ok(beat)
        })
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let world = self.world();
            if world.strikes(Fault::WakeSpurious) {
                return tokio::task::yield_now().await;
            }
            loop {
                self.inner.woken().await;
                if !world.strikes(Fault::WakeLost) {
                    return;
                }
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.life.approach("close").await?;
            self.inner.close().await?;
            self.life.depart("close").await;
            Ok(())
        })
    }

    fn inspect(&self) -> &dyn Inspect {
        self.inner.inspect()
    }
}

/// The bids that a unit gives to their endpoint: here, or when they have come through a broker.
fn accepted(unit: &Unit) -> Vec<BidId> {
    let ready = unit.out.iter().filter(|message| message.wait == Wait::Ready);
    ready.filter_map(|message| bid(&message.envelope)).collect()
}

fn bid(envelope: &Envelope) -> Option<BidId> {
    let bid: Option<Bid> = (&*envelope.name == "Bid")
        .then(|| serde_json::from_slice(&envelope.body).ok())
        .flatten();
    bid.map(|Bid { sale, bid }| (sale, bid))
}

fn digest(taken: &Taken) -> u64 {
    let rows = taken.messages.iter().chain(&taken.relay);
    let rows = rows.fold(0_u64, |sum, row| {
        sum.wrapping_mul(31).wrapping_add(row.seq.unsigned_abs())
    });
    rows.wrapping_add(taken.timers.len() as u64)
}

fn describe(asked: &[Arc<str>], taken: &Taken) -> String {
    let rows: Vec<String> = taken
        .messages
        .iter()
        .chain(&taken.relay)
        .map(|row| format!("{}:{}", row.seq, row.envelope.name))
        .collect();
    let timers: Vec<&str> = taken.timers.iter().map(|(id, _)| &*id.key).collect();
    format!(
        "of {asked:?}: {rows:?} timers {timers:?} found {}",
        taken.instances.len()
    )
}
