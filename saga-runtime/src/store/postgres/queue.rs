//! The queue in which commits wait for a lane.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_channel::{Receiver, RecvError, Sender};
use tokio::sync::oneshot;

use super::lane::abandoned;
use crate::{
    Error, ErrorKind,
    store::{Outcome, Unit},
};

/// Callers that wait in the queue; further ones wait before it.
const QUEUE: usize = 1_024;

/// So many units have to wait for a lane beside the first to be worth its flight. With 64 orders in flight, 12 to 24 give
/// nearly twice the rate of 64, where the first lane flies alone; with 256, it makes no difference.
const CROWD: usize = 16;

/// Past so many units, the rest waits for the next flight.
const UNITS: usize = 1_024;

/// Past so many bytes of bodies and data, too.
const BYTES: usize = 8 << 20;

/// Units to commit, and whom to tell.
pub(super) struct Job {
    pub(super) units: Vec<Unit>,
    pub(super) answer: oneshot::Sender<Result<Vec<Outcome>, Error>>,
}

/// The way to the lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    jobs: Sender<Job>,
    crowded: Sender<()>,
    waiting: Arc<AtomicUsize>,
}

/// The lanes' end of the queue.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    jobs: Receiver<Job>,
    crowded: Receiver<()>,
    /// Units in the queue.
    waiting: Arc<AtomicUsize>,
}

impl Lanes {
    /// The lanes' end of the queue goes to [`serve`].
    pub(super) fn new() -> (Self, Queue) {
        let (to_lanes, jobs) = async_channel::bounded(QUEUE);
        let (to_helpers, crowded) = async_channel::bounded(1);
        let waiting = Arc::new(AtomicUsize::new(0));
        let lanes = Self {
            jobs: to_lanes,
            crowded: to_helpers,
            waiting: Arc::clone(&waiting),
        };
        let queue = Queue {
            jobs,
            crowded,
            waiting,
        };
        (lanes, queue)
    }

    /// Commits, together with others.
    pub(super) async fn commit(&self, units: Vec<Unit>) -> Result<Vec<Outcome>, Error> {
        let (answer, done) = oneshot::channel();
        let waiting = units.len() + self.waiting.fetch_add(units.len(), Ordering::Relaxed);
        let job = Job { units, answer };
        self.jobs.send(job).await.map_err(|_| closed())?;
        if waiting >= CROWD {
            // Full: they know already.
            let _ = self.crowded.try_send(());
        }
        done.await.unwrap_or_else(|_| Err(abandoned()))
    }

    /// Takes nothing more; the lanes end when they have done what they were given.
    pub(super) fn close(&self) {
        self.jobs.close();
        self.crowded.close();
    }
}

impl Queue {
    /// The next job for a lane, once it should take one.
    pub(super) async fn first(&self, lane: i32) -> Result<Job, RecvError> {
        if lane == 0 {
            return self.jobs.recv().await;
        }
        loop {
            if self.waiting.load(Ordering::Relaxed) >= CROWD
                && let Ok(job) = self.jobs.try_recv()
            {
                return Ok(job);
            }
            self.crowded.recv().await?;
        }
    }

    /// What waits with it, as far as it fits into one flight.
    pub(super) fn gather(&self, first: Job) -> Vec<Job> {
        let weight = |job: &Job| (job.units.len(), job.units.iter().map(bytes_of).sum::<usize>());
        let (mut units, mut bytes) = weight(&first);
        let mut jobs = vec![first];
        while units < UNITS
            && bytes < BYTES
            && let Ok(job) = self.jobs.try_recv()
        {
            let more = weight(&job);
            units += more.0;
            bytes += more.1;
            jobs.push(job);
        }
        self.waiting.fetch_sub(units, Ordering::Relaxed);
        jobs
    }
}

fn bytes_of(unit: &Unit) -> usize {
    unit.out.iter().map(|message| message.envelope.body.len()).sum()
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the PostgreSQL store has been closed")
}
