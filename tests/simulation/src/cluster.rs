//! The nodes of a run: started, killed, stopped in good order, started again.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use saga_runtime::{
    Bus, Error,
    bus::Builder,
    limits::Limits,
    retry::RetryPolicy,
    store::Memory,
    transport::{MemoryTransport, QueueOver},
};

use crate::{
    fault::Fault,
    life::Life,
    plan::Mode,
    shop::{Shop, serve},
    store::SimStore,
    transport::SimTransport,
    world::World,
};

/// The longest that a node is down.
const DOWN: Duration = Duration::from_secs(15);
/// Who finds no node up looks again after this.
const LOOK: Duration = Duration::from_millis(100);

/// All nodes, and what outlives them.
#[derive(Debug)]
pub struct Cluster {
    world: Arc<World>,
    disk: Memory,
    /// The store that carries messages, where one does.
    queues: Memory,
    broker: Arc<MemoryTransport>,
    up: Mutex<Vec<Option<Running>>>,
}

/// A node that is up.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its bus.
    pub bus: Bus<Shop>,
    /// Its life.
    pub life: Arc<Life>,
}

impl Cluster {
    /// Nodes yet to be started.
    pub fn new(world: Arc<World>) -> Arc<Self> {
        let nodes = world.plan.nodes;
        Arc::new(Self {
            world,
            disk: Memory::new(),
            queues: Memory::new(),
            broker: Arc::default(),
            up: Mutex::new(vec![None; nodes]),
        })
    }

    /// What outlives every node.
    pub fn disk(&self) -> &Memory {
        &self.disk
    }

    /// The store that carries messages.
    pub fn queues(&self) -> &Memory {
        &self.queues
    }

    fn up(&self) -> MutexGuard<'_, Vec<Option<Running>>> {
        self.up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node that is up, as soon as there is one.
    pub async fn any(&self) -> Running {
        loop {
            let running: Vec<Running> = self.up().iter().flatten().cloned().collect();
            if !running.is_empty() {
                return running[self.world.dice.below(running.len())].clone();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Keeps a node up, between its deaths, until the run ends.
    pub async fn keep(self: Arc<Self>, node: usize) {
        // A store that is not shared knows its predecessor by the file; here, by the handle.
        let file = Arc::new(self.disk.clone());
        loop {
            let store = match self.world.plan.mode {
                Mode::Embedded => Arc::clone(&file),
                Mode::Shared | Mode::Broker | Mode::Queued => Arc::new(self.disk.clone()),
            };
            let life = Arc::new(Life::new(node, Arc::clone(&self.world)));
            if let Some(Ok(bus)) = life.survive(self.start(store, &life)).await {
                life.tell("up");
                self.live(Running {
                    bus,
                    life: Arc::clone(&life),
                })
                .await;
            }
            life.end();
            life.tell("down");
            if !self.world.is_healed() {
                tokio::time::sleep(self.world.dice.mostly_short(DOWN)).await;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn start(&self, disk: Arc<Memory>, life: &Arc<Life>) -> Result<Bus<Shop>, Error> {
        let store = SimStore::new(disk, Arc::clone(life));
        let builder = match self.world.plan.mode {
            Mode::Broker => {
                let transport = SimTransport::new(Arc::clone(&self.broker), Arc::clone(life));
                Bus::with(transport, store)
            }
            Mode::Queued => {
                let queues = SimStore::of_queues(Arc::new(self.queues.clone()), Arc::clone(life));
                let clock = Arc::new(self.world.clock.clone());
                Bus::with(QueueOver::with_clock(queues, clock), store)
            }
            Mode::Shared | Mode::Embedded => Bus::new(store),
        };
        serve(self.bounded(builder), &self.world).start().await
    }

    fn bounded(&self, builder: Builder) -> Builder {
        let plan = &self.world.plan;
        let limits = Limits {
            prefetch: plan.prefetch,
            compensation_wait: Duration::from_secs(300),
            ..Limits::default()
        };
        builder
            .clock(self.world.clock.clone())
            .limits(limits)
            .retry(RetryPolicy::default())
            .workers(plan.workers)
    }

    /// A node's life, until something ends it.
    async fn live(&self, running: Running) {
        let Running { bus, life } = running.clone();
        self.up()[life.node] = Some(running);
        let world = &self.world;
        let lifetime = world
            .plan
            .lifetime
            .map(|most| world.dice.between(Duration::from_secs(1), most));
        if let Some(lifetime) = lifetime {
            let over = life.survive(tokio::time::sleep(lifetime)).await.is_none();
            if !over && world.is_healed() {
                life.over().await;
            }
        } else {
            life.over().await;
        }
        self.up()[life.node] = None;
        if life.is_over() {
            return;
        }
        world.faults.count(Fault::Stopped);
        life.note("any moment", Fault::Stopped);
        if world.dice.chance(0.4) {
            let deadline = world.dice.mostly_short(Duration::from_secs(5));
            // What it could not do in good order comes as after a crash.
            let _ = life.survive(bus.shutdown_within(deadline)).await;
        }
    }
}
