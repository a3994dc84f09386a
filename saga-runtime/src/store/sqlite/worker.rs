//! The two threads: one writes, gathering whatever waits into one transaction; one reads for inspection.
//!
//! ```text
//! commit ─┐                    ┌─▶ answer        A flush takes all that came while the last one ran; it starts as
//! commit ─┼─▶ queue ─▶ writer ─┼─▶ answer        soon as that one has ended, and no timer is involved. Takes go first,
//! take  ──┘      one transaction, one sync        in a transaction that does not wait for the disk. A commit that comes
//!                                                 while others are being applied shares their sync.
//! ```

use std::thread::JoinHandle;

use async_channel::{Receiver, Sender};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::database::Database;
use crate::{
    Error, ErrorKind,
    store::{Outcome, Taken, Unit, Want},
};

/// Callers that wait in the channel; further ones wait before it.
const QUEUE: usize = 1_024;

/// The most callers served by one transaction.
const BATCH: usize = 1_024;

type Read = Box<dyn FnOnce(&Connection) + Send>;
type Alone = Box<dyn FnOnce(&mut Database) + Send>;
type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// The units go back with their outcomes, so that freeing them does not take up the one thread that writes.
type Committed = (Vec<Outcome>, Vec<Unit>);

/// What the writer is asked for.
enum Job {
    /// Shares a transaction with other takes.
    Take(Want, Answer<Taken>),
    /// Shares a transaction with other commits.
    Commit(Vec<Unit>, Answer<Committed>),
    /// Runs by itself.
    Alone(Alone),
}

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Sender<Job>,
}

impl Writer {
    /// Starts it; it opens what it works on itself, and says how that went.
    pub(super) async fn start<L: Send + 'static>(
        open: impl FnOnce() -> Result<(L, Database), Error> + Send + 'static,
    ) -> Result<(Self, JoinHandle<()>), Error> {
        let (jobs, queue) = async_channel::bounded(QUEUE);
        let (ready, opened) = oneshot::channel();
        let thread = spawn("saga-sqlite-write", move || match open() {
            Ok((lock, database)) => {
                let _ = ready.send(Ok(()));
                serve(database, &queue);
                drop(lock);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        })?;
        opened.await.unwrap_or_else(|_| Err(ended()))?;
        Ok((Self { jobs }, thread))
    }

    /// Takes, together with others.
    pub(super) async fn take(&self, want: Want) -> Result<Taken, Error> {
        self.ask(|answer| Job::Take(want, answer)).await
    }

    /// Commits, together with others.
    pub(super) async fn commit(&self, units: Vec<Unit>) -> Result<Vec<Outcome>, Error> {
        let (outcomes, _) = self.ask(|answer| Job::Commit(units, answer)).await?;
        Ok(outcomes)
    }

    /// Has something done that is not shared.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.ask(|answer| {
            Job::Alone(Box::new(move |database| {
                let _ = answer.send(work(database));
            }))
        })
        .await
    }

    async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, Error> {
        let (answer, done) = oneshot::channel();
        self.jobs.send(job(answer)).await.map_err(|_| closed())?;
        done.await.unwrap_or_else(|_| Err(ended()))
    }

    /// How many callers are in the channel.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.jobs.len()
    }

    /// Takes nothing more; the thread ends when it has done what it was given.
    pub(super) fn close(&self) {
        self.jobs.close();
    }
}

/// All that waits when a flush begins, and the commits that come before it ends.
#[derive(Default)]
struct Flush {
    wants: Vec<Want>,
    takers: Vec<Answer<Taken>>,
    units: Vec<Vec<Unit>>,
    committers: Vec<Answer<Committed>>,
    /// Met on the way: it comes after, by itself.
    alone: Option<Alone>,
}

impl Flush {
    fn add(&mut self, job: Job) {
        match job {
            Job::Take(want, taker) => {
                self.wants.push(want);
                self.takers.push(taker);
            }
            Job::Commit(units, committer) => {
                self.units.push(units);
                self.committers.push(committer);
            }
            Job::Alone(work) => self.alone = Some(work),
        }
    }

    /// Adds what waits, as far as it can share.
    fn gather(&mut self, queue: &Receiver<Job>) {
        let mut more = BATCH;
        while self.alone.is_none() && more > 0 {
            more -= 1;
            match queue.try_recv() {
                Ok(job) => self.add(job),
                Err(_) => break,
            }
        }
    }

    /// Those who take first: they need not wait for the disk. What came too late for this flush is the next one.
    fn run(mut self, database: &mut Database, queue: &Receiver<Job>) -> Self {
        let mut next = Self::default();
        if !self.wants.is_empty() {
            answer_all(self.takers, database.take(&self.wants));
        }
        if !self.units.is_empty() {
            let committers = &mut self.committers;
            let outcomes = database.commit(&mut self.units, || {
                if self.alone.is_none() {
                    next.gather(queue);
                }
                committers.append(&mut next.committers);
                std::mem::take(&mut next.units)
            });
            let committed = outcomes.map(|outcomes| outcomes.into_iter().zip(self.units).collect());
            answer_all(self.committers, committed);
        }
        if let Some(work) = self.alone {
            work(database);
        }
        next
    }

    fn is_empty(&self) -> bool {
        self.takers.is_empty() && self.committers.is_empty() && self.alone.is_none()
    }
}

fn serve(mut database: Database, queue: &Receiver<Job>) {
    let mut flush = Flush::default();
    loop {
        if flush.is_empty() {
            match queue.recv_blocking() {
                Ok(first) => flush.add(first),
                Err(_) => return,
            }
        }
        flush.gather(queue);
        flush = flush.run(&mut database, queue);
    }
}

fn answer_all<T>(callers: Vec<Answer<T>>, result: Result<Vec<T>, Error>) {
    match result {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                let _ = caller.send(Ok(answer));
            }
        }
        Err(error) => {
            for caller in callers {
                let _ = caller.send(Err(Error::new(error.kind(), error.to_string())));
            }
        }
    }
}

/// The thread that reads for inspection, so that a long list holds up no commit.
#[derive(Debug)]
pub(super) struct Reader {
    jobs: Sender<Read>,
}

impl Reader {
    /// Starts it.
    pub(super) fn start(connection: Connection) -> Result<(Self, JoinHandle<()>), Error> {
        let (jobs, queue) = async_channel::bounded::<Read>(QUEUE);
        let thread = spawn("saga-sqlite-read", move || {
            while let Ok(job) = queue.recv_blocking() {
                job(&connection);
            }
        })?;
        Ok((Self { jobs }, thread))
    }

    /// Has something read.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, done) = oneshot::channel();
        let job: Read = Box::new(move |connection| {
            let _ = answer.send(read(connection));
        });
        self.jobs.send(job).await.map_err(|_| closed())?;
        done.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        self.jobs.close();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .map_err(|error| {
            Error::new(
                ErrorKind::Unavailable,
                format!("thread {name} could not be started: {error}"),
            )
        })
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the SQLite store has been closed")
}

fn ended() -> Error {
    Error::new(
        ErrorKind::Unknown,
        "the thread of the SQLite store ended before it answered; open the store again",
    )
}
