//! One life of a node: from a start to a crash, seen from the seams.
//!
//! A node dies at once: from then on no call of its tasks returns or has an effect, whatever they still run through
//! before they are dropped.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use saga_runtime::{Error, ErrorKind};
use tokio::{sync::Notify, time::Instant};

use crate::{fault::Fault, world::World};

/// How long a node is cut off: longer than its lease, sometimes.
const CUT_OFF: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(25));
/// The longest that a slow call takes.
const SLOW: Duration = Duration::from_secs(4);

/// One life of a node.
#[derive(Debug)]
pub struct Life {
    /// Which node.
    pub node: usize,
    world: Arc<World>,
    dead: AtomicBool,
    /// Wakes in the order of waiting, as a watch channel would not.
    died: Notify,
    cut_off_until: Mutex<Option<Instant>>,
}

impl Life {
    /// A new one.
    pub fn new(node: usize, world: Arc<World>) -> Self {
        Self {
            node,
            world,
            dead: AtomicBool::new(false),
            died: Notify::new(),
            cut_off_until: Mutex::default(),
        }
    }

    /// The world it is in.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Ends it.
    pub fn end(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_waiters();
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Returns when it has ended.
    pub async fn over(&self) {
        let died = self.died.notified();
        if !self.is_over() {
            died.await;
        }
    }

    /// What a future comes to, unless the node dies before.
    pub async fn survive<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.over() => None,
            done = work => Some(done),
        }
    }

    /// The way of a call to the other side. It may take time, and may not get there.
    pub async fn approach(&self, what: &'static str) -> Result<(), Error> {
        self.pass(what, Fault::CrashBefore).await;
        if self.world.strikes(Fault::StoreAway) {
            self.note(what, Fault::StoreAway);
            return Err(Error::new(ErrorKind::Unavailable, "simulated: out of reach"));
        }
        Ok(())
    }

    /// The way back of an answer. It may take time, and its asker may not live to see it.
    pub async fn depart(&self, what: &'static str) {
        self.pass(what, Fault::CrashAfter).await;
    }

    async fn pass(&self, what: &'static str, crash: Fault) {
        self.breathe().await;
        let world = &self.world;
        if world.is_overrun() {
            std::future::pending::<()>().await;
        }
        if world.strikes(crash) {
            self.note(what, crash);
            self.end();
        }
        if world.strikes(Fault::CutOff) {
            let long = world.dice.between(CUT_OFF.0, CUT_OFF.1);
            self.note(what, Fault::CutOff);
            *self.lock() = Some(Instant::now() + long);
        }
        let span = if world.strikes(Fault::Slow) {
            world.dice.mostly_short(SLOW)
        } else {
            world.dice.mostly_short(world.latency())
        };
        if span >= Duration::from_millis(1) {
            tokio::time::sleep(span).await;
        }
        if let Some(until) = self.cut_off() {
            tokio::time::sleep_until(until).await;
        }
        self.breathe().await;
    }

    /// Goes on only for the living.
    async fn breathe(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }

    fn cut_off(&self) -> Option<Instant> {
        let until = *self.lock();
        until.filter(|until| *until > Instant::now() && !self.world.is_healed())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.cut_off_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes something about it in the journal.
    pub fn tell(&self, what: &str) {
        let world = &self.world;
        world
            .journal
            .note(world.clock.elapsed(), self.node, what, 0, String::new);
    }

    /// Notes a fault in the journal.
    pub fn note(&self, what: &'static str, fault: Fault) {
        let at = self.world.clock.elapsed();
        self.world
            .journal
            .note(at, self.node, fault.name(), what.len() as u64, || {
                format!("at {what}")
            });
    }
}
