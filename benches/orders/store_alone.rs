//! The order process on the store alone: the units that the engine would commit, with nothing to decide.
//!
//! It stands between the ceiling and the library, and tells which of the two a difference belongs to.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use saga_benches::Outcome;
use saga_runtime::{
    Timestamp,
    clock::SystemClock,
    codec::Codec,
    envelope::{Address, Envelope, InstanceAddress, MessageId},
    limits::Limits,
    message::MessageKind,
    store::{
        self, Catalog, Change, InstanceChange, InstanceId, InstanceRow, NewMessage, Node, Seq, Sqlite, Store,
        Tombstone, Unit, Wait,
    },
};
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::{
    commits,
    measured::{Measured, Stopwatch},
    sizes::{BODY, DATA, FIRST_BOOK, LAST_BOOK, SECOND_BOOK},
};

/// Keeps `in_flight` orders going for `window`, one step of each in every commit.
pub(crate) fn run(directory: &Path, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let home = tempfile::tempdir_in(directory)?;
    let database = home.path().join("store.db");
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = Sqlite::open(&database).await?;
        store.open(&node(), &Catalog::default()).await?;
        let measured = measure(&store, &database, in_flight, window).await?;
        store.close().await?;
        Ok(measured)
    })
}

/// A node of its own.
pub(crate) fn node() -> Node {
    Node {
        id: MessageId::random(),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
    }
}

async fn measure(store: &Sqlite, database: &Path, in_flight: usize, window: Duration) -> Outcome<Measured> {
    let mut stopwatch = Stopwatch::start(window)?;
    let mut before = None;
    let mut orders: Vec<Order> = (0..in_flight).map(|_| Order::new()).collect();
    loop {
        let outcomes = store.commit(orders.iter().map(Order::unit).collect()).await?;
        let now = Instant::now();
        if before.is_none() && stopwatch.is_open(now) {
            before = Some(commits::so_far(database)?);
        }
        if !stopwatch.is_running(now) {
            let commits = commits::so_far(database)?.wrapping_sub(before.unwrap_or_default());
            return Ok(stopwatch.stop(f64::from(commits)));
        }
        for (order, outcome) in orders.iter_mut().zip(outcomes) {
            if order.advance(outcome)? {
                stopwatch.ended(order.begun, now);
                *order = Order::new();
            }
        }
    }
}

/// An order on its way.
struct Order {
    begun: Instant,
    id: InstanceId,
    step: usize,
    message: Seq,
}

/// The steps of the happy path after `PlaceOrder` has come: who takes a message, and what is sent.
const STEPS: [(&str, &str, &str); 4] = [
    ("BillOrder", "billing", "BillingDesk"),
    ("OrderBilled", "sales.replies", "Fulfilment"),
    ("CreateShippingLabel", "warehouse", "WarehouseDesk"),
    ("ShippingLabelCreated", "sales.replies", "Fulfilment"),
];

impl Order {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            id: InstanceId {
                saga: "Fulfilment".into(),
                key: Uuid::new_v4().to_string().into(),
            },
            step: 0,
            message: 0,
        }
    }

    fn unit(&self) -> Unit {
        Unit {
            instance: self.change(),
            consumed: if self.step > 0 { vec![self.message] } else { vec![] },
            out: STEPS
                .get(self.step)
                .map(|step| self.send(step))
                .into_iter()
                .collect(),
            ..Unit::default()
        }
    }

    fn change(&self) -> Option<InstanceChange> {
        let (expect, change) = match self.step {
            0 => (None, Change::Put(row(self.id.clone(), 1, "AwaitingBill"))),
            2 => (Some(1), Change::Put(row(self.id.clone(), 2, "AwaitingLabel"))),
            4 => (Some(2), Change::Finish(tombstone(self.id.clone()))),
            _ => return None,
        };
        Some(InstanceChange {
            id: self.id.clone(),
            expect,
            change,
        })
    }

    /// Takes note of what came of the step; whether it was the last.
    fn advance(&mut self, outcome: store::Outcome) -> Outcome<bool> {
        let store::Outcome::Applied { born } = outcome else {
            return Err(format!("a unit was not applied: {outcome:?}").into());
        };
        self.step += 1;
        self.message = born.first().copied().unwrap_or_default();
        Ok(self.step > STEPS.len())
    }

    fn send(&self, (name, queue, consumer): &(&str, &str, &str)) -> NewMessage {
        let address = InstanceAddress {
            saga: self.id.saga.clone(),
            key: self.id.key.clone(),
            incarnation: 1,
        };
        NewMessage {
            envelope: Arc::new(Envelope {
                id: MessageId::random(),
                kind: MessageKind::Command,
                name: (*name).into(),
                version: 1,
                content_type: Codec::Json,
                created_at: Timestamp::now(),
                conversation: MessageId::random(),
                caused_by: Some(MessageId::random()),
                reply_to: Some(Address {
                    queue: "sales.replies".into(),
                    instance: Some(address),
                }),
                in_reply_to: None,
                to: None,
                traceparent: None,
                headers: [].into(),
                body: vec![b'b'; BODY].into(),
            }),
            queue: (*queue).into(),
            consumer: Some((*consumer).into()),
            claimed: true,
            wait: Wait::Ready,
            due: None,
            attempts: 0,
            history: vec![],
            instance: None,
        }
    }
}

/// An instance of the size that the shop's have; its timer is days away.
pub(crate) fn row(id: InstanceId, version: u64, state: &str) -> InstanceRow {
    let now = Timestamp::now();
    InstanceRow {
        id,
        incarnation: 1,
        version,
        state: state.into(),
        saga_version: 1,
        content_type: Codec::Json,
        data: vec![b'd'; DATA].into(),
        book: vec![b'b'; if version == 1 { FIRST_BOOK } else { SECOND_BOOK }].into(),
        due: now.saturating_add(Duration::from_secs(7 * 24 * 3_600)).ok(),
        parked: None,
        created_at: now,
        updated_at: now,
    }
}

fn tombstone(id: InstanceId) -> Tombstone {
    let now = Timestamp::now();
    Tombstone {
        id,
        incarnation: 1,
        book: vec![b'b'; LAST_BOOK].into(),
        created_at: now,
        finished_at: now,
    }
}
