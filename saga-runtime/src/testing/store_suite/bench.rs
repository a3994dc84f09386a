//! What the cases stand on: a fixture, a clock in hand, and processes that come and go.

use super::*;

/// A fixture and the time.
#[derive(Debug)]
pub struct Bench<F> {
    pub(super) fixture: F,
    pub(super) clock: ManualClock,
}

/// A process with the store open.
#[derive(Debug)]
pub struct Process<S> {
    pub(super) store: S,
    pub(super) opened: Opened,
}

impl<F: StoreFixture> Bench<F> {
    /// A bench around a fixture.
    pub fn new(fixture: F) -> Self {
        Self {
            fixture,
            clock: ManualClock::new(samples::beginning()),
        }
    }

    /// Whether there is something to be tested; if not, it is said aloud.
    pub fn can_be_tested(&self) -> bool {
        let missing = self.fixture.missing();
        missing.iter().for_each(|why| super::super::skip(why));
        missing.is_none()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn after(&self, seconds: i64) -> Timestamp {
        self.now()
            .saturating_add(jiff::SignedDuration::from_secs(seconds))
            .unwrap()
    }

    pub(super) fn node(&self) -> Node {
        Node {
            id: MessageId::random(),
            clock: Arc::new(self.clock.clone()),
            limits: Limits::default(),
        }
    }

    /// A new process that opens the samples' instances and takes no message in particular.
    pub(super) async fn start(&self) -> Process<F::Store> {
        self.start_with(&samples::catalog()).await
    }

    pub(super) async fn start_with(&self, catalog: &Catalog) -> Process<F::Store> {
        let store = self.fixture.connect().await;
        let opened = store.open(&self.node(), catalog).await.unwrap();
        Process { store, opened }
    }

    /// Kills a process and waits until its lease is over.
    pub(super) async fn kill(&self, process: Process<F::Store>) {
        self.fixture.crash(process.store).await;
        self.advance(LEASE + Duration::from_secs(1)).await;
    }

    /// Kills a process and starts the next one.
    pub(super) async fn restart(&self, process: Process<F::Store>) -> Process<F::Store> {
        self.kill(process).await;
        self.start().await
    }

    pub(super) async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.fixture.advanced(by).await;
    }

    pub(super) async fn advance_secs(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds)).await;
    }
}

impl<S: Store> Deref for Process<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.store
    }
}

impl<S: Store> Process<S> {
    /// The outcome of a unit committed alone.
    pub(super) async fn attempt(&self, unit: Unit) -> Outcome {
        let outcomes = self.commit(vec![unit]).await.unwrap();
        assert_eq!(outcomes.len(), 1, "one outcome for one unit");
        outcomes.into_iter().next().unwrap()
    }

    /// Commits a unit that must be applied; the rows it bore.
    pub(super) async fn apply(&self, unit: Unit) -> Vec<Seq> {
        match self.attempt(unit).await {
            Outcome::Applied { born } => born,
            other => panic!("not applied: {other:?}"),
        }
    }

    pub(super) async fn want(&self, want: Want) -> Taken {
        self.take(want).await.unwrap()
    }

    /// Claims whatever is ready in a queue for nobody in particular.
    pub(super) async fn claim(&self, queue: &str) -> Vec<Stored> {
        self.claim_up_to(queue, usize::MAX >> 1).await.messages
    }

    pub(super) async fn claim_up_to(&self, queue: &str, limit: usize) -> Taken {
        self.want(Want {
            claims: vec![claim(queue, None, limit)],
            max_bytes: usize::MAX >> 1,
            ..Want::default()
        })
        .await
    }

    /// Claims the one message that must be ready.
    pub(super) async fn claim_one(&self, queue: &str) -> Stored {
        let mut messages = self.claim(queue).await;
        assert_eq!(messages.len(), 1, "one message is ready in {queue}");
        messages.remove(0)
    }

    pub(super) async fn assert_nothing_ready(&self, queue: &str) {
        assert_eq!(self.claim(queue).await, [], "nothing is ready in {queue}");
    }

    pub(super) async fn find(&self, key: &str) -> Found {
        let want = Want {
            instances: vec![samples::instance_id(key)],
            ..Want::default()
        };
        let mut found = self.want(want).await.instances;
        assert_eq!(found.len(), 1, "one answer for one instance");
        found.remove(0)
    }

    /// Beats until there is no more garbage.
    pub(super) async fn beat_through(&self) -> Beat {
        let mut total = self.beat().await.unwrap();
        while total.more {
            let beat = self.beat().await.unwrap();
            total.adopted += beat.adopted;
            total.collected += beat.collected;
            total.more = beat.more;
        }
        total
    }
}

pub(super) fn claim(queue: &str, consumer: Option<&str>, limit: usize) -> Claim {
    Claim {
        queue: queue.into(),
        consumer: consumer.map(Into::into),
        limit,
    }
}
