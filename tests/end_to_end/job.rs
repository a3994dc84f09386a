//! A small system whose one service does what a test tells it to.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use saga_runtime::{
    Bus, bus::Builder, clock::ManualClock, dead_letter::DeadLetter, limits::Limits, prelude::*, saga,
    service::BoxFuture, store::Memory, system::System, transport::Transport,
};

pub use saga_tests::watch::{letters, until_idle};

use crate::order::eventually;

#[derive(Endpoint)]
pub struct Front;
#[derive(Endpoint)]
pub struct Back;

#[derive(Command, Serialize, Deserialize, Clone)]
#[command(to = Front, replies(Finished), refusals(Failed))]
pub struct Start {
    pub job: String,
    pub note: String,
}
#[derive(Reply, Serialize, Deserialize, Debug)]
pub struct Finished {
    pub pokes: u32,
}
#[derive(Reply, Serialize, Deserialize, Debug)]
pub struct Failed {
    pub why: String,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Back, replies(Worked), refusals(Refused))]
pub struct Work {
    pub job: String,
    pub note: String,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct Worked {}
#[derive(Reply, Serialize, Deserialize)]
pub struct Refused {}

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
pub struct Poked {
    pub job: String,
}

#[derive(Event, Serialize, Deserialize)]
pub struct JobEnded {
    pub job: String,
}

#[saga(by = job, at = Front)]
#[derive(Serialize, Deserialize)]
pub struct Job {
    job: String,
    pokes: u32,
}

#[saga(
    states(Working),
    ignore(Worked, Refused in end),
    unexpected(Poked in end),
)]
impl Job {
    #[start(Start -> send Work => Working)]
    fn begin(start: Start) -> (Self, Work) {
        let Start { job, note } = start;
        (
            Self {
                job: job.clone(),
                pokes: 0,
            },
            Work { job, note },
        )
    }

    #[on(Poked in Working)]
    fn poke(&mut self, _: Poked) -> Result<(), HandlerError> {
        if self.job.starts_with("touchy") {
            return Err(HandlerError::new("do not poke me"));
        }
        self.pokes += 1;
        Ok(())
    }

    #[on(Worked in Working -> publish JobEnded, reply Finished => end)]
    fn worked(&mut self, _: Worked) -> (JobEnded, Finished) {
        let job = self.job.clone();
        (JobEnded { job }, Finished { pokes: self.pokes })
    }

    #[on(Refused in Working -> reply Failed => end)]
    fn refused(&mut self, _: Refused) -> Failed {
        Failed {
            why: "refused".into(),
        }
    }

    #[after(1 h in Working -> reply Failed => end)]
    fn late(&mut self) -> Failed {
        Failed { why: "late".into() }
    }
}

/// A second saga at the same endpoint, started by the event that the first one publishes.
#[saga(by = job, at = Front)]
#[derive(Serialize, Deserialize)]
pub struct Record {
    job: String,
}

#[saga(states(Kept), ignore(JobEnded in Kept | end))]
impl Record {
    #[start(JobEnded => Kept)]
    fn keep(ended: JobEnded) -> Self {
        Self { job: ended.job }
    }

    #[after(365 d in Kept => end)]
    fn forget(&mut self) {}
}

type Doing = dyn Fn(String, u32) -> BoxFuture<'static, Result<bool, ServiceError>> + Send + Sync;

/// Does what it is told with each piece of work: given the job and the attempt, whether it is done or refused.
#[derive(Clone)]
pub struct Hands {
    doing: Arc<Doing>,
    /// Every attempt: the job and the idempotency key.
    pub tried: Arc<Mutex<Vec<(String, String)>>>,
    /// Every end of a job that was heard of.
    pub heard: Arc<Mutex<Vec<String>>>,
}

impl Hands {
    pub fn that<F, Fut>(doing: F) -> Self
    where
        F: Fn(String, u32) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<bool, ServiceError>> + Send + 'static,
    {
        Self {
            doing: Arc::new(move |job, attempt| Box::pin(doing(job, attempt))),
            tried: Arc::default(),
            heard: Arc::default(),
        }
    }

    /// Hands that do everything at once.
    pub fn willing() -> Self {
        Self::that(async |_, _| Ok(true))
    }

    pub fn tries(&self) -> usize {
        self.tried.lock().unwrap().len()
    }

    pub fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

#[saga_runtime::service(at = Back)]
impl Hands {
    #[on(Work)]
    async fn work(&self, work: Work, context: &Context) -> Result<WorkReply, ServiceError> {
        let tried = (work.job.clone(), context.idempotency_key().to_string());
        self.tried.lock().unwrap().push(tried);
        let done = (self.doing)(work.job, context.attempt()).await?;
        Ok(if done { Worked {}.into() } else { Refused {}.into() })
    }

    #[on(JobEnded)]
    async fn hear(&self, ended: JobEnded) {
        self.heard.lock().unwrap().push(ended.job);
    }
}

pub fn jobs(builder: Builder, hands: &Hands) -> Builder {
    builder.saga::<Job>().saga::<Record>().service(hands.clone())
}

pub fn start(job: &str) -> Start {
    Start {
        job: job.into(),
        note: String::new(),
    }
}

pub fn poked(job: &str) -> Poked {
    Poked { job: job.into() }
}

/// The state of a job.
pub async fn state<Sys: System>(bus: &Bus<Sys>, job: &str) -> String {
    let instance = bus.inspect().instance("Job", job).await.unwrap();
    instance.map_or("absent".into(), |instance| instance.state)
}

pub async fn until_in<Sys: System>(bus: &Bus<Sys>, job: &str, expected: &str) {
    eventually(&format!("`{job}` is in `{expected}`"), async || {
        state(bus, job).await == expected
    })
    .await;
}

/// Waits for as many dead letters.
pub async fn until_dead<Sys: System>(bus: &Bus<Sys>, count: usize) -> Vec<DeadLetter> {
    eventually(&format!("{count} dead letters"), async || {
        letters(bus).await.len() >= count
    })
    .await;
    letters(bus).await
}

/// Job `a` in the store, waiting for an answer that its queue has; and nobody there to take it.
pub async fn leave_an_answer<T: Transport>(
    connect: impl AsyncFn() -> T,
    store: &Memory,
    clock: &ManualClock,
) {
    let front = Bus::with(connect().await, store.clone())
        .clock(clock.clone())
        .saga::<Job>()
        .start()
        .await
        .unwrap();
    front.send(start("a")).await.unwrap();
    until_in(&front, "a", "Working").await;
    front.shutdown_within(Duration::ZERO).await.unwrap();
    let hands = Hands::willing();
    let service = Bus::with(connect().await, Memory::new())
        .clock(clock.clone())
        .service(hands.clone())
        .start()
        .await
        .unwrap();
    let sender = Bus::with(connect().await, store.clone())
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    eventually("the work is done", async || {
        clock.advance(Duration::from_millis(100));
        hands.tries() == 1
    })
    .await;
    service.shutdown().await.unwrap();
    sender.shutdown_within(Duration::ZERO).await.unwrap();
}

/// Bounds under which a message that was sent days ago is still known to be the first of its kind.
pub fn patient() -> Limits {
    Limits {
        retention: Duration::from_secs(30 * 24 * 3_600),
        ..Limits::default()
    }
}
