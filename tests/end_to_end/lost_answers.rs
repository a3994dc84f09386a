//! A store whose answers are lost, that hands a row out again, or that wakes nobody: nothing is lost or doubled for it.

use std::{
    future::IntoFuture as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use saga_runtime::{
    Bus, Error, ErrorKind,
    clock::ManualClock,
    envelope::MessageId,
    service::BoxFuture,
    store::{Beat, Catalog, Inspect, Memory, Node, Opened, Outcome, Store, StoreCaps, Taken, Unit, Want},
    transport::MemoryTransport,
};
use tokio::sync::{Semaphore, oneshot};

use crate::{
    job::{Finished, Hands, StartReply, Work, jobs, letters, poked, start, until_idle, until_in},
    order::eventually,
};

/// Who is told that a commit was applied, and who lets it be answered.
type HeldUp = (oneshot::Sender<()>, oneshot::Receiver<()>);

/// A store that is out of sorts.
#[derive(Debug, Default)]
struct Troubled {
    inner: Memory,
    opened: Mutex<Option<(Node, Catalog)>>,
    /// How many more commits are applied without an answer.
    unanswered: Arc<AtomicU32>,
    /// The next commit is applied, says so, and has its answer once it is let.
    held_up: Arc<Mutex<Option<HeldUp>>>,
    /// Every row that is taken is handed out twice.
    twice: bool,
    /// Nobody is woken.
    silent: bool,
    /// Everybody is woken all the time.
    noisy: bool,
}

impl Troubled {
    /// As the contract says, a connection that is made again gives back what the node had claimed.
    async fn connect_again(&self) {
        let (node, catalog) = self.opened.lock().unwrap().clone().unwrap();
        self.inner.close().await.unwrap();
        self.inner.open(&node, &catalog).await.unwrap();
    }
}

impl Store for Troubled {
    fn caps(&self) -> StoreCaps {
        self.inner.caps()
    }

    fn open<'a>(&'a self, node: &'a Node, catalog: &'a Catalog) -> BoxFuture<'a, Result<Opened, Error>> {
        *self.opened.lock().unwrap() = Some((node.clone(), catalog.clone()));
        self.inner.open(node, catalog)
    }

    fn take(&self, want: Want) -> BoxFuture<'_, Result<Taken, Error>> {
        Box::pin(async move {
            let mut taken = self.inner.take(want).await?;
            if self.twice {
                taken.messages.extend(taken.messages.clone());
            }
            Ok(taken)
        })
    }

    fn commit(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Outcome>, Error>> {
        Box::pin(async move {
            let held_up = self.held_up.lock().unwrap().take();
            let outcomes = self.inner.commit(units).await?;
            if let Some((applied, leave)) = held_up {
                applied.send(()).unwrap();
                leave.await.unwrap();
            }
            let left = |left: u32| left.checked_sub(1);
            if self
                .unanswered
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
                .is_ok()
            {
                self.connect_again().await;
                return Err(Error::new(ErrorKind::Unknown, "the answer is lost"));
            }
            Ok(outcomes)
        })
    }

    fn beat(&self) -> BoxFuture<'_, Result<Beat, Error>> {
        self.inner.beat()
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        if self.noisy {
            return Box::pin(tokio::task::yield_now());
        }
        if self.silent {
            return Box::pin(std::future::pending());
        }
        self.inner.woken()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.inner.close()
    }

    fn inspect(&self) -> &dyn Inspect {
        self.inner.inspect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_without_an_answer_goes_on_and_is_not_done_again() {
    let unanswered = Arc::new(AtomicU32::new(0));
    let store = Troubled {
        unanswered: Arc::clone(&unanswered),
        ..Troubled::default()
    };
    let hands = Hands::willing();
    // It stands still, so that no beat comes.
    let clock = ManualClock::default();
    let bus = jobs(Bus::new(store), &hands).clock(clock).start().await.unwrap();
    for lost in 1..8 {
        let (job, id) = (format!("{lost}"), MessageId::random());
        unanswered.store(lost, Ordering::SeqCst);
        while bus.send(start(&job)).id(id).await.is_err() {}
        until_in(&bus, &job, "end").await;
        unanswered.store(0, Ordering::SeqCst);
        until_idle(&bus).await;
        let heard = hands
            .heard
            .lock()
            .unwrap()
            .iter()
            .filter(|&heard| *heard == job)
            .count();
        assert_eq!(heard, 1, "with {lost} answers lost");
    }
    assert!(letters(&bus).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_never_written_is_not_run_again_and_its_caller_is_told() {
    let unanswered = Arc::new(AtomicU32::new(0));
    let store = Troubled {
        unanswered: Arc::clone(&unanswered),
        ..Troubled::default()
    };
    // Work waits for leave, so that no answer arrives before the caller is told.
    let leave = Arc::new(Semaphore::new(1));
    let hands = {
        let leave = Arc::clone(&leave);
        Hands::that(move |_, _| {
            let leave = Arc::clone(&leave);
            async move {
                leave.acquire().await.unwrap().forget();
                Ok(true)
            }
        })
    };
    let bus = jobs(Bus::new(store), &hands).start().await.unwrap();
    unanswered.store(1, Ordering::SeqCst);
    let work = Work {
        job: "a".into(),
        note: String::new(),
    };
    let error = bus.request(work).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
    // It was written after all, and goes on, where the service still had older messages to look for.
    until_idle(&bus).await;
    unanswered.store(1, Ordering::SeqCst);
    let error = bus.request(start("b")).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
    leave.add_permits(1);
    let again = bus.request(start("b")).await.unwrap();
    assert!(matches!(again, StartReply::Finished(_)), "it had been started");
    assert!(letters(&bus).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sender_that_went_away_had_sent_is_handled() {
    let held_up = Arc::default();
    let store = Troubled {
        held_up: Arc::clone(&held_up),
        ..Troubled::default()
    };
    let bus = jobs(Bus::new(store), &Hands::willing()).start().await.unwrap();
    bus.send(start("a")).await.unwrap();
    until_in(&bus, "a", "end").await;
    until_idle(&bus).await;

    let (tell, applied) = oneshot::channel();
    let (leave, left) = oneshot::channel();
    *held_up.lock().unwrap() = Some((tell, left));
    tokio::select! {
        biased;
        told = bus.send(start("b")).into_future() => panic!("told too early: {told:?}"),
        told = applied => told.unwrap(),
    }
    leave.send(()).unwrap();
    until_in(&bus, "b", "end").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_in_hand_twice_has_one_effect() {
    let (store, gate) = (Memory::new(), Arc::new(Semaphore::new(0)));
    let hands = {
        let gate = Arc::clone(&gate);
        Hands::that(move |_, _| {
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(true)
            }
        })
    };
    let before = jobs(Bus::new(store.clone()), &hands).start().await.unwrap();
    before.send(start("a")).await.unwrap();
    until_in(&before, "a", "Working").await;
    before.shutdown_within(Duration::ZERO).await.unwrap();
    let sender = Bus::new(store.clone()).start().await.unwrap();
    sender.publish(poked("a")).await.unwrap();
    sender.shutdown().await.unwrap();

    let troubled = Troubled {
        inner: store,
        twice: true,
        ..Troubled::default()
    };
    let bus = jobs(Bus::new(troubled), &hands).start().await.unwrap();
    let asking = {
        let bus = bus.clone();
        tokio::spawn(async move { bus.request(start("a")).await })
    };
    eventually("the poke is handled", async || {
        let queues = bus.inspect().queues().await.unwrap();
        queues.iter().all(|queue| queue.queue != "front")
    })
    .await;
    gate.add_permits(9);
    let reply = asking.await.unwrap().unwrap();
    assert!(matches!(reply, StartReply::Finished(Finished { pokes: 1 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_store_wakes_for_is_found_at_the_next_beat() {
    let (store, clock, hands) = (Memory::new(), ManualClock::default(), Hands::willing());
    let silent = Troubled {
        inner: store.clone(),
        silent: true,
        ..Troubled::default()
    };
    let back = Bus::new(silent)
        .clock(clock.clone())
        .service(hands.clone())
        .start()
        .await
        .unwrap();
    let front = Bus::new(store)
        .clock(clock.clone())
        .saga::<crate::job::Job>()
        .start()
        .await
        .unwrap();
    front.send(start("a")).await.unwrap();
    eventually("the work is done", async || {
        clock.advance(Duration::from_millis(500));
        // Again, if it was taken for dead because time went on without it.
        hands.tries() > 0
    })
    .await;
    drop(back);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_sends_wakes_the_other_and_needs_no_beat() {
    for _ in 0..50 {
        // It stands still, so that no beat comes.
        let (store, clock) = (Memory::new(), ManualClock::default());
        let back = Bus::new(store.clone())
            .clock(clock.clone())
            .service(Hands::willing());
        let front = Bus::new(store).clock(clock).saga::<crate::job::Job>();
        let (back, front) = (back.start().await.unwrap(), front.start().await.unwrap());
        front.send(start("a")).await.unwrap();
        until_in(&front, "a", "end").await;
        front.shutdown().await.unwrap();
        back.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_wakes_all_the_time_puts_off_no_timer() {
    let clock = ManualClock::default();
    let noisy = Troubled {
        noisy: true,
        ..Troubled::default()
    };
    let idle = Hands::that(async |_, _| std::future::pending().await);
    let bus = jobs(Bus::with(MemoryTransport::new(), noisy), &idle)
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    bus.send(start("a")).await.unwrap();
    until_in(&bus, "a", "Working").await;
    clock.advance(Duration::from_secs(2 * 3_600));
    until_in(&bus, "a", "end").await;
}
