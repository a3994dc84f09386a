//! The two threads: one writes, gathering whatever waits into one transaction; one reads for inspection.
//!
//! ```text
//! commit ─┐                    ┌─▶ answer        A flush takes all that came while the last one ran; it starts as
//! commit ─┼─▶ queue ─▶ writer ─┼─▶ answer        soon as that one has ended, and no timer is involved.
//! take  ──┘      one transaction, one sync
//! ```

use std::thread::JoinHandle;

use async_channel::{Receiver, Sender};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    commit::{Done, Work},
    database::Database,
};
use crate::{Error, ErrorKind};

/// Callers that wait in the channel; further ones wait before it.
const QUEUE: usize = 1_024;

/// The most callers served by one transaction.
const BATCH: usize = 1_024;

type Read = Box<dyn FnOnce(&Connection) + Send>;
type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// What the writer is asked for.
enum Job {
    /// Shares a transaction with others.
    Shared(Work, Answer<Done>),
    /// Runs by itself.
    Alone(Box<dyn FnOnce(&mut Database) + Send>),
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

    /// Has work done in the next shared transaction.
    pub(super) async fn share(&self, work: Work) -> Result<Done, Error> {
        let (answer, done) = oneshot::channel();
        let sent = self.jobs.send(Job::Shared(work, answer)).await;
        sent.map_err(|_| closed())?;
        done.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Has something done that is not shared.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, done) = oneshot::channel();
        let job = Job::Alone(Box::new(move |database: &mut Database| {
            let _ = answer.send(work(database));
        }));
        self.jobs.send(job).await.map_err(|_| closed())?;
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

fn serve(mut database: Database, queue: &Receiver<Job>) {
    let mut next = queue.recv_blocking().ok();
    while let Some(job) = next {
        next = match job {
            Job::Shared(work, answer) => serve_shared(&mut database, (work, answer), queue),
            Job::Alone(work) => {
                work(&mut database);
                None
            }
        }
        .or_else(|| queue.recv_blocking().ok());
    }
}

/// Serves a caller together with those that wait behind it; returns a job met on the way that cannot share.
fn serve_shared(database: &mut Database, first: (Work, Answer<Done>), queue: &Receiver<Job>) -> Option<Job> {
    let (mut work, mut answers) = (vec![first.0], vec![first.1]);
    let mut other = None;
    while work.len() < BATCH && other.is_none() {
        match queue.try_recv() {
            Ok(Job::Shared(more, answer)) => {
                work.push(more);
                answers.push(answer);
            }
            Ok(job) => other = Some(job),
            Err(_) => break,
        }
    }
    answer_all(answers, database.flush(&work));
    other
}

fn answer_all(answers: Vec<Answer<Done>>, result: Result<Vec<Done>, Error>) {
    match result {
        Ok(done) => {
            for (answer, done) in answers.into_iter().zip(done) {
                let _ = answer.send(Ok(done));
            }
        }
        Err(error) => {
            for answer in answers {
                let _ = answer.send(Err(Error::new(error.kind(), error.to_string())));
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
